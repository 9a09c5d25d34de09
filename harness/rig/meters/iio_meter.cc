#include "harness/rig/meters/iio_meter.h"

#include <fmt/format.h>

#include "harness/rig/meters/sensor_rails.h"
#include "harness/rig/meters/sysfs.h"

namespace slmrig::rig {
namespace {

namespace fs = std::filesystem;
using base::Result;

constexpr int kMostChannels = 16;
// IIO counts volts in mV, current in mA, and power in mW.
constexpr double kMilliToMicro = 1000;

bool is_there(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored);
}

// "in_current3" times `unit`: the finished figure, or the raw one with its own or its kind's scale.
RailFile channel(const fs::path& folder, const std::string& kind, int number, double unit) {
  const std::string own = fmt::format("in_{}{}", kind, number);
  if (is_there(folder / (own + "_input"))) return {folder / (own + "_input"), 0, unit};
  if (!is_there(folder / (own + "_raw"))) return {};
  const auto either = [&](const char* what, double absent) {
    if (const auto value = read_number(folder / (own + what))) return *value;
    return read_number(folder / ("in_" + kind + what)).value_or(absent);
  };
  return {folder / (own + "_raw"), either("_offset", 0), either("_scale", 1) * unit};
}

// Its own current channel counts whole mA, its power channel 20 or 25 mW: the shunt's voltage tells more.
Rail shunt_rail(const fs::path& folder, double shunt_ohm) {
  Rail rail;
  rail.label = "1";
  rail.shunt_ohm = shunt_ohm;
  rail.current_ua = channel(folder, "voltage", 0, kMilliToMicro / shunt_ohm);
  rail.voltage_mv = channel(folder, "voltage", 1, 1);
  return rail;
}

std::vector<Rail> numbered_rails(const fs::path& folder) {
  std::vector<Rail> rails;
  for (int number = 0; number < kMostChannels; ++number) {
    Rail rail;
    rail.label = read_line(folder / fmt::format("rail_name_{}", number));
    if (rail.label == "NC") continue;
    if (rail.label.empty()) rail.label = fmt::format("{}", number);
    rail.current_ua = channel(folder, "current", number, kMilliToMicro);
    rail.voltage_mv = channel(folder, "voltage", number, 1);
    rail.power_uw = channel(folder, "power", number, kMilliToMicro);
    if (!rail.current_ua) rail.voltage_mv = {};
    if (rail.power_uw || (rail.current_ua && rail.voltage_mv)) rails.push_back(std::move(rail));
  }
  return rails;
}

void add_rails(const fs::path& folder, std::vector<Rail>* all) {
  const std::string chip = read_line(folder / "name");
  if (chip.empty()) return;
  const auto shunt = read_number(folder / "in_shunt_resistor");
  std::vector<Rail> rails;
  if (shunt && *shunt > 0 && is_there(folder / "in_voltage0_raw") && is_there(folder / "in_voltage1_raw")) {
    rails.push_back(shunt_rail(folder, *shunt));
  } else {
    rails = numbered_rails(folder);
  }
  std::error_code problem;
  const fs::path device = fs::canonical(folder, problem);
  const auto rate = read_number(folder / "in_sampling_frequency");
  for (Rail& rail : rails) {
    rail.chip = chip;
    rail.device = problem ? std::string() : device.parent_path().filename().string();
    if (rate && *rate > 0) rail.update_interval_s = 1 / *rate;
    all->push_back(std::move(rail));
  }
}

std::vector<Rail> iio_rails(const fs::path& sys) {
  std::vector<Rail> rails;
  for (const fs::path& folder : entries_of(sys / "bus/iio/devices")) add_rails(folder, &rails);
  if (!rails.empty()) return rails;
  // JetPack 4 has its own driver, which may not be on that bus.
  for (const fs::path& chip : entries_of(sys / "bus/i2c/drivers/ina3221x")) {
    for (const fs::path& folder : entries_of(chip)) {
      if (folder.filename().string().rfind("iio:device", 0) == 0) add_rails(folder, &rails);
    }
  }
  return rails;
}

}  // namespace

Result<std::unique_ptr<Meter>> open_iio(const base::MeterSpec& spec, const HostRoots& roots) {
  return open_rails(spec, roots.sys, iio_rails);
}

std::vector<NamedSensor> iio_sensors(const HostRoots& roots) { return named_rails(iio_rails(roots.sys)); }

}  // namespace slmrig::rig
