// Changing the rate of the line: both ends go, or neither stays alone.
#include <catch2/catch.hpp>

#include "device-agent/core/agent.h"
#include "device-agent/ports/host_sim/sim_board.h"
#include "device-agent/testing/agent_peer.h"

namespace slmrig::agent::testing {
namespace {

using port::SimBoard;
using port::SimStorage;

// A line that carries bytes only while both ends have the same rate; otherwise what arrives is noise.
class RatedStream final : public ByteStream {
 public:
  explicit RatedStream(SimBoard& board) : board_(board) {}

  size_t read(uint8_t* data, size_t capacity) override {
    board_.now_ns += 100'000;
    board_.run();
    const size_t count = std::min(capacity, board_.from_agent.size());
    for (size_t i = 0; i < count; ++i) data[i] = garbled(board_.from_agent[i]);
    board_.from_agent.erase(board_.from_agent.begin(),
                            board_.from_agent.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  void write(const uint8_t* data, size_t size_bytes) override {
    for (size_t i = 0; i < size_bytes; ++i) board_.to_agent.push_back(garbled(data[i]));
  }
  uint32_t now_ms() override { return static_cast<uint32_t>(board_.now_ns / 1'000'000); }

  uint32_t baud = 115200;
  uint32_t most_baud = 1'000'000;  // beyond which the wire carries nothing

 private:
  uint8_t garbled(uint8_t byte) const {
    const bool carried = baud == board_.baud && baud <= most_baud;
    return carried ? byte : static_cast<uint8_t>(byte ^ 0x5A);
  }
  SimBoard& board_;
};

struct Bed {
  SimStorage storage;
  SimBoard board{storage, [] { run_agent(0, nullptr); }};
  RatedStream line{board};
  AgentPeer peer{line, 1};

  std::unique_ptr<Message> set_rate(uint32_t baud) {
    return peer.ask(fb::Message::SetLinkRate,
                    [&](auto& builder) { return fb::CreateSetLinkRate(builder, baud).Union(); });
  }
  bool answers() { return peer.slot(0, false) != nullptr; }
};

}  // namespace

TEST_CASE("both ends of a line go to another rate and stay there") {
  Bed bed;
  REQUIRE(bed.peer.hello() != nullptr);
  REQUIRE(bed.set_rate(921'600)->as<fb::Accepted>() != nullptr);
  bed.peer.pump(20);  // the acknowledgement, after which the agent changes
  CHECK(bed.board.baud == 921'600);
  bed.line.baud = 921'600;
  REQUIRE(bed.answers());
  bed.peer.pump(2 * wire::kRateTrialMs);
  CHECK(bed.board.baud == 921'600);
  CHECK(bed.answers());
}

TEST_CASE("a rate that the wire does not carry is left again, and nothing is lost") {
  Bed bed;
  REQUIRE(bed.peer.hello() != nullptr);
  REQUIRE(bed.set_rate(3'000'000)->as<fb::Accepted>() != nullptr);
  bed.peer.pump(20);
  bed.line.baud = 3'000'000;
  CHECK(bed.peer.ask(
            fb::Message::ClockQuery, [](auto& b) { return fb::CreateClockQuery(b).Union(); },
            wire::kRateTrialMs) == nullptr);
  bed.line.baud = 115'200;
  bed.peer.pump(100);
  CHECK(bed.board.baud == 115'200);
  CHECK(bed.answers());
  CHECK(bed.board.lives == 1);
}

TEST_CASE("a host that says nothing after the change finds the agent at the old rate") {
  Bed bed;
  REQUIRE(bed.peer.hello() != nullptr);
  REQUIRE(bed.set_rate(230'400)->as<fb::Accepted>() != nullptr);
  bed.peer.pump(wire::kRateTrialMs + 200);
  CHECK(bed.board.baud == 115'200);
  CHECK(bed.answers());
}

TEST_CASE("a rate that the board cannot make is refused, and a reset begins at the first rate") {
  Bed bed;
  REQUIRE(bed.peer.hello() != nullptr);
  CHECK(failure_of(bed.set_rate(0).get()) == "bad_argument");
  CHECK(failure_of(bed.set_rate(4'000'000).get()) == "bad_argument");
  REQUIRE(bed.set_rate(921'600)->as<fb::Accepted>() != nullptr);
  bed.peer.pump(20);
  bed.line.baud = 921'600;
  REQUIRE(bed.answers());
  REQUIRE(bed.peer.ask(fb::Message::Reset, [](auto& b) { return fb::CreateReset(b).Union(); }) != nullptr);
  bed.peer.pump(20);
  CHECK(bed.board.lives == 2);
  CHECK(bed.board.baud == 115'200);
  bed.line.baud = 115'200;
  CHECK(bed.peer.receive() != nullptr);
}

TEST_CASE("the banner tells what else decides the board's speed") {
  Bed bed;
  const auto banner = bed.peer.hello();
  REQUIRE(banner != nullptr);
  CHECK(banner->as<fb::Banner>()->settings()->str() == "wait_states=0");
}

}  // namespace slmrig::agent::testing
