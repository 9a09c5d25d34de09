// Current and power sensors of the host as the kernel's hwmon shows them: INA219, INA226, INA3221, the rails
// of Jetson modules, USB-C meters of the powerz driver.
//
// MeterSpec::address says which:
//   ina226           the one rail of a chip of this name
//   1-0040           the same by its device, where several chips have one name
//   ina3221/VDD_IN   a rail by its label; VDD_CPU alone where only one chip has it
//   total            what the whole module takes: the rail VDD_IN or POM_5V_IN, else the sum of all rails
// The number in hwmonN changes from boot to boot and is no address.
//
// Settings: rate_hz (absent: twice the sensor's own rate where it tells it, else 100), gain_percent and
// offset_ua (accuracy, where it was checked), sys (another root than /sys).
#pragma once

#include <memory>

#include "harness/rig/host_devices.h"
#include "harness/rig/meters/meter.h"
#include "harness/rig/meters/polled_meter.h"

namespace slmrig::rig {

base::Result<std::unique_ptr<Meter>> open_hwmon(const base::MeterSpec& spec, const HostRoots& roots = {});
std::vector<NamedSensor> hwmon_sensors(const HostRoots& roots = {});

}  // namespace slmrig::rig
