// The bench's own switch. Internal to deploy.
#pragma once

#include <functional>

#include "harness/base/error.h"
#include "harness/base/records/rig.h"

namespace slmrig::deploy {

// Off, off_ms later on. An error names the command, how it ended and what it said; after a failed `off` it is
// switched on all the same. kTimeout also when `stop` (may be empty) became true.
base::Done power_cycle(const base::PowerSwitchSpec& power, const std::function<bool()>& stop);

}  // namespace slmrig::deploy
