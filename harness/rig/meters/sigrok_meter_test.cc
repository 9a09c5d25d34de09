#include "harness/rig/meters/sigrok_meter.h"

#include <cmath>

#include <catch2/catch.hpp>

#include "harness/base/file.h"

namespace slmrig::rig {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::PowerSamples;

constexpr int64_t kWaitMs = 10'000;

base::MeterSpec sigrok_spec(const std::string& address) {
  base::MeterSpec spec;
  spec.kind = "sigrok";
  spec.address = address;
  return spec;
}

// A stand-in for sigrok-cli that prints what a test wants, for devices that the real one has no demo of.
struct ScriptedSigrok {
  base::TemporaryDirectory folder = base::TemporaryDirectory::create("sigrok").value();
  base::MeterSpec spec = sigrok_spec("some-dmm");

  explicit ScriptedSigrok(const std::string& body) {
    const fs::path program = folder.path() / "sigrok-cli";
    REQUIRE(base::write_file_atomically(program, "#!/bin/sh\n" + body));
    fs::permissions(program, fs::perms(0755));
    spec.settings["program"] = program.string();
  }
};

}  // namespace

TEST_CASE("lines of sigrok-cli are figures with a unit", "[sigrok]") {
  const auto figure = parse_sigrok_line("I1: 12.0 mA DC");
  REQUIRE(figure);
  CHECK(figure->channel == "I1");
  CHECK(figure->value == Approx(0.012));
  CHECK(figure->unit == "A");
  CHECK(parse_sigrok_line("A0: -10.0000 V DC\r")->unit == "V");
  CHECK(parse_sigrok_line("P1: 39.6 \xc2\xb5W")->value == Approx(39.6e-6));
  CHECK(parse_sigrok_line("P1: 1.2 MW")->value == Approx(1.2e6));
  CHECK(std::isinf(parse_sigrok_line("P1: inf A")->value));
  CHECK_FALSE(parse_sigrok_line("No devices found."));
  CHECK_FALSE(parse_sigrok_line("sr: scpi_tcp: Send error"));
  CHECK_FALSE(parse_sigrok_line(": 1 A"));
}

TEST_CASE("the real sigrok-cli streams its demo device", "[sigrok]") {
  const auto meter = open_sigrok(sigrok_spec("demo"));
  REQUIRE(meter);
  CHECK((*meter)->facts().sample_rate_hz == 1000);
  CHECK_FALSE((*meter)->facts().measures_voltage);
  REQUIRE((*meter)->start());
  PowerSamples block;
  int64_t samples = 0;
  while (samples < 500) {
    const auto got = (*meter)->read(block, kWaitMs);
    REQUIRE(got);
    REQUIRE(*got);
    CHECK(block.first_index == samples);
    CHECK(block.time_ns.empty());
    for (const float current_ua : block.current_ua) CHECK(std::abs(current_ua) == 10e6F);
    samples += static_cast<int64_t>(block.current_ua.size());
  }
  REQUIRE((*meter)->stop());
  while (*(*meter)->read(block, kWaitMs)) samples += static_cast<int64_t>(block.current_ua.size());
  CHECK_FALSE(*(*meter)->read(block, kWaitMs));
  CHECK(samples >= 500);
  CHECK_FALSE((*meter)->set_power(true));
}

TEST_CASE("a device that measures no current says what it measures", "[sigrok]") {
  base::MeterSpec spec = sigrok_spec("demo:analog_channels=2:logic_channels=0");
  const auto volts = open_sigrok(spec);
  REQUIRE_FALSE(volts);
  CHECK(volts.error().message.find("A0 in V, A1 in V") != std::string::npos);
  const auto unknown = open_sigrok(sigrok_spec("no-such-driver"));
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == ErrorCode::kBadInput);
  CHECK(unknown.error().message.find("not found") != std::string::npos);
  CHECK(unknown.error().message.find("g_atomic") == std::string::npos);
}

TEST_CASE("current and voltage of a slow instrument make one sample with its time", "[sigrok]") {
  ScriptedSigrok script(
      "echo 'V1: 3.3000 V DC'; echo 'I1: 12.0 mA DC'; echo 'P1: 39.6 mW'\n"
      "case \"$*\" in *continuous*) ;; *) exit 1;; esac\n"
      "echo 'V1: 3.2000 V DC'; echo 'I1: inf A DC'; echo 'I1: 20.0 mA DC'\nexec sleep 60\n");
  const auto meter = open_sigrok(script.spec);
  REQUIRE(meter);
  CHECK((*meter)->facts().measures_voltage);
  CHECK((*meter)->facts().sample_rate_hz == 0);
  REQUIRE((*meter)->start());
  PowerSamples all;
  PowerSamples block;
  while (all.flags.size() < 3) {
    const auto got = (*meter)->read(block, kWaitMs);
    REQUIRE(got);
    REQUIRE(*got);
    all.current_ua.insert(all.current_ua.end(), block.current_ua.begin(), block.current_ua.end());
    all.voltage_mv.insert(all.voltage_mv.end(), block.voltage_mv.begin(), block.voltage_mv.end());
    all.flags.insert(all.flags.end(), block.flags.begin(), block.flags.end());
    CHECK(block.time_ns.size() == block.flags.size());
    CHECK(block.power_uw.empty());
  }
  CHECK(all.current_ua[0] == Approx(12'000));
  CHECK(all.voltage_mv[0] == Approx(3300));
  CHECK(all.flags[1] == base::kSampleSaturated);
  CHECK(all.current_ua[2] == Approx(20'000));
  CHECK(all.voltage_mv[2] == Approx(3200));
}

TEST_CASE("sigrok-cli that ends by itself is a lost link with its reason", "[sigrok]") {
  ScriptedSigrok script(
      "echo 'I1: 12.0 mA DC'\n"
      "case \"$*\" in *continuous*) echo 'sr: usb: device vanished' >&2;; esac\nexit 1\n");
  const auto meter = open_sigrok(script.spec);
  REQUIRE(meter);
  REQUIRE((*meter)->start());
  PowerSamples block;
  auto got = (*meter)->read(block, kWaitMs);
  REQUIRE(got);
  CHECK(block.current_ua.size() == 1);
  got = (*meter)->read(block, kWaitMs);
  REQUIRE_FALSE(got);
  CHECK(got.error().code == ErrorCode::kLinkLost);
  CHECK(got.error().message.find("device vanished") != std::string::npos);
}

}  // namespace slmrig::rig
