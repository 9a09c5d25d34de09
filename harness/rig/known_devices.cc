#include "harness/rig/known_devices.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace slmrig::rig {
namespace {

constexpr uint16_t kAnyProduct = 0;

struct Entry {
  uint16_t vendor_id;
  uint16_t product_id;
  DeviceRole role;
  const char* name;
};

// Vendors as usb.ids has them. Of a vendor that also makes other things only the products are named.
constexpr std::array kEntries = {
    Entry{0x1366, kAnyProduct, DeviceRole::kProbe, "SEGGER J-Link"},
    Entry{0x0483, 0x3748, DeviceRole::kProbe, "ST-LINK/V2"},
    Entry{0x0483, 0x374b, DeviceRole::kProbe, "ST-LINK/V2-1"},
    Entry{0x0483, 0x374d, DeviceRole::kProbe, "ST-LINK/V3"},
    Entry{0x0483, 0x374e, DeviceRole::kProbe, "ST-LINK/V3"},
    Entry{0x0483, 0x374f, DeviceRole::kProbe, "ST-LINK/V3"},
    Entry{0x0483, 0x3753, DeviceRole::kProbe, "ST-LINK/V3"},
    Entry{0x0d28, 0x0204, DeviceRole::kProbe, "DAPLink (CMSIS-DAP)"},
    Entry{0x2e8a, 0x000c, DeviceRole::kProbe, "Raspberry Pi Debug Probe (CMSIS-DAP)"},
    Entry{0x1fc9, 0x0143, DeviceRole::kProbe, "NXP MCU-Link (CMSIS-DAP)"},
    Entry{0x1fc9, 0x0090, DeviceRole::kProbe, "NXP LPC-Link2 (CMSIS-DAP)"},
    Entry{0x1915, 0xc00a, DeviceRole::kMeter, "Nordic Power Profiler Kit II"},
    Entry{0x16d0, 0x10ba, DeviceRole::kMeter, "Joulescope JS220"},
    Entry{0x16d0, 0x0e88, DeviceRole::kMeter, "Joulescope JS110"},
    Entry{0x16d0, 0x135a, DeviceRole::kMeter, "Joulescope JS320"},
    Entry{0x2ab9, 0x0001, DeviceRole::kMeter, "Monsoon HVPM"},
};

bool contains_ignoring_case(std::string text, std::string_view part) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text.find(part) != std::string::npos;
}

}  // namespace

KnownDevice known_device(const UsbDevice& device) {
  for (const Entry& entry : kEntries) {
    const bool product = entry.product_id == kAnyProduct || entry.product_id == device.product_id;
    if (entry.vendor_id == device.vendor_id && product) return {entry.role, entry.name};
  }
  // The standard asks makers of these probes for the word in the product's name.
  if (contains_ignoring_case(device.product, "cmsis-dap")) return {DeviceRole::kProbe, device.product};
  return {};
}

}  // namespace slmrig::rig
