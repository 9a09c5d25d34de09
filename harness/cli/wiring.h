// How a bench's power meter and marker lines are to be wired, in words. Pure.
#pragma once

#include <string>

#include "harness/base/records/rig.h"

namespace slmrig::cli {

// Line by line, for whoever stands before the bench; for a bench without a meter, that it has none.
std::string wiring_text(const base::Bench& bench);

}  // namespace slmrig::cli
