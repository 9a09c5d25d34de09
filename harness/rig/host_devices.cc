#include "harness/rig/host_devices.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <fstream>

#include <fmt/format.h>

namespace slmrig::rig {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;
using base::Result;

// The first line of a small file of the kernel's; empty where there is none.
std::string line_of(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) line.pop_back();
  return line;
}

uint16_t hex_of(const std::string& text) {
  uint16_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) entries.push_back(entry.path());
  std::sort(entries.begin(), entries.end());
  return entries;
}

UsbDevice usb_device_at(const fs::path& folder) {
  UsbDevice device;
  device.place = folder.filename().string();
  device.vendor_id = hex_of(line_of(folder / "idVendor"));
  device.product_id = hex_of(line_of(folder / "idProduct"));
  device.manufacturer = line_of(folder / "manufacturer");
  device.product = line_of(folder / "product");
  device.serial = line_of(folder / "serial");
  return device;
}

// The link in `folder` that leads to a device of this name.
std::string link_to(const fs::path& folder, const std::string& name) {
  std::error_code ignored;
  for (const fs::path& entry : entries_of(folder)) {
    if (fs::read_symlink(entry, ignored).filename() == name) return entry.string();
  }
  return {};
}

// Most of a PC's ttyS* are names without a UART: their type is 0.
bool is_uart(const fs::path& tty) {
  const std::string type = line_of(tty / "type");
  return !type.empty() && type != "0";
}

bool has_changing_name(const std::string& name) {
  return name.starts_with("ttyACM") || name.starts_with("ttyUSB");
}

std::string steady_name(const SerialPort& port) {
  if (!port.by_id.empty()) return fmt::format("\"address\": \"{}\"", port.by_id);
  if (!port.by_path.empty()) return fmt::format("\"address\": \"{}\" and the board's unit_id", port.by_path);
  return fmt::format("a name that a udev rule lays for {}", port.device);
}

std::string list_of(const std::vector<SerialPort>& ports) {
  std::string text;
  for (const SerialPort& port : ports) {
    if (port.usb.place.empty()) continue;
    text +=
        fmt::format("{}{} ({}{})", text.empty() ? "" : ", ", port.by_id.empty() ? port.device : port.by_id,
                    port.usb.product.empty() ? "USB" : port.usb.product,
                    port.usb.serial.empty() ? "" : ", serial number " + port.usb.serial);
  }
  return text.empty() ? "none" : text;
}

Result<std::string> find_by_usb_serial(const std::string& serial, const std::vector<SerialPort>& ports) {
  std::vector<SerialPort> found;
  std::copy_if(ports.begin(), ports.end(), std::back_inserter(found),
               [&](const SerialPort& port) { return port.usb.serial == serial; });
  if (found.size() == 1) return found.front().device;
  if (found.empty()) {
    return fail(
        ErrorCode::kLinkLost,
        fmt::format("no serial port has an adapter with the serial number {}; there are now: {}; is it "
                    "plugged in?",
                    serial, list_of(ports)));
  }
  return fail(
      ErrorCode::kBadInput,
      fmt::format("{} serial ports have an adapter with the serial number {}: {}; name one of them by "
                  "its address instead",
                  found.size(), serial, list_of(found)));
}

}  // namespace

std::vector<UsbDevice> usb_devices(const HostRoots& roots) {
  constexpr const char* kHubClass = "09";
  std::vector<UsbDevice> devices;
  std::error_code ignored;
  for (const fs::path& entry : entries_of(roots.sys / "bus/usb/devices")) {
    if (!fs::exists(entry / "idVendor", ignored)) continue;  // an interface of a device
    if (line_of(entry / "bDeviceClass") != kHubClass) devices.push_back(usb_device_at(entry));
  }
  return devices;
}

std::vector<SerialPort> serial_ports(const HostRoots& roots) {
  std::vector<SerialPort> ports;
  for (const fs::path& tty : entries_of(roots.sys / "class/tty")) {
    std::error_code missing;
    fs::path folder = fs::canonical(tty / "device", missing);
    if (missing) continue;
    SerialPort port;
    const std::string name = tty.filename().string();
    while (folder.has_relative_path() && !fs::exists(folder / "idVendor", missing))
      folder = folder.parent_path();
    if (folder.has_relative_path()) port.usb = usb_device_at(folder);
    if (port.usb.place.empty() && !is_uart(tty)) continue;
    const std::string interface = line_of(tty / "device/bInterfaceNumber");
    if (!interface.empty()) port.usb_interface = hex_of(interface);
    port.device = (roots.dev / name).string();
    port.by_id = link_to(roots.dev / "serial/by-id", name);
    port.by_path = link_to(roots.dev / "serial/by-path", name);
    ports.push_back(std::move(port));
  }
  return ports;
}

Result<std::string> find_serial_port(const base::LinkSpec& link, const HostRoots& roots) {
  const std::vector<SerialPort> ports = serial_ports(roots);
  if (!link.usb_serial.empty()) return find_by_usb_serial(link.usb_serial, ports);
  const fs::path address = link.address;
  if (has_changing_name(address.filename().string()) && address.parent_path() == roots.dev) {
    const auto port = std::find_if(ports.begin(), ports.end(),
                                   [&](const SerialPort& one) { return one.device == link.address; });
    return fail(
        ErrorCode::kBadInput,
        fmt::format("{} is the name of whatever was plugged in first, not of this board; {}", link.address,
                    port == ports.end() ? "ports that are there now: " + list_of(ports)
                                        : "write " + steady_name(*port)));
  }
  std::error_code missing;
  const fs::path device = fs::canonical(address, missing);
  if (missing) {
    return fail(ErrorCode::kLinkLost,
                fmt::format("no serial port {}: {}; is the board plugged in? Ports that are there now: {}",
                            link.address, missing.message(), list_of(ports)));
  }
  // libserialport looks names up under /sys/class/tty, where names of udev do not occur.
  const bool known = fs::exists(roots.sys / "class/tty" / device.filename(), missing);
  return known ? device.string() : link.address;
}

std::string lock_holder_of(int fd, const HostRoots& roots) {
  struct stat status = {};
  if (::fstat(fd, &status) != 0) return {};
  const std::string file =
      fmt::format("{:02x}:{:02x}:{}", major(status.st_dev), minor(status.st_dev), status.st_ino);
  // "1: FLOCK  ADVISORY  WRITE 812 00:18:3 0 EOF"
  std::ifstream locks(roots.proc / "locks");
  std::string number, kind, way, access, pid, place, rest;
  while (locks >> number >> kind >> way >> access >> pid >> place && std::getline(locks, rest)) {
    if (kind == "FLOCK" && place == file)
      return fmt::format("process {} ({})", pid, line_of(roots.proc / pid / "comm"));
  }
  return {};
}

std::string holder_of(const std::string& device, const HostRoots& roots) {
  std::error_code ignored;
  const fs::path wanted = fs::canonical(device, ignored);
  if (ignored) return {};
  for (const fs::path& process : entries_of(roots.proc)) {
    const std::string pid = process.filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    for (const fs::path& open_file : entries_of(process / "fd")) {
      if (fs::read_symlink(open_file, ignored) == wanted)
        return fmt::format("process {} ({})", pid, line_of(process / "comm"));
    }
  }
  return {};
}

}  // namespace slmrig::rig
