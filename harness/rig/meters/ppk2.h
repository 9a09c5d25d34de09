// Nordic Power Profiler Kit II as a meter.
//
// MeterSpec::mode says what it is to do: "source" (it feeds the board; needs voltage_mv), "ampere" (it sits
// in the board's supply; voltage_mv is what that supply gives), or nothing (it is read as it stands: neither
// its mode, its voltage nor the board's power is touched). Where it has a mode, opening and closing leave the
// board's power as leave_powered says, so that a run that was killed is put right by the next; the instrument
// itself takes the power away within half a second after its port is closed.
//
// It measures no voltage and tells no version. Settings ("settings" of a bench's meter):
//   known_load_ohm   a resistor is connected in the board's place: self_check expects its current
#pragma once

#include <memory>

#include "harness/rig/host_devices.h"
#include "harness/rig/meters/meter.h"
#include "harness/rig/meters/meter_port.h"

namespace slmrig::rig {

MeterUsb ppk2_usb();

base::Result<std::unique_ptr<Meter>> open_ppk2(const base::MeterSpec& spec, const HostRoots& roots = {});

}  // namespace slmrig::rig
