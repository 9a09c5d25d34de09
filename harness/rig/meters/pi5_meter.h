// The power management chip of a Raspberry Pi 5, through `vcgencmd pmic_read_adc`.
//
// MeterSpec::address is a rail ("VDD_CORE"), or nothing: the sum of all rails that have a current. Not in it:
// the USB ports, 5 V for HATs, and what the conversion itself takes; the supply's own voltage (EXT5V) has no
// current. No accuracy is stated.
//
// Settings: rate_hz (absent: 10; every reading starts a process), gain_percent, program (absent: vcgencmd).
#pragma once

#include <map>
#include <memory>
#include <string>

#include "harness/rig/meters/meter.h"
#include "harness/rig/meters/polled_meter.h"

namespace slmrig::rig {

struct PmicRail {
  double amperes = -1;  // negative: it has none
  double volts = -1;
};

// By name, from what vcgencmd prints. kCorrupt where nothing in it is a rail.
base::Result<std::map<std::string, PmicRail>> parse_pmic(const std::string& output);

base::Result<std::unique_ptr<Meter>> open_pi5(const base::MeterSpec& spec);
// Empty on anything but a Raspberry Pi that has the program.
std::vector<NamedSensor> pi5_sensors();

}  // namespace slmrig::rig
