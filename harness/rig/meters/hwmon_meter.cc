#include "harness/rig/meters/hwmon_meter.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/rig/meters/sensor_rails.h"
#include "harness/rig/meters/sysfs.h"

namespace slmrig::rig {
namespace {

namespace fs = std::filesystem;
using base::Result;

constexpr int kMostRails = 16;
constexpr double kMilliToMicro = 1000;
constexpr double kMicroOhm = 1e-6;

bool is_there(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored);
}

RailFile file_if_there(const fs::path& file, double scale) {
  return is_there(file) ? RailFile{file, 0, scale} : RailFile{};
}

// The voltage that belongs to a current by its name: IBUS and VBUS of the powerz driver, whose numbers
// differ.
int voltage_of_label(const fs::path& folder, const std::string& current_label) {
  if (current_label.empty() || current_label.front() != 'I') return -1;
  for (int i = 0; i < kMostRails; ++i) {
    if (read_line(folder / fmt::format("in{}_label", i)) == "V" + current_label.substr(1)) return i;
  }
  return -1;
}

Rail rail_of(const fs::path& folder, int number) {
  Rail rail;
  const std::string current_label = read_line(folder / fmt::format("curr{}_label", number));
  const int by_label = voltage_of_label(folder, current_label);
  const int voltage = by_label >= 0 ? by_label : number;
  rail.label = by_label >= 0 ? current_label : read_line(folder / fmt::format("in{}_label", number));
  if (rail.label.empty()) rail.label = current_label;
  if (rail.label.empty()) rail.label = read_line(folder / fmt::format("power{}_label", number));
  if (rail.label.empty()) rail.label = fmt::format("{}", number);
  rail.current_ua = file_if_there(folder / fmt::format("curr{}_input", number), kMilliToMicro);
  rail.voltage_mv = file_if_there(folder / fmt::format("in{}_input", voltage), 1);
  rail.power_uw = file_if_there(folder / fmt::format("power{}_input", number), 1);
  if (!rail.power_uw) rail.power_uw = file_if_there(folder / fmt::format("power{}_average", number), 1);
  if (!rail.current_ua) rail.voltage_mv = {};
  for (const char* name : {"shunt_resistor", "shunt{}_resistor"}) {
    const auto shunt = read_integer(folder / fmt::format(fmt::runtime(name), number));
    if (shunt) rail.shunt_ohm = static_cast<double>(*shunt) * kMicroOhm;
  }
  return rail;
}

bool measures(const fs::path& folder, const Rail& rail, int number) {
  if (rail.label == "NC" || rail.label.find("sum of") != std::string::npos) return false;
  const auto enabled = read_integer(folder / fmt::format("in{}_enable", number));
  if (enabled && *enabled == 0) return false;
  return rail.power_uw || (rail.current_ua && rail.voltage_mv);
}

void add_rails(const fs::path& folder, std::vector<Rail>* rails) {
  const std::string chip = read_line(folder / "name");
  if (chip.empty()) return;
  std::error_code problem;
  const fs::path device = fs::canonical(folder / "device", problem);
  const auto update = read_integer(folder / "update_interval");
  // Of an INA3221 the fourth is the sum of the three currents, and in4 to in6 are shunts.
  const int last = chip == "ina3221" ? 3 : kMostRails;
  for (int number = 1; number <= last; ++number) {
    Rail rail = rail_of(folder, number);
    if (!measures(folder, rail, number)) continue;
    rail.chip = chip;
    rail.device = problem ? std::string() : device.filename().string();
    if (update && *update > 0) rail.update_interval_s = static_cast<double>(*update) * 1e-3;
    rails->push_back(std::move(rail));
  }
}

std::vector<Rail> hwmon_rails(const fs::path& sys) {
  std::vector<Rail> rails;
  for (const fs::path& folder : entries_of(sys / "class/hwmon")) add_rails(folder, &rails);
  return rails;
}

}  // namespace

Result<std::unique_ptr<Meter>> open_hwmon(const base::MeterSpec& spec, const HostRoots& roots) {
  return open_rails(spec, roots.sys, hwmon_rails);
}

std::vector<NamedSensor> hwmon_sensors(const HostRoots& roots) { return named_rails(hwmon_rails(roots.sys)); }

}  // namespace slmrig::rig
