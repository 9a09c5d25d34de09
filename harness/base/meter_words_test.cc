#include "harness/base/meter_words.h"

#include <catch2/catch.hpp>

namespace slmrig::base {

TEST_CASE("A meter that did not tell its constants is told from one that has none to tell") {
  using Catch::Matchers::Contains;
  MeterFacts instrument;
  instrument.kind = "ppk2";
  instrument.settings["calibration_missing"] = "O0 GI3";
  MeterRange range;
  range.name = "50 uA";
  CHECK_THAT(uncalibrated_text(instrument, range), Contains("range 50 uA") && Contains("missing: O0 GI3"));
  MeterFacts sensor;
  sensor.kind = "rapl";
  range.name = "whole";
  CHECK_THAT(uncalibrated_text(sensor, range), Contains("nobody states") && Contains("rapl") &&
                                                   Contains("gain_percent") && !Contains("constants"));
}

}  // namespace slmrig::base
