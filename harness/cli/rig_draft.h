// A first rig file from what is plugged in. Pure.
#pragma once

#include <string>
#include <vector>

#include "harness/rig/host_devices.h"
#include "harness/rig/meters/meter_kinds.h"

namespace slmrig::cli {

// A debug probe, from whoever saw it (pyOCD, sysfs).
struct FoundProbe {
  std::string serial;
  std::string description;
};

struct FoundHardware {
  std::vector<FoundProbe> probes;
  std::vector<rig::SerialPort> ports;
  std::vector<rig::UsbDevice> meters;
  std::vector<rig::FoundMeter> sensors;  // what can be opened as a meter, also without a plug of its own
};

inline constexpr const char* kFillIn = "FILL-IN";

// JSON with comments ("$comment"): this host's own bench, one for each probe with the serial port of the same
// adapter, one for each port without a probe. `board` empty: what only a person knows says FILL-IN, and the
// file is refused until it is filled in.
std::string draft_rig(const FoundHardware& found, const std::string& name, const std::string& board);

}  // namespace slmrig::cli
