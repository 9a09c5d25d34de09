// Marker lines of the native agent, on a GPIO chip that answers as the kernel's do (fake_gpio.cc).
#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "device-agent/testing/native_echo_agent.h"
#include "device-agent/testing/process_stream.h"
#include "device-agent/wire/marker_edges.h"

namespace slmrig::agent::testing {
namespace {

using Catch::Matchers::Contains;

// A folder for the chip and the agent's slots.
class Chip {
 public:
  void touch(const char* name) const { std::ofstream(folder_.path() + "/" + name) << "x"; }
  void clear_log() const { std::filesystem::resize_file(folder_.path() + "/log", 0); }

  std::vector<std::string> command(const std::string& lines) const {
    return {"env",
            std::string("LD_PRELOAD=") + SLMRIG_FAKE_GPIO_LIBRARY,
            "SLMRIG_FAKE_GPIO=" + folder_.path(),
            SLMRIG_ECHO_AGENT,
            "--slots",
            folder_.path(),
            "--unique-id",
            "unit-7",
            "--marker-lines",
            lines};
  }

  std::vector<std::string> log() const {
    std::ifstream file(folder_.path() + "/log");
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  // What an agent says that does not start, with its exit status at the end.
  std::string refusal(const std::string& lines) const {
    std::string text;
    for (const std::string& word : command(lines)) text += "'" + word + "' ";
    FILE* pipe = popen((text + "2>&1 </dev/null; echo \" exit $?\"").c_str(), "r");
    text.clear();
    std::array<char, 512> piece;
    while (std::fgets(piece.data(), piece.size(), pipe) != nullptr) text += piece.data();
    pclose(pipe);
    return text;
  }

 private:
  TestFolder folder_;
};

// The marker bits of a line of the log ("17=1 27=0 22=1 23=0"), for pins 17, 27, 22, 23.
uint8_t lines_of(const std::string& entry) {
  const std::vector<std::string> pins = {"17", "27", "22", "23"};
  std::istringstream words(entry);
  uint8_t lines = 0;
  for (size_t i = 0; i < pins.size(); ++i) {
    std::string word;
    words >> word;
    REQUIRE(word.substr(0, 3) == pins[i] + "=");
    if (word.at(3) == '1') lines = static_cast<uint8_t>(lines | (1U << i));
  }
  return lines;
}

constexpr char kPins[] = "/dev/gpiochip0:17,27,22,23";

TEST_CASE("a Linux board raises its pins in marked runs: phases, and one edge a token") {
  Chip chip;
  ProcessStream stream(chip.command(kPins));
  AgentPeer peer(stream, 0x11);
  const auto banner = peer.hello();
  REQUIRE(banner != nullptr);
  CHECK((banner->as<fb::Banner>()->features() & static_cast<uint32_t>(fb::Feature::markers)) != 0);
  REQUIRE(chip.log().size() >= 2);
  CHECK(chip.log()[0] == "request: slmrig-agent");
  for (size_t i = 1; i < chip.log().size(); ++i) CHECK(lines_of(chip.log()[i]) == 0);
  REQUIRE(peer.upload(0, echo_image())->as<fb::SlotState>() != nullptr);
  REQUIRE(peer.load(0)->as<fb::LoadReport>() != nullptr);
  chip.clear_log();
  REQUIRE(peer.run("hello", 16).failure.empty());
  CHECK(chip.log().empty());  // a run that is not marked leaves the pins alone

  uint8_t before = 0;
  for (const uint32_t tokens : {5U, 4U, 1U}) {
    chip.clear_log();
    const RunOutcome outcome = peer.run_marked("hello there", tokens, true);
    REQUIRE(outcome.failure.empty());
    REQUIRE(outcome.token_ids.size() == tokens);
    const std::vector<std::string> log = chip.log();
    REQUIRE(log.size() == tokens + 3);
    size_t edges = 0;
    for (size_t i = 0; i < log.size(); ++i) {
      const uint8_t lines = lines_of(log[i]);
      edges += ((lines ^ before) & wire::kMarkToken) != 0 ? 1 : 0;
      before = lines;
      CHECK(((lines & wire::kMarkActive) != 0) == (i + 1 < log.size()));
      if (i == 0) CHECK(wire::phase_of(lines) == wire::MarkerPhase::kPrefill);
      if (i > 0 && i <= tokens) CHECK(wire::phase_of(lines) == wire::MarkerPhase::kDecode);
    }
    CHECK(edges == tokens);
  }
  CHECK(board_facts(peer).at("markers.lines") == "pinctrl-fake 17,27,22,23");
  CHECK(std::stoull(board_facts(peer).at("markers.set_ns")) > 0);
  CHECK(board_facts(peer).at("markers.refused_changes") == "0");
}

TEST_CASE("pins are taken anew after a restart, and changes that the system refuses are counted") {
  Chip chip;
  ProcessStream stream(chip.command(kPins));
  AgentPeer peer(stream, 0x12);
  REQUIRE(peer.upload(0, echo_image())->as<fb::SlotState>() != nullptr);
  chip.clear_log();
  REQUIRE(peer.reset() != nullptr);
  REQUIRE_FALSE(chip.log().empty());
  CHECK(chip.log()[0] == "request: slmrig-agent");
  REQUIRE(peer.load(0)->as<fb::LoadReport>() != nullptr);
  chip.clear_log();
  chip.touch("broken");
  CHECK(peer.run_marked("hello", 3, true).token_ids.size() == 3);
  CHECK(chip.log().empty());
  CHECK(board_facts(peer).at("markers.refused_changes") == "6");
}

TEST_CASE("lines that cannot be had end the agent with what is wrong and what to do") {
  Chip chip;
  const auto refused = [&](const std::string& lines, const std::string& why) {
    const std::string text = chip.refusal(lines);
    CHECK_THAT(text, Contains(why) && Contains("exit 2"));
  };
  refused("/dev/gpiochip0:17,9,22,23", "line 9 of /dev/gpiochip0 is in use by 'spi0 CS0'; free it");
  refused("/dev/gpiochip0:17,54,22,23", "/dev/gpiochip0 (pinctrl-fake) has lines 0 to 53, and not 54");
  refused("/dev/no-such-chip:17,27,22,23", "cannot open /dev/no-such-chip: No such file");
  refused("/dev/zero:17,27,22,23", "/dev/zero is no GPIO chip (Inappropriate ioctl for device)");
  for (const char* text :
       {"17,27,22,23", ":17,27,22,23", "/dev/gpiochip0", "/dev/gpiochip0:", "/dev/gpiochip0:1,2,3",
        "/dev/gpiochip0:1,2,3,4,5", "/dev/gpiochip0:1,2,3,3", "/dev/gpiochip0:1,2,3,-4",
        "/dev/gpiochip0:1,2,3,99999", "/dev/gpiochip0:1,2,3,4x"}) {
    refused(text, "is not CHIP:D0,D1,D2,D3 with four different lines");
  }
  chip.touch("slow");
  refused(kPins, "us (at most 100), for which tokens would pay; use the processor's own pins");
}

}  // namespace
}  // namespace slmrig::agent::testing
