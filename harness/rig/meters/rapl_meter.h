// The energy counters of x86 processors (RAPL), as the kernel's powercap shows them.
//
// MeterSpec::address is a zone: "package-0", "package-0/core", "psys", or nothing, which is the sum of all
// packages. It measures, or models, the processor's package: not the board, its memory only where there is a
// zone for it, and no accuracy is stated. Where the processor has SGX, noise is added on purpose.
//
// Settings: rate_hz (absent: 100), gain_percent, sys (another root than /sys).
#pragma once

#include <memory>

#include "harness/rig/host_devices.h"
#include "harness/rig/meters/meter.h"
#include "harness/rig/meters/polled_meter.h"

namespace slmrig::rig {

base::Result<std::unique_ptr<Meter>> open_rapl(const base::MeterSpec& spec, const HostRoots& roots = {});
std::vector<NamedSensor> rapl_zones(const HostRoots& roots = {});

}  // namespace slmrig::rig
