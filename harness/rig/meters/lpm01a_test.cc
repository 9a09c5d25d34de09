// The driver against a virtual LPM01A in a process of its own.
#include "harness/rig/meters/lpm01a.h"

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
  const VirtualInstrument lpm01a("slmrig-virtual-lpm01a", {"--overflow"});
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

TEST_CASE("what is no LPM01A is refused as such") {
  const VirtualInstrument other("slmrig-virtual-ppk2");
  const auto meter = open_meter(spec_of(other));
  REQUIRE_FALSE(meter);
  CHECK_THAT(meter.error().text(), Catch::Contains("is no LPM01A"));
}

}  // namespace slmrig::rig
