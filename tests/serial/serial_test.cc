// Serial ports: the unmodified libserialport on pseudo-terminals, with the real agent at the other end.
#include <poll.h>
#include <unistd.h>

#include <array>
#include <thread>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "harness/rig/agent_client.h"
#include "harness/rig/serial_link.h"
#include "tests/serial/line_to_board.h"

namespace slmrig::testing {
namespace {

using base::ErrorCode;

constexpr int64_t kPatienceMs = 5000;

std::vector<std::string> echo_agent(const base::TemporaryDirectory& slots) {
  return {SLMRIG_ECHO_AGENT, "--slots", slots.path().string(), "--unique-id", "unit-7",
          "--arena-bytes",   "65536"};
}

struct Bed {
  explicit Bed(const std::string& reset_line = "", int most_baud = 4'000'000)
      : line({.agent = echo_agent(slots), .reset_line = reset_line, .starts = true, .most_baud = most_baud}) {
    spec.kind = "serial";
    spec.address = line.address();
    spec.reset_line = reset_line;
  }
  std::unique_ptr<rig::AgentClient> connect(rig::LineRates rates = {}) const {
    auto link = rig::open_serial(spec, kPatienceMs);
    REQUIRE(link);
    auto client = std::make_unique<rig::AgentClient>(std::move(*link), rig::ClientTimeouts{}, rates);
    REQUIRE(client->connect());
    return client;
  }
  base::TemporaryDirectory slots = base::TemporaryDirectory::create("slots").value();
  LineToBoard line;
  base::LinkSpec spec;
};

}  // namespace

TEST_CASE("an agent behind a serial port is found, filled and reset") {
  const Bed bed;
  const auto client = bed.connect();
  const std::vector<uint8_t> image(20'000, 7);
  CHECK(client->upload(0, image, {}));
  const auto banner = client->reset();
  REQUIRE(banner);
  CHECK(banner->unique_id == "unit-7");
}

TEST_CASE("a serial port is one user's alone, and the other is told who has it") {
  const Bed bed;
  const auto first = rig::open_serial(bed.spec, 0);
  REQUIRE(first);
  const auto second = rig::open_serial(bed.spec, 0);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::kLocked);
  CHECK_THAT(second.error().message, Catch::Contains(fmt::format("in use by process {}", ::getpid())));
  (*first)->close();
  CHECK(rig::open_serial(bed.spec, 0));
}

TEST_CASE("a port that is unplugged is a lost link, and one that comes back is opened again") {
  Bed bed;
  auto client = bed.connect();
  bed.line.unplug();
  const auto lost = client->query_slot(0, false);
  REQUIRE_FALSE(lost);
  CHECK(lost.error().code == ErrorCode::kLinkLost);
  CHECK_THAT(lost.error().message, Catch::Contains("serial port"));
  client.reset();
  const auto gone = rig::open_serial(bed.spec, 100);
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code == ErrorCode::kLinkLost);
  CHECK_THAT(gone.error().message, Catch::Contains("is the board plugged in?"));
  std::thread hand([&] { bed.line.plug_in(); });
  const auto link = rig::open_serial(bed.spec, kPatienceMs);
  hand.join();
  CHECK(link);
}

TEST_CASE("the line that is wired to the reset is let go when the port is opened") {
  const Bed bed("dtr");
  const auto link = rig::open_serial(bed.spec, 0);
  REQUIRE(link);
  CHECK(bed.line.lines() == "dtr=0 rts=1\n");
  REQUIRE((*link)->set_line("dtr", true));
  REQUIRE((*link)->set_line("dtr", false));
  REQUIRE((*link)->set_line("rts", false));
  CHECK(bed.line.lines() == "dtr=0 rts=1\ndtr=1 rts=1\ndtr=0 rts=1\ndtr=0 rts=0\n");
}

TEST_CASE("both ends go to the fast rate, return for a reset, and go there again") {
  const Bed bed;
  auto client = bed.connect({115'200, 921'600});
  CHECK(client->baud() == 921'600);
  CHECK(client->upload(0, std::vector<uint8_t>(20'000, 9), {}));
  REQUIRE(client->reset());
  CHECK(client->baud() == 921'600);
  CHECK_THAT(client->transcript(), Catch::Contains("the line runs at 115200 baud"));
  // A host that dies leaves the agent at the fast rate.
  client.reset();
  client = bed.connect({115'200, 921'600});
  CHECK(client->query_slot(0, false));
}

TEST_CASE("a board that restarts by itself is heard at the slow rate again") {
  Bed bed;
  const auto client = bed.connect({115'200, 921'600});
  REQUIRE(client->baud() == 921'600);
  bed.line.kill_board();
  bed.line.start_board();
  const auto answer = client->query_slot(0, false);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::kDeviceFault);
  CHECK_THAT(answer.error().message, Catch::Contains("restarted while it worked on SlotQuery"));
  CHECK(client->query_slot(0, false));
}

TEST_CASE("a fast rate that the wire does not carry is given up, and the work goes on at the slow one") {
  const Bed bed("", 1'000'000);
  const auto client = bed.connect({115'200, 3'000'000});
  CHECK(client->baud() == 115'200);
  CHECK_THAT(client->transcript(), Catch::Contains("3000000 baud do not carry"));
  CHECK(client->query_slot(0, false));
}

}  // namespace slmrig::testing
