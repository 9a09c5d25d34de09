// ST X-NUCLEO-LPM01A (PowerShield) as a meter: microcontrollers only, 1.8 to 3.3 V and some 10 mA.
//
// It always feeds the board. Where MeterSpec::mode is "source", voltage and power are set at opening, and the
// power once more at closing, as leave_powered says; without a mode both stay as they are. Settings:
//   rate_hz   1000, 2000, 5000, 10000 (also without it), 20000, 50000, 100000
//   format    "bin_hexa" (also without it) or "ascii_dec", which goes up to 5000 Hz
// Falling edges on D7 come as a marker line, D0, that toggles at each (firmware 1.0.6 and later).
#pragma once

#include <memory>

#include "harness/rig/host_devices.h"
#include "harness/rig/meters/meter.h"
#include "harness/rig/meters/meter_port.h"

namespace slmrig::rig {

MeterUsb lpm01a_usb();

base::Result<std::unique_ptr<Meter>> open_lpm01a(const base::MeterSpec& spec, const HostRoots& roots = {});

}  // namespace slmrig::rig
