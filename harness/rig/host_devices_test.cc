#include "harness/rig/host_devices.h"

#include <catch2/catch.hpp>

#include "harness/base/file.h"

namespace slmrig::rig {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

// A host's /sys, /dev and /proc in a folder.
struct Host {
  base::TemporaryDirectory folder = base::TemporaryDirectory::create("host").value();
  HostRoots roots = {folder.path() / "sys", folder.path() / "dev", folder.path() / "proc"};

  Host() { fs::create_directories(roots.sys / "bus/usb/devices"); }
  static void write(const fs::path& file, const std::string& text) {
    fs::create_directories(file.parent_path());
    REQUIRE(base::write_file_atomically(file, text + "\n"));
  }
  fs::path add_usb(const std::string& place, const std::string& vendor, const std::string& product,
                   const std::string& serial, const std::string& device_class = "00") const {
    const fs::path device = roots.sys / "devices/usb1" / place;
    write(device / "idVendor", vendor);
    write(device / "idProduct", product);
    write(device / "product", "Thing " + place);
    write(device / "bDeviceClass", device_class);
    if (!serial.empty()) write(device / "serial", serial);
    fs::create_directory_symlink(device, roots.sys / "bus/usb/devices" / place);
    return device;
  }
  // A port of the adapter in `device`, with the links that udev lays.
  void add_port(const std::string& name, const fs::path& device, const std::string& by_id) const {
    const fs::path interface = device / (name + ":1.0");
    fs::create_directories(interface / "tty" / name);
    fs::create_directories(roots.sys / "class/tty");
    fs::create_directory_symlink(interface / "tty" / name, roots.sys / "class/tty" / name);
    fs::create_directory_symlink(interface, interface / "tty" / name / "device");
    write(roots.dev / name, "");
    if (!by_id.empty()) link("by-id", by_id, name);
    // Several ports of one device differ in the number of their interface.
    const std::string path = "pci-" + device.filename().string();
    const bool is_first = !fs::exists(fs::symlink_status(roots.dev / "serial/by-path" / path));
    link("by-path", is_first ? path : path + "-" + name, name);
  }
  void link(const std::string& kind, const std::string& link_name, const std::string& name) const {
    fs::create_directories(roots.dev / "serial" / kind);
    fs::create_symlink("../../" + name, roots.dev / "serial" / kind / link_name);
  }
};

base::LinkSpec at_address(const std::string& address) {
  base::LinkSpec link;
  link.kind = "serial";
  link.address = address;
  return link;
}

base::LinkSpec of_serial(const std::string& usb_serial) {
  base::LinkSpec link;
  link.kind = "serial";
  link.usb_serial = usb_serial;
  return link;
}

}  // namespace

TEST_CASE("USB devices and serial ports are listed with what tells them apart") {
  const Host host;
  host.add_usb("usb1", "1d6b", "0002", "", "09");
  host.add_port("ttyACM0", host.add_usb("1-2", "0d28", "0204", "PROBE7"), "usb-Arm_PROBE7-if01");
  host.add_port("ttyUSB0", host.add_usb("1-3", "1a86", "7523", ""), "");
  Host::write(host.roots.sys / "class/tty/ttyS0/type", "4");
  fs::create_directories(host.roots.sys / "class/tty/ttyS0/device");
  Host::write(host.roots.sys / "class/tty/ttyS1/type", "0");
  fs::create_directories(host.roots.sys / "class/tty/ttyS1/device");
  const auto devices = usb_devices(host.roots);
  REQUIRE(devices.size() == 2);
  CHECK(devices[0].place == "1-2");
  CHECK(devices[0].vendor_id == 0x0d28);
  CHECK(devices[0].product == "Thing 1-2");
  const auto ports = serial_ports(host.roots);
  REQUIRE(ports.size() == 3);
  CHECK(ports[0].usb.serial == "PROBE7");
  CHECK(ports[0].by_id == (host.roots.dev / "serial/by-id/usb-Arm_PROBE7-if01").string());
  CHECK(ports[1].device == (host.roots.dev / "ttyS0").string());
  CHECK(ports[1].usb.place.empty());
  CHECK(ports[2].by_id.empty());
  CHECK(ports[2].by_path == (host.roots.dev / "serial/by-path/pci-1-3").string());
}

TEST_CASE("a port is found by names that stay, and never by a number") {
  const Host host;
  host.add_port("ttyACM0", host.add_usb("1-2", "0d28", "0204", "PROBE7"), "usb-Arm_PROBE7-if01");
  host.add_port("ttyUSB0", host.add_usb("1-3", "1a86", "7523", ""), "");
  const std::string acm = (host.roots.dev / "ttyACM0").string();
  const std::string by_id = (host.roots.dev / "serial/by-id/usb-Arm_PROBE7-if01").string();
  CHECK(find_serial_port(of_serial("PROBE7"), host.roots).value() == acm);
  CHECK(find_serial_port(at_address(by_id), host.roots).value() == acm);
  const auto refused = find_serial_port(at_address(acm), host.roots);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kBadInput);
  CHECK_THAT(refused.error().message, Catch::Contains("write \"address\": \"" + by_id + "\""));
  const auto nameless = find_serial_port(at_address(host.roots.dev / "ttyUSB0"), host.roots);
  REQUIRE_FALSE(nameless);
  CHECK_THAT(nameless.error().message, Catch::Contains("by-path/pci-1-3") && Catch::Contains("unit_id"));
  const auto absent = find_serial_port(at_address(host.roots.dev / "ttyACM9"), host.roots);
  REQUIRE_FALSE(absent);
  CHECK_THAT(absent.error().message, Catch::Contains("ports that are there now: " + by_id));
}

TEST_CASE("adapters that cannot be told apart by their serial number are refused") {
  const Host host;
  const fs::path twin = host.add_usb("1-2", "0403", "6011", "FT4");
  host.add_port("ttyUSB0", twin, "usb-FTDI-if00");
  host.add_port("ttyUSB1", twin, "usb-FTDI-if01");
  const auto refused = find_serial_port(of_serial("FT4"), host.roots);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kBadInput);
  CHECK_THAT(refused.error().message, Catch::Contains("2 serial ports") && Catch::Contains("usb-FTDI-if01"));
  const auto absent = find_serial_port(of_serial("other"), host.roots);
  REQUIRE_FALSE(absent);
  CHECK(absent.error().code == ErrorCode::kLinkLost);
}

TEST_CASE("who has a port open is named") {
  const Host host;
  host.add_port("ttyACM0", host.add_usb("1-2", "0d28", "0204", "PROBE7"), "");
  const std::string device = (host.roots.dev / "ttyACM0").string();
  CHECK(holder_of(device, host.roots).empty());
  Host::write(host.roots.proc / "812/comm", "ModemManager");
  fs::create_directories(host.roots.proc / "812/fd");
  fs::create_symlink(fs::canonical(device), host.roots.proc / "812/fd/7");
  CHECK(holder_of(device, host.roots) == "process 812 (ModemManager)");
}

}  // namespace slmrig::rig
