// What is plugged into this host: USB devices and serial ports, as sysfs, /dev and /proc tell it.
//
// Reads files and nothing else: no port is opened, no device asked. Where the kernel tells nothing, lists are
// empty. Safe from many threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/records/rig.h"

namespace slmrig::rig {

// Where the kernel shows its things; tests lay out folders of their own.
struct HostRoots {
  std::filesystem::path sys = "/sys";
  std::filesystem::path dev = "/dev";
  std::filesystem::path proc = "/proc";
};

struct UsbDevice {
  std::string place;  // "1-1.4": bus and ports on the way; stays while nobody replugs it elsewhere
  uint16_t vendor_id = 0;
  uint16_t product_id = 0;
  std::string manufacturer;
  std::string product;
  std::string serial;  // empty: it has none
};

// Sorted by place; hubs are left out.
std::vector<UsbDevice> usb_devices(const HostRoots& roots = {});

struct SerialPort {
  std::string device;      // "/dev/ttyACM0": the number changes with the order of plugging in
  std::string by_id;       // "/dev/serial/by-id/...": stays with the adapter; empty where there is none
  std::string by_path;     // "/dev/serial/by-path/...": stays with the socket
  UsbDevice usb;           // the adapter; no place: none (a UART of the host itself)
  int usb_interface = -1;  // of the adapter: one with several ports has several; -1: not told
};

// Sorted by device.
std::vector<SerialPort> serial_ports(const HostRoots& roots = {});

// The name under which the port of a link of kind "serial" is opened now.
//   by usb_serial     the one port of the adapter with this serial number
//   by address        a name that stays: by-id, by-path, a UART of the host, a link that udev rules lay
// kBadInput: a name that changes (/dev/ttyACM0, /dev/ttyUSB0), or several ports that could be meant; the
// message says what to write instead. kLinkLost: it is not there now, but may be when it is plugged in.
base::Result<std::string> find_serial_port(const base::LinkSpec& link, const HostRoots& roots = {});

// "process 812 (slmrig)" of the one that holds a kernel flock on the open file; empty: not known.
std::string lock_holder_of(int fd, const HostRoots& roots = {});

// "process 812 (ModemManager)" of those that have the file open, as far as we may look; empty: none.
std::string holder_of(const std::string& device, const HostRoots& roots = {});

}  // namespace slmrig::rig
