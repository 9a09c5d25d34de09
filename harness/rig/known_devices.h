// USB devices that a rig is made of, by vendor and product: debug probes, power meters, serial adapters.
#pragma once

#include <cstdint>
#include <string>

#include "harness/rig/host_devices.h"

namespace slmrig::rig {

enum class DeviceRole { kUnknown, kProbe, kMeter };

struct KnownDevice {
  DeviceRole role = DeviceRole::kUnknown;
  std::string name;  // "SEGGER J-Link"; empty: unknown
};

KnownDevice known_device(const UsbDevice& device);

}  // namespace slmrig::rig
