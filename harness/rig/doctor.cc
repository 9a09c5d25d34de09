#include "harness/rig/doctor.h"

#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/rig/known_devices.h"
#include "harness/rig/meters/hwmon_meter.h"
#include "harness/rig/meters/iio_meter.h"
#include "harness/rig/meters/rapl_meter.h"

namespace slmrig::rig {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRulesFile = "/etc/udev/rules.d/60-slmrig.rules";

std::string line_of(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

// A rule that a person may install; we never do.
std::string rule_for(const UsbDevice& usb, const std::string& subsystem) {
  const std::string match =
      subsystem == "usb" ? fmt::format("SUBSYSTEM==\"usb\", ATTR{{idVendor}}==\"{:04x}\"", usb.vendor_id)
                         : fmt::format("SUBSYSTEM==\"tty\", ATTRS{{idVendor}}==\"{:04x}\"", usb.vendor_id);
  return fmt::format(
      "write into {}:\n  {}, MODE=\"0660\", GROUP=\"plugdev\", TAG+=\"uaccess\", "
      "ENV{{ID_MM_DEVICE_IGNORE}}=\"1\"\n"
      "then: sudo udevadm control --reload && sudo udevadm trigger",
      kRulesFile, match);
}

bool may_use(const fs::path& file) { return ::access(file.c_str(), R_OK | W_OK) == 0; }

Diagnosis examine_usb(const UsbDevice& device, const KnownDevice& known, const HostRoots& roots) {
  Diagnosis diagnosis;
  diagnosis.subject = fmt::format("{} at USB {}{}", known.name, device.place,
                                  device.serial.empty() ? "" : " (" + device.serial + ")");
  const fs::path folder = roots.sys / "bus/usb/devices" / device.place;
  const int bus = std::atoi(line_of(folder / "busnum").c_str());
  const int number = std::atoi(line_of(folder / "devnum").c_str());
  const fs::path node = roots.dev / "bus/usb" / fmt::format("{:03}", bus) / fmt::format("{:03}", number);
  std::error_code ignored;
  if (!fs::exists(node, ignored)) {
    diagnosis.health = Health::kDoubtful;
    diagnosis.found = fmt::format("there is no {}; in a container, it must be passed through", node.string());
  } else if (!may_use(node)) {
    diagnosis.health = Health::kBad;
    diagnosis.found = fmt::format("no permission to use {}", node.string());
    diagnosis.remedy = rule_for(device, "usb");
  } else {
    diagnosis.found = "may be used";
  }
  if (device.serial.empty() && diagnosis.health == Health::kGood && known.role == DeviceRole::kProbe) {
    diagnosis.health = Health::kDoubtful;
    diagnosis.found += ", but has no serial number: only one such probe can be told apart from others";
  }
  return diagnosis;
}

Diagnosis examine_port(const SerialPort& port, const HostRoots& roots) {
  Diagnosis diagnosis;
  diagnosis.subject = "serial port " + (port.by_id.empty() ? port.device : port.by_id);
  const std::string holder = holder_of(port.device, roots);
  if (!may_use(port.device)) {
    diagnosis.health = Health::kBad;
    diagnosis.found = fmt::format("no permission to use {}", port.device);
    diagnosis.remedy =
        "sudo usermod -aG dialout $USER, and log in anew; or " +
        (port.usb.place.empty() ? std::string("give the port to your group") : rule_for(port.usb, "tty"));
  } else if (!holder.empty()) {
    diagnosis.health = Health::kDoubtful;
    diagnosis.found = "is in use by " + holder;
    if (!port.usb.place.empty() && holder.find("ModemManager") != std::string::npos)
      diagnosis.remedy = rule_for(port.usb, "tty");
  } else if (!port.usb.place.empty() && port.usb.serial.empty()) {
    diagnosis.health = Health::kDoubtful;
    diagnosis.found = "its adapter has no serial number: name it by its path, and give the bench a unit_id";
  } else {
    diagnosis.found = "may be used, and nobody else does";
  }
  return diagnosis;
}

Diagnosis sensor_diagnosis(const std::string& kind, const std::string& address,
                           const base::Result<std::unique_ptr<Meter>>& opened) {
  Diagnosis diagnosis;
  diagnosis.subject = "power sensor " + kind + (address.empty() ? "" : ":" + address);
  diagnosis.found = "may be read";
  if (!opened) {
    diagnosis.health = Health::kDoubtful;
    diagnosis.found = opened.error().message;
  }
  return diagnosis;
}

}  // namespace

std::vector<Diagnosis> examine_devices(const HostRoots& roots) {
  std::vector<Diagnosis> all;
  for (const UsbDevice& device : usb_devices(roots)) {
    const KnownDevice known = known_device(device);
    if (known.role != DeviceRole::kUnknown) all.push_back(examine_usb(device, known, roots));
  }
  for (const SerialPort& port : serial_ports(roots)) all.push_back(examine_port(port, roots));
  if (all.empty()) {
    all.push_back({Health::kGood, "hardware",
                   "no probe, meter or serial port is plugged in: emulated boards only", ""});
  }
  return all;
}

std::vector<Diagnosis> examine_sensors(const HostRoots& roots) {
  std::vector<Diagnosis> all;
  base::MeterSpec spec;
  spec.kind = "hwmon";
  for (const NamedSensor& sensor : hwmon_sensors(roots)) {
    spec.address = sensor.address;
    all.push_back(sensor_diagnosis(spec.kind, spec.address, open_hwmon(spec, roots)));
  }
  spec.kind = "iio";
  for (const NamedSensor& sensor : iio_sensors(roots)) {
    spec.address = sensor.address;
    all.push_back(sensor_diagnosis(spec.kind, spec.address, open_iio(spec, roots)));
  }
  spec.kind = "rapl";
  spec.address.clear();
  if (!rapl_zones(roots).empty()) all.push_back(sensor_diagnosis(spec.kind, "", open_rapl(spec, roots)));
  return all;
}

std::vector<Diagnosis> examine_services(const HostRoots& roots) {
  std::error_code ignored;
  for (const auto& process : fs::directory_iterator(roots.proc, ignored)) {
    const std::string pid = process.path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    if (line_of(process.path() / "comm") != "ModemManager") continue;
    return {{Health::kDoubtful, "ModemManager",
             fmt::format(
                 "runs (process {}) and writes to every new serial port, to see whether it is a modem", pid),
             "sudo systemctl disable --now ModemManager, or keep it off single ports with "
             "ENV{ID_MM_DEVICE_IGNORE}=\"1\" in a udev rule"}};
  }
  return {{Health::kGood, "services", "none that opens serial ports by itself", ""}};
}

Diagnosis examine_disk(const fs::path& folder) {
  constexpr double kGigabyte = 1e9;
  constexpr double kLittle = 2.0 * kGigabyte;
  constexpr double kTooLittle = 0.2 * kGigabyte;
  std::error_code problem;
  fs::path place = fs::absolute(folder, problem);
  while (place.has_relative_path() && !fs::exists(place, problem)) place = place.parent_path();
  const fs::space_info space = fs::space(place, problem);
  Diagnosis diagnosis;
  diagnosis.subject = "disk";
  if (problem) {
    diagnosis.health = Health::kDoubtful;
    diagnosis.found =
        fmt::format("cannot tell how much is free in {}: {}", place.string(), problem.message());
    return diagnosis;
  }
  const auto free_bytes = static_cast<double>(space.available);
  diagnosis.found = fmt::format("{:.1f} GB are free in {}", free_bytes / kGigabyte, place.string());
  if (free_bytes < kLittle) {
    diagnosis.health = free_bytes < kTooLittle ? Health::kBad : Health::kDoubtful;
    diagnosis.remedy = "make room, or give another folder with --out";
  }
  return diagnosis;
}

Diagnosis examine_clock() {
  Diagnosis diagnosis;
  diagnosis.subject = "clock";
  timex state = {};
  const int kept = ::adjtimex(&state);
  if (kept < 0) {
    diagnosis.found = fmt::format("cannot tell whether it is kept: {}", std::strerror(errno));
    diagnosis.health = Health::kDoubtful;
  } else if (kept == TIME_ERROR || (state.status & STA_UNSYNC) != 0) {
    diagnosis.found = base::utc_text(base::utc_now_ns()) +
                      ", and nothing keeps it: dates of results may be wrong "
                      "(durations are not)";
    diagnosis.remedy = "sudo systemctl enable --now systemd-timesyncd, or chrony";
    diagnosis.health = Health::kDoubtful;
  } else {
    diagnosis.found = base::utc_text(base::utc_now_ns()) + ", kept by a time service";
  }
  return diagnosis;
}

}  // namespace slmrig::rig
