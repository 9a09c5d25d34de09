#include "harness/rig/doctor.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/base/file.h"
#include "harness/rig/known_devices.h"

namespace slmrig::rig {
namespace {

namespace fs = std::filesystem;

struct Host {
  base::TemporaryDirectory folder = base::TemporaryDirectory::create("doctor").value();
  HostRoots roots = {folder.path() / "sys", folder.path() / "dev", folder.path() / "proc"};
  static void write(const fs::path& file, const std::string& text) {
    fs::create_directories(file.parent_path());
    REQUIRE(base::write_file_atomically(file, text + "\n"));
  }
  void add_probe(const std::string& serial) const {
    const fs::path device = roots.sys / "bus/usb/devices/1-2";
    write(device / "idVendor", "0d28");
    write(device / "idProduct", "0204");
    write(device / "busnum", "1");
    write(device / "devnum", "7");
    if (!serial.empty()) write(device / "serial", serial);
  }
};

}  // namespace

TEST_CASE("a probe that may not be used is answered with a rule to install") {
  const Host host;
  host.add_probe("A7");
  CHECK(examine_devices(host.roots).at(0).health == Health::kDoubtful);
  const fs::path node = host.roots.dev / "bus/usb/001/007";
  Host::write(node, "");
  const Diagnosis good = examine_devices(host.roots).at(0);
  CHECK(good.health == Health::kGood);
  CHECK(good.subject == "DAPLink (CMSIS-DAP) at USB 1-2 (A7)");
  if (::geteuid() == 0) return;  // root may use everything
  fs::permissions(node, fs::perms::none);
  const Diagnosis bad = examine_devices(host.roots).at(0);
  CHECK(bad.health == Health::kBad);
  CHECK_THAT(bad.remedy, Catch::Contains("ATTR{idVendor}==\"0d28\"") && Catch::Contains("udevadm"));
}

TEST_CASE("a probe without a serial number is a doubt") {
  const Host host;
  host.add_probe("");
  Host::write(host.roots.dev / "bus/usb/001/007", "");
  const Diagnosis found = examine_devices(host.roots).at(0);
  CHECK(found.health == Health::kDoubtful);
  CHECK_THAT(found.found, Catch::Contains("no serial number"));
}

TEST_CASE("power sensors that may not be read are a doubt that says how to grant them") {
  const Host host;
  CHECK(examine_sensors(host.roots).empty());
  const fs::path chip = host.roots.sys / "class/hwmon/hwmon1";
  Host::write(chip / "name", "ina226");
  Host::write(chip / "curr1_input", "412");
  Host::write(chip / "in1_input", "5012");
  const fs::path zone = host.roots.sys / "class/powercap/intel-rapl:0";
  Host::write(zone / "name", "package-0");
  Host::write(zone / "max_energy_range_uj", "262143328850");
  Host::write(zone / "energy_uj", "no number");
  const std::vector<Diagnosis> found = examine_sensors(host.roots);
  REQUIRE(found.size() == 2);
  CHECK(found[0].subject == "power sensor hwmon:ina226/1");
  CHECK(found[0].health == Health::kGood);
  CHECK(found[1].subject == "power sensor rapl");
  CHECK(found[1].health == Health::kDoubtful);
  CHECK_THAT(found[1].found, Catch::Contains("no number"));
}

TEST_CASE("a port that ModemManager holds is a doubt with a remedy") {
  const Host host;
  const fs::path device = host.roots.sys / "devices/usb1/1-3";
  Host::write(device / "idVendor", "0403");
  Host::write(device / "serial", "FT1");
  fs::create_directories(host.roots.sys / "class/tty/ttyUSB0");
  fs::create_directory_symlink(device, host.roots.sys / "class/tty/ttyUSB0/device");
  Host::write(host.roots.dev / "ttyUSB0", "");
  CHECK(examine_devices(host.roots).at(0).health == Health::kGood);
  CHECK(examine_services(host.roots).at(0).health == Health::kGood);
  Host::write(host.roots.proc / "812/comm", "ModemManager");
  fs::create_directories(host.roots.proc / "812/fd");
  fs::create_symlink(fs::canonical(host.roots.dev / "ttyUSB0"), host.roots.proc / "812/fd/7");
  const Diagnosis held = examine_devices(host.roots).at(0);
  CHECK(held.health == Health::kDoubtful);
  CHECK_THAT(held.found, Catch::Contains("ModemManager"));
  CHECK_THAT(held.remedy, Catch::Contains("ID_MM_DEVICE_IGNORE"));
  CHECK_THAT(examine_services(host.roots).at(0).remedy, Catch::Contains("systemctl disable"));
}

TEST_CASE("a host without hardware is healthy, and its disk and clock are looked at") {
  const Host host;
  const auto found = examine_devices(host.roots);
  REQUIRE(found.size() == 1);
  CHECK(found[0].health == Health::kGood);
  CHECK_THAT(examine_disk("/proc/no/such").found, Catch::Contains("free in /proc"));
  CHECK_FALSE(examine_clock().found.empty());
}

TEST_CASE("devices are known by vendor and product, and probes by what they call themselves") {
  UsbDevice device;
  device.vendor_id = 0x1915;
  device.product_id = 0xc00a;
  CHECK(known_device(device).role == DeviceRole::kMeter);
  device.product_id = 0x1234;
  CHECK(known_device(device).role == DeviceRole::kUnknown);
  device.product = "Somebody's CMSIS-DAP";
  CHECK(known_device(device).role == DeviceRole::kProbe);
  device.vendor_id = 0x1366;
  CHECK(known_device(device).name == "SEGGER J-Link");
}

}  // namespace slmrig::rig
