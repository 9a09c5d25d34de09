// The driver against a virtual LPM01A in a process of its own.
#include "harness/rig/meters/lpm01a.h"

#include <utility>

#include <catch2/catch.hpp>

#include "harness/rig/meters/stream_check.h"
#include "harness/rig/meters/virtual_instrument_for_test.h"

namespace slmrig::rig {
namespace {

base::MeterSpec spec_of(const VirtualInstrument& lpm01a) {
  base::MeterSpec spec;
  spec.kind = "lpm01a";
  spec.address = lpm01a.port();
  return spec;
}

}  // namespace

TEST_CASE("an LPM01A measures in text and in binary") {
  const VirtualInstrument lpm01a("slmrig-virtual-lpm01a", {"--load", "constant:4.2mA"});
  for (const char* format : {"ascii_dec", "bin_hexa"}) {
    base::MeterSpec spec = spec_of(lpm01a);
    spec.mode = "source";
    spec.voltage_mv = 3000;
    spec.settings = {{"format", format}, {"rate_hz", "5000"}};
    const auto meter = open_meter(spec);
    INFO(format);
    REQUIRE(meter);
    CHECK((*meter)->facts().version == "1.0.6");
    CHECK_THAT(lpm01a.tell("state"), Catch::Contains("power=on voltage=3000m"));
    const StreamSummary seen = watch_stream(**meter, 500).value();
    CHECK(seen.samples > 1000);
    CHECK(seen.lost == 0);
    CHECK(seen.mean_ua == Approx(4200).epsilon(2e-3));
    CHECK((*meter)->set_voltage(3600).error().code == base::ErrorCode::kBadInput);
  }
}

TEST_CASE("an LPM01A whose buffer overflows says so") {
  const VirtualInstrument lpm01a("slmrig-virtual-lpm01a", {"--fault", "overflow"});
  const auto meter = open_meter(spec_of(lpm01a)).value();
  REQUIRE(meter->start());
  base::PowerSamples block;
  base::Result<bool> got = true;
  int64_t samples = 0;
  while (got && samples < 100'000) {
    got = meter->read(block, 100);
    samples += static_cast<int64_t>(block.current_ua.size());
  }
  REQUIRE_FALSE(got);
  CHECK(got.error().code == base::ErrorCode::kDeviceFault);
  CHECK_THAT(got.error().text(), Catch::Contains("overflowed"));
}

TEST_CASE("an LPM01A that refuses a command is told so, unless it can be done without") {
  const VirtualInstrument strict("slmrig-virtual-lpm01a", {"--fault", "refuse=freq"});
  const auto refused = open_meter(spec_of(strict));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::kDeviceFault);
  CHECK_THAT(refused.error().text(), Catch::Contains("refused 'freq 10k'"));
  const VirtualInstrument old("slmrig-virtual-lpm01a", {"--fault", "refuse=eventsrc"});
  CHECK(open_meter(spec_of(old)).value()->facts().marker_lines == 0);
}

TEST_CASE("NUL bytes, and records that are cut wherever it happens, do no harm") {
  struct Case {
    const char* fault;
    const char* format;
  };
  for (const Case& one : {Case{"nul", "ascii_dec"}, {"nul", "bin_hexa"}, {"split", "bin_hexa"}}) {
    const VirtualInstrument lpm01a("slmrig-virtual-lpm01a",
                                   {"--fault", one.fault, "--load", "constant:4.2mA"});
    base::MeterSpec spec = spec_of(lpm01a);
    spec.settings = {{"format", one.format}, {"rate_hz", "1000"}};
    const auto meter = open_meter(spec);
    INFO(one.fault << " " << one.format);
    REQUIRE(meter);
    CHECK((*meter)->facts().version == "1.0.6");
    const StreamSummary seen = watch_stream(**meter, 1500).value();
    CHECK(seen.samples > 1000);  // a time stamp within them
    CHECK(seen.lost == 0);
    CHECK(seen.lowest_ua == Approx(4200).epsilon(2e-3));
    CHECK(seen.highest_ua == Approx(4200).epsilon(2e-3));
  }
}

namespace {

// Until it fails, or so many samples are there; the lines that toggled.
base::Error error_of_stream(const VirtualInstrument& lpm01a, const char* format, int64_t most_samples,
                            int* toggles) {
  base::MeterSpec spec = spec_of(lpm01a);
  spec.settings = {{"format", format}, {"rate_hz", "5000"}};
  const auto meter = open_meter(spec).value();
  REQUIRE(meter->start());
  base::PowerSamples block;
  int64_t samples = 0;
  uint8_t last = 0;
  while (samples < most_samples) {
    const auto got = meter->read(block, 100);
    if (!got) return got.error();
    samples += static_cast<int64_t>(block.current_ua.size());
    for (const uint8_t lines : block.markers) *toggles += std::exchange(last, lines) != lines ? 1 : 0;
  }
  return {base::ErrorCode::kBadInput, "none", {}};
}

}  // namespace

TEST_CASE("an error among the samples of an LPM01A ends them with its words") {
  for (const char* format : {"ascii_dec", "bin_hexa"}) {
    const VirtualInstrument lpm01a("slmrig-virtual-lpm01a", {"--fault", "error"});
    int toggles = 0;
    const base::Error error = error_of_stream(lpm01a, format, 100'000, &toggles);
    INFO(format);
    CHECK(error.code == base::ErrorCode::kDeviceFault);
    CHECK_THAT(error.text(), Catch::Contains("voltage drop"));
  }
}

TEST_CASE("events on D7 are a marker line of an LPM01A, and one that was not told is an error") {
  int toggles = 0;
  const VirtualInstrument good("slmrig-virtual-lpm01a", {"--fault", "events"});
  CHECK(error_of_stream(good, "ascii_dec", 1000, &toggles).text() == "none");
  CHECK(toggles >= 9);
  const VirtualInstrument bad("slmrig-virtual-lpm01a", {"--fault", "event-gap"});
  const base::Error error = error_of_stream(bad, "ascii_dec", 100'000, &toggles);
  CHECK(error.code == base::ErrorCode::kDeviceFault);
  CHECK_THAT(error.text(), Catch::Contains("event 3 came where 2 was expected"));
}

TEST_CASE("what is no LPM01A is refused as such") {
  const VirtualInstrument other("slmrig-virtual-ppk2");
  const auto meter = open_meter(spec_of(other));
  REQUIRE_FALSE(meter);
  CHECK_THAT(meter.error().text(), Catch::Contains("is no LPM01A"));
}

}  // namespace slmrig::rig
