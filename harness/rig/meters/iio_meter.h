// Current and power sensors of the host as the kernel's industrial I/O shows them: ina2xx-adc, converters
// with current channels, and the rails of Jetson modules under JetPack 4.
//
// MeterSpec::address and settings are those of hwmon_meter.h; the chip is what the device's `name` says.
#pragma once

#include <memory>

#include "harness/rig/host_devices.h"
#include "harness/rig/meters/meter.h"
#include "harness/rig/meters/polled_meter.h"

namespace slmrig::rig {

base::Result<std::unique_ptr<Meter>> open_iio(const base::MeterSpec& spec, const HostRoots& roots = {});
std::vector<NamedSensor> iio_sensors(const HostRoots& roots = {});

}  // namespace slmrig::rig
