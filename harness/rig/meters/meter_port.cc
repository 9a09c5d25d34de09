#include "harness/rig/meters/meter_port.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

namespace slmrig::rig {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;
using base::Result;

std::string name_of(const SerialPort& port) {
  if (!port.by_id.empty()) return port.by_id;
  return port.by_path.empty() ? port.device : port.by_path;
}

bool is_such(const SerialPort& port, const MeterUsb& usb) {
  return port.usb.vendor_id == usb.vendor_id && port.usb.product_id == usb.product_id &&
         port.usb.product.find(usb.product) != std::string::npos;
}

// Of each instrument its lowest interface.
std::vector<SerialPort> first_ports(std::vector<SerialPort> ports) {
  std::stable_sort(ports.begin(), ports.end(), [](const SerialPort& a, const SerialPort& b) {
    return std::tie(a.usb.place, a.usb_interface) < std::tie(b.usb.place, b.usb_interface);
  });
  const auto is_same = [](const SerialPort& a, const SerialPort& b) { return a.usb.place == b.usb.place; };
  ports.erase(std::unique(ports.begin(), ports.end(), is_same), ports.end());
  return ports;
}

std::string list_of(const std::vector<SerialPort>& ports) {
  std::string text;
  for (const SerialPort& port : ports) text += (text.empty() ? "" : ", ") + name_of(port);
  return text.empty() ? "none" : text;
}

Result<SerialPort> find_by_usb(const base::MeterSpec& spec, const MeterUsb& usb, const HostRoots& roots) {
  std::vector<SerialPort> all = first_ports(serial_ports(roots));
  std::erase_if(all, [&](const SerialPort& port) {
    return spec.usb_serial.empty() ? !is_such(port, usb) : port.usb.serial != spec.usb_serial;
  });
  if (all.size() == 1) return all.front();
  const std::string which =
      spec.usb_serial.empty() ? std::string() : " with the serial number " + spec.usb_serial;
  if (all.empty()) {
    return fail(ErrorCode::kLinkLost,
                fmt::format("no {}{} is plugged in; `slmrig power list` shows what is", usb.name, which));
  }
  return fail(ErrorCode::kBadInput, fmt::format("{} instruments could be meant: {}; name one by its address",
                                                all.size(), list_of(all)));
}

bool is_pseudo_terminal(const std::string& address) {
  std::error_code missing;
  const fs::path device = fs::canonical(address, missing);
  return !missing && device.parent_path() == "/dev/pts";
}

// Who the port belongs to, as far as the USB tells.
void identify(MeterPort& port, const HostRoots& roots) {
  std::error_code missing;
  const fs::path device = fs::canonical(port.address, missing);
  for (const SerialPort& one : serial_ports(roots)) {
    if (one.device != device) continue;
    port.usb_serial = one.usb.serial;
    port.product = one.usb.product;
  }
}

}  // namespace

Result<std::string> find_meter_port(const base::MeterSpec& spec, const MeterUsb& usb,
                                    const HostRoots& roots) {
  if (!spec.address.empty()) return spec.address;
  SLMRIG_ASSIGN(const SerialPort port, find_by_usb(spec, usb, roots));
  return name_of(port);
}

std::vector<FoundMeter> plugged_meters(const std::string& kind, const MeterUsb& usb, const HostRoots& roots) {
  std::vector<FoundMeter> found;
  for (const SerialPort& port : first_ports(serial_ports(roots))) {
    if (!is_such(port, usb)) continue;
    const std::string& serial = port.usb.serial;
    found.push_back({kind, serial.empty() ? usb.name : usb.name + ", " + serial, name_of(port)});
  }
  return found;
}

Result<MeterPort> open_meter_port(const base::MeterSpec& spec, const MeterUsb& usb, int baud,
                                  const HostRoots& roots) {
  MeterPort port;
  SLMRIG_ASSIGN(port.address, find_meter_port(spec, usb, roots));
  base::LinkSpec link;
  link.address = port.address;
  // A pseudo-terminal has no rate, and termios no name for that of some instruments.
  constexpr int kAnyBaud = 115200;
  const bool pseudo = is_pseudo_terminal(port.address);
  link.baud = pseudo ? kAnyBaud : baud;
  link.kind = pseudo ? "tty" : "serial";
  SLMRIG_ASSIGN(port.link, open_link(link, 0));
  identify(port, roots);
  return port;
}

}  // namespace slmrig::rig
