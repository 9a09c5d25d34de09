// The native agent as a child process, with the foreign engine: what the wire carries must be true.
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>

#include "device-agent/testing/native_echo_agent.h"
#include "device-agent/testing/process_stream.h"

namespace slmrig::agent::testing {
namespace {

void write_text(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::vector<std::string> agent_command(const TestFolder& slots) {
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
  TestFolder slots;
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
  TestFolder slots;
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
  TestFolder slots;
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
  TestFolder slots;
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
  TestFolder slots;
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

// As /sys and /proc of a Raspberry Pi and of a PC show them.
TEST_CASE("governor, clocks, temperatures and throttling of a Linux board are told as they are now") {
  TestFolder slots;
  const std::string root = slots.path() + "/root";
  const std::string policy = root + "/sys/devices/system/cpu/cpufreq/policy0/";
  write_text(root + "/proc/device-tree/model", std::string("Raspberry Pi 4 Model B Rev 1.4\0", 31));
  write_text(root + "/proc/device-tree/serial-number", std::string("10000000abcdef01\0", 17));
  write_text(root + "/proc/meminfo",
             "MemTotal:        3884404 kB\nMemFree: 1 kB\nMemAvailable:    3541000 kB\n");
  write_text(root + "/proc/loadavg", "0.25 0.10 0.05 1/200 4711\n");
  write_text(root + "/proc/pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=98765\nfull ...\n");
  write_text(root + "/sys/devices/system/cpu/online", "0-3\n");
  write_text(root + "/sys/devices/system/cpu/isolated", "\n");
  write_text(policy + "affected_cpus", "0 1 2 3\n");
  write_text(policy + "scaling_governor", "performance\n");
  write_text(policy + "scaling_cur_freq", "1500000\n");
  write_text(policy + "scaling_min_freq", "600000\n");
  write_text(policy + "scaling_max_freq", "1500000\n");
  write_text(policy + "cpuinfo_max_freq", "1800000\n");
  write_text(root + "/sys/class/thermal/thermal_zone0/type", "cpu-thermal\n");
  write_text(root + "/sys/class/thermal/thermal_zone0/temp", "48312\n");
  write_text(root + "/sys/class/thermal/thermal_zone1/type", "Odd, Zone\n");
  write_text(root + "/sys/class/thermal/thermal_zone1/temp", "-2500\n");
  write_text(root + "/sys/class/thermal/cooling_device0/type", "cpufreq-cpu0\n");
  write_text(root + "/sys/class/thermal/cooling_device0/cur_state", "2\n");
  write_text(root + "/sys/class/thermal/cooling_device1/type", "gpio-fan\n");
  write_text(root + "/sys/class/thermal/cooling_device1/cur_state", "1\n");
  write_text(root + "/sys/bus/platform/drivers/raspberrypi-firmware/soc:firmware/get_throttled", "50005\n");
  write_text(root + "/sys/bus/platform/drivers/raspberrypi-firmware/bind", "");
  for (const char* cpu : {"cpu0", "cpu1"}) {
    write_text(root + "/sys/devices/system/cpu/" + cpu + "/thermal_throttle/core_throttle_count", "21\n");
  }
  std::vector<std::string> command = {SLMRIG_ECHO_AGENT, "--slots", slots.path(), "--system-root", root};
  ProcessStream stream(command);
  AgentPeer peer(stream, 0x7);
  CHECK(peer.hello()->as<fb::Banner>()->unique_id()->str() == "serial-10000000abcdef01");
  const auto facts = board_facts(peer);
  CHECK(facts.at("machine.model") == "Raspberry Pi 4 Model B Rev 1.4");
  CHECK(facts.at("cpu.online") == "0-3");
  CHECK(facts.count("cpu.isolated") == 0);
  CHECK(facts.count("cpu.allowed") == 1);
  CHECK(facts.at("cpufreq.policy0.cpus") == "0 1 2 3");
  CHECK(facts.at("cpufreq.policy0.governor") == "performance");
  CHECK(facts.at("cpufreq.policy0.frequency_hz") == "1500000000");
  CHECK(facts.at("cpufreq.policy0.maximum_hz") == "1500000000");
  CHECK(facts.at("cpufreq.policy0.hardware_maximum_hz") == "1800000000");
  CHECK(facts.at("thermal.zone0.cpu_thermal_mc") == "48312");
  CHECK(facts.at("thermal.zone1.odd__zone_mc") == "-2500");
  CHECK(facts.at("throttle.cooling0.cpufreq_cpu0_state") == "2");
  CHECK(facts.count("throttle.cooling1.gpio_fan_state") == 0);
  CHECK(facts.at("throttle.firmware_bits") == "0x50005");
  CHECK(facts.at("throttle.core_count") == "42");
  CHECK(facts.count("throttle.package_count") == 0);
  CHECK(facts.at("load.one_minute") == "0.25");
  CHECK(facts.at("load.cpu_waiting_us") == "98765");
  CHECK(facts.at("memory.available_bytes") == std::to_string(3541000ULL * 1024));
  CHECK(facts.at("cold_start.file_cache") == "as the start met it");
  write_text(policy + "scaling_cur_freq", "600000\n");
  CHECK(board_facts(peer).at("cpufreq.policy0.frequency_hz") == "600000000");
}

TEST_CASE("the peak of the control group is a class of memory of its own, where there is one") {
  TestFolder slots;
  const std::string root = slots.path() + "/root";
  ProcessStream stream({SLMRIG_ECHO_AGENT, "--slots", slots.path(), "--system-root", root});
  AgentPeer peer(stream, 0x8);
  const auto classes = [&] {
    const auto message = peer.ask(fb::Message::MemoryQuery,
                                  [](auto& builder) { return fb::CreateMemoryQuery(builder).Union(); });
    std::map<std::string, uint64_t> bytes;
    for (const auto* one : *message->as<fb::MemoryReport>()->classes())
      bytes[one->name()->str()] = one->bytes();
    return bytes;
  };
  CHECK(classes().count("cgroup") == 0);
  CHECK(classes().at("process") > 100000);
  write_text(root + "/proc/self/cgroup", "4:memory:/old\n0::/user.slice/session-3.scope\n");
  CHECK(classes().count("cgroup") == 0);
  write_text(root + "/sys/fs/cgroup/user.slice/session-3.scope/memory.peak", "7340032\n");
  CHECK(classes().at("cgroup") == 7340032);
}

TEST_CASE("a restart drops the image from the file cache, or keeps it, and says which") {
  TestFolder slots;
  auto command = agent_command(slots);
  const auto note_after_reset = [&](uint32_t epoch) {
    ProcessStream stream(command);
    AgentPeer peer(stream, epoch);
    REQUIRE(peer.upload(0, echo_image(300000))->as<fb::SlotState>() != nullptr);
    REQUIRE(peer.load(0)->as<fb::LoadReport>() != nullptr);
    REQUIRE(peer.reset() != nullptr);
    return board_facts(peer).at("cold_start.file_cache");
  };
  const std::string note = note_after_reset(1);
  CHECK_THAT(note, Catch::StartsWith("image dropped; ") && Catch::EndsWith(" of 74 pages stayed"));
  struct statfs place = {};
  REQUIRE(statfs(slots.path().c_str(), &place) == 0);
  constexpr auto kMemoryFileSystem = 0x01021994;  // its files have no other place to be
  if (place.f_type != kMemoryFileSystem) CHECK(std::atoi(note.c_str() + std::strlen("image dropped; ")) < 10);
  command.insert(command.end(), {"--file-cache", "keep"});
  CHECK(note_after_reset(2) == "kept");
}

TEST_CASE("an agent that runs under another program goes through it again when it restarts") {
  TestFolder slots;
  auto command = agent_command(slots);
  // `env` stands for an emulator: each life leaves a mark in the environment that the next one inherits.
  command.insert(command.begin(), {"env", "LIVES=1"});
  command.insert(command.end(), {"--runner", "env", "--runner", "LIVES=2"});
  ProcessStream stream(command);
  AgentPeer peer(stream, 0x3);
  REQUIRE(peer.hello() != nullptr);
  REQUIRE(peer.reset() != nullptr);
  std::ifstream file("/proc/" + std::to_string(stream.pid()) + "/environ");
  const std::string environment((std::istreambuf_iterator<char>(file)), {});
  CHECK_THAT(environment, Catch::Contains("LIVES=2"));
}

TEST_CASE("the native agent sleeps, and has no marker lines") {
  TestFolder slots;
  ProcessStream stream(agent_command(slots));
  AgentPeer peer(stream, 0x6);
  const auto banner = peer.hello();
  REQUIRE(banner != nullptr);
  CHECK((banner->as<fb::Banner>()->features() & static_cast<uint32_t>(fb::Feature::markers)) == 0);
  const uint32_t began_ms = stream.now_ms();
  const auto report = peer.idle(30'000'000);
  REQUIRE(failure_of(report.get()).empty());
  CHECK(report->as<fb::IdleReport>()->ticks() == 30'000'000);
  CHECK(stream.now_ms() - began_ms >= 29);
}

TEST_CASE("the agent ends when its host does, and says what it does not understand on its command line") {
  TestFolder slots;
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
