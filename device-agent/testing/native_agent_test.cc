// The native agent as a child process, with the foreign engine: what the wire carries must be true.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <numeric>

#include "device-agent/testing/agent_peer.h"
#include "device-agent/testing/process_stream.h"
#include "tests/foreign_engine/echo_engine.h"

namespace slmrig::agent::testing {
namespace {

// A folder that goes away with the test.
class SlotsFolder {
 public:
  SlotsFolder() {
    char name[] = "/tmp/slmrig-slots-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~SlotsFolder() {
    const std::string command = "rm -rf '" + path_ + "'";
    if (std::system(command.c_str()) != 0) std::perror("rm");
  }
  SlotsFolder(const SlotsFolder&) = delete;
  SlotsFolder& operator=(const SlotsFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::vector<uint8_t> echo_image(size_t size_bytes = 4096) {
  std::vector<uint8_t> bytes(size_bytes);
  std::iota(bytes.begin(), bytes.end(), uint8_t{1});
  const echo::EchoImage head;
  std::memcpy(bytes.data(), &head, sizeof head);
  return bytes;
}

std::vector<std::string> agent_command(const SlotsFolder& slots) {
  return {SLMRIG_ECHO_AGENT, "--slots", slots.path(), "--unique-id", "unit-7", "--arena-bytes", "65536"};
}

std::string hex_of(const std::string& path_of_elf) {
  const std::string command = "readelf -n '" + path_of_elf + "' | sed -n 's/.*Build ID: //p'";
  FILE* pipe = popen(command.c_str(), "r");
  char text[128] = {};
  if (std::fgets(text, sizeof text, pipe) == nullptr) text[0] = '\0';
  pclose(pipe);
  text[std::strcspn(text, "\n")] = '\0';
  return text;
}

TEST_CASE("the banner says who the agent is, and its build id is the one in the file") {
  SlotsFolder slots;
  ProcessStream stream(agent_command(slots));
  AgentPeer peer(stream, 0x1234);
  const auto message = peer.hello();
  REQUIRE(message != nullptr);
  const auto* banner = message->as<fb::Banner>();
  REQUIRE(banner != nullptr);
  CHECK(banner->protocol_version() == wire::kProtocolVersion);
  CHECK(banner->board()->str() == "native");
  CHECK(banner->unique_id()->str() == "unit-7");
  CHECK(banner->engine()->str() == "echo");
  CHECK(banner->tick_rate_hz() == 1000000000);
  CHECK(banner->arena_bytes() == 65536);
  CHECK(banner->origin() == fb::Origin::exec);
  CHECK(banner->boot_ticks() > 100000);  // an exec takes longer than 0.1 ms
  CHECK(banner->boot_ticks() < 2000000000);
  CHECK(banner->reset_reason()->str().empty());
  CHECK(banner->agent_build_id()->str() == hex_of(SLMRIG_ECHO_AGENT));
  CHECK(banner->agent_build_id()->size() == 40);
}

TEST_CASE("upload, load, run: the engine's answer and one duration a token come back") {
  SlotsFolder slots;
  ProcessStream stream(agent_command(slots));
  AgentPeer peer(stream, 0x1234);
  const auto stored = peer.upload(1, echo_image());
  REQUIRE(stored != nullptr);
  REQUIRE(stored->as<fb::SlotState>() != nullptr);
  CHECK(stored->as<fb::SlotState>()->phase() == fb::SlotPhase::ready);
  const auto loaded = peer.load(1);
  REQUIRE(loaded->as<fb::LoadReport>() != nullptr);
  CHECK(loaded->as<fb::LoadReport>()->context_tokens() == 256);
  const RunOutcome outcome = peer.run("ask me", 32);
  CHECK(outcome.failure.empty());
  CHECK(outcome.output == "ASK ME");
  CHECK(outcome.prompt_tokens == 6);
  CHECK(outcome.finish == fb::Finish::end_token);
  REQUIRE(outcome.token_ids.size() == 7);
  CHECK(outcome.token_ids.back() == echo::kEndToken);
  REQUIRE(outcome.duration_ticks.size() == 7);
  CHECK(std::accumulate(outcome.duration_ticks.begin(), outcome.duration_ticks.end(), uint64_t{0}) ==
        outcome.total_ticks);
  CHECK(outcome.duration_ticks[0] > outcome.duration_ticks[1]);  // the prompt's six rounds are in the first
}

TEST_CASE("a reset starts the agent again on the same pipes and the slot is still there") {
  SlotsFolder slots;
  ProcessStream stream(agent_command(slots));
  AgentPeer peer(stream, 0x1234);
  REQUIRE(peer.upload(0, echo_image())->as<fb::SlotState>() != nullptr);
  const auto banner = peer.reset();
  REQUIRE(banner != nullptr);
  REQUIRE(banner->as<fb::Banner>() != nullptr);
  CHECK(peer.connection().take_restart());
  CHECK(failure_of(peer.load(1).get()) == "bad_slot");
  CHECK(peer.load(0)->as<fb::LoadReport>() != nullptr);
}

TEST_CASE("an upload that an agent's death broke off goes on where it was") {
  SlotsFolder slots;
  const auto image = echo_image(200000);
  uint64_t resumed_at = 1;
  {
    ProcessStream stream(agent_command(slots));
    AgentPeer peer(stream, 0x1);
    peer.upload(0, image, &resumed_at, 100000);
    CHECK(resumed_at == 0);
    CHECK(failure_of(peer.load(0).get()) == "bad_slot");
  }
  ProcessStream stream(agent_command(slots));
  AgentPeer peer(stream, 0x2);
  const auto stored = peer.upload(0, image, &resumed_at);
  CHECK(resumed_at >= 65536);
  CHECK(resumed_at <= 101760);
  REQUIRE(stored->as<fb::SlotState>() != nullptr);
  CHECK(peer.load(0)->as<fb::LoadReport>() != nullptr);
}

TEST_CASE("a file that somebody put into the slot is what is loaded and hashed, whatever the note says") {
  SlotsFolder slots;
  ProcessStream stream(agent_command(slots));
  AgentPeer peer(stream, 0x9);
  REQUIRE(peer.upload(0, echo_image(5000))->as<fb::SlotState>() != nullptr);
  REQUIRE(peer.load(0)->as<fb::LoadReport>() != nullptr);
  const auto other = echo_image(7000);
  {
    std::ofstream file(slots.path() + "/fresh", std::ios::binary);
    file.write(reinterpret_cast<const char*>(other.data()), static_cast<std::streamsize>(other.size()));
  }
  REQUIRE(std::rename((slots.path() + "/fresh").c_str(), (slots.path() + "/slot0.img").c_str()) == 0);
  CHECK(peer.run("x", 4).failure == "not_loaded");
  const auto state = peer.slot(0, true, other.size());
  REQUIRE(state->as<fb::SlotState>() != nullptr);
  uint8_t digest[wire::kSha256Bytes];
  wire::sha256(other.data(), other.size(), digest);
  CHECK(std::memcmp(state->as<fb::SlotState>()->sha256()->data(), digest, sizeof digest) == 0);
}

TEST_CASE("the agent ends when its host does, and says what it does not understand on its command line") {
  SlotsFolder slots;
  {
    ProcessStream stream(agent_command(slots));
    AgentPeer peer(stream, 0x5);
    REQUIRE(peer.hello() != nullptr);
    CHECK(stream.close_and_wait() == 0);
  }
  ProcessStream stream({SLMRIG_ECHO_AGENT, "--slots"});
  CHECK(stream.close_and_wait() == 2);
}

}  // namespace
}  // namespace slmrig::agent::testing
