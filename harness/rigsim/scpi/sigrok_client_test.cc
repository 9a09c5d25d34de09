// Somebody else's client is content with our virtual instruments: libsigrok's drivers.
#include <catch2/catch.hpp>

#include "harness/base/paths.h"
#include "harness/rigsim/scpi/instrument_for_test.h"

namespace slmrig::rigsim {
namespace {

std::string sigrok(std::vector<std::string> arguments) {
  REQUIRE_FALSE(base::program_in_path("sigrok-cli").empty());
  arguments.insert(arguments.begin(), "sigrok-cli");
  base::ChildOptions options;
  options.arguments = std::move(arguments);
  base::CaptureLimits limits;
  limits.timeout_ms = kReadMs;
  const auto run = base::run_captured(options, limits);
  REQUIRE(run);
  INFO(run->errors);
  return run->output;
}

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

std::string colon_to_slash(std::string address) {
  address[address.find(':')] = '/';
  return address;
}

}  // namespace

TEST_CASE("libsigrok knows the virtual supply, switches it and reads it", "[scpi]") {
  const RunningInstrument instrument("rigol-dp832", {"--load", "12mA"});
  const std::string device = "scpi-pps:conn=tcp-raw/" + colon_to_slash(instrument.address());
  const std::string shown = sigrok({"-d", device, "--show"});
  CHECK(has(shown, "DP832"));
  CHECK(has(shown, "V3 I3 P3"));
  CHECK(has(sigrok({"-d", device, "-g", "1", "--show"}), "voltage_target"));
  sigrok({"-d", device, "-g", "1", "-c", "voltage_target=3.3", "--set"});
  sigrok({"-d", device, "-g", "1", "-c", "enabled=true", "--set"});
  CHECK(instrument.tell("state") == "on 3.3000 V, limit 1.0000 A, 0.0120 A");
  const std::string read = sigrok({"-d", device, "--samples", "1", "-O", "analog"});
  CHECK(has(read, "V1: 3.3000 V"));
  CHECK(has(read, "I1: 12.0 mA"));
}

TEST_CASE("libsigrok reads the virtual multimeter", "[scpi]") {
  const RunningInstrument instrument("keysight-34465a", {"--load", "12mA"});
  const std::string device = "scpi-dmm:conn=tcp-raw/" + colon_to_slash(instrument.address());
  CHECK(has(sigrok({"-d", device, "--samples", "1", "-O", "analog"}), "12.0"));
}

}  // namespace slmrig::rigsim
