// The serial port of an instrument: which one it is, and that nobody else uses it.
#pragma once

#include <memory>
#include <string>

#include "harness/base/error.h"
#include "harness/base/records/rig.h"
#include "harness/rig/host_devices.h"
#include "harness/rig/link.h"
#include "harness/rig/meters/meter_kinds.h"

namespace slmrig::rig {

// How such an instrument looks on the USB.
struct MeterUsb {
  uint16_t vendor_id = 0;
  uint16_t product_id = 0;
  std::string name;     // "Power Profiler Kit II": for messages
  std::string product;  // what the product's text contains, where the ids are used by others too; empty: all
};

struct MeterPort {
  std::unique_ptr<Link> link;
  std::string address;     // as it was opened
  std::string usb_serial;  // of the instrument; empty: not known
  std::string product;     // as the USB tells it; empty: not known
};

// By the instrument's own serial number, by a port's name that stays, by the path of a pseudo-terminal, or,
// where `spec` names nothing, the only one that is plugged in. Of several ports of one instrument the one of
// the lowest USB interface: the others are shells. Errors: as find_serial_port; kLocked names the holder.
base::Result<MeterPort> open_meter_port(const base::MeterSpec& spec, const MeterUsb& usb, int baud,
                                        const HostRoots& roots = {});

// The address that open_meter_port would open, without opening it.
base::Result<std::string> find_meter_port(const base::MeterSpec& spec, const MeterUsb& usb,
                                          const HostRoots& roots = {});

// The ones that are plugged in.
std::vector<FoundMeter> plugged_meters(const std::string& kind, const MeterUsb& usb, const HostRoots& roots);

}  // namespace slmrig::rig
