#include "harness/base/meter_words.h"

#include <fmt/format.h>

namespace slmrig::base {

std::string uncalibrated_text(const MeterFacts& meter, const MeterRange& range) {
  const auto missing = meter.settings.find("calibration_missing");
  if (missing != meter.settings.end()) {
    return fmt::format(
        "range {} is not calibrated: the meter did not tell all of its constants (missing: {})", range.name,
        missing->second);
  }
  const std::string where =
      meter.ranges.size() > 1 ? fmt::format(" in its range {}", range.name) : std::string();
  return fmt::format(
      "nobody states how exact this {} meter is{}: compare it with one that you trust, and give its setting "
      "\"gain_percent\"",
      meter.kind, where);
}

}  // namespace slmrig::base
