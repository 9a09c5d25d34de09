// What is said in several places of a power meter.
#pragma once

#include <string>

#include "harness/base/records/power.h"

namespace slmrig::base {

// Why the figures of a range that is not calibrated are doubted: constants of its own that the instrument did
// not tell, or an accuracy that nobody states, as of most sensors.
std::string uncalibrated_text(const MeterFacts& meter, const MeterRange& range);

}  // namespace slmrig::base
