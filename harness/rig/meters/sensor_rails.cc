#include "harness/rig/meters/sensor_rails.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/rig/meters/sysfs.h"

namespace slmrig::rig {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr double kDefaultRateHz = 100;
constexpr double kHighestRateHz = 2000;
constexpr double kLowestRateHz = 0.01;

// Texas Instruments' data sheets: largest gain error at 25 degC, offset and step of the shunt's voltage.
struct ChipAccuracy {
  const char* name;
  double gain;
  double offset_uv;
  double step_uv;
  double full_scale_uv;
};
constexpr std::array kAccuracies = {
    ChipAccuracy{"ina219", 0.005, 100, 10, 320'000},   ChipAccuracy{"ina220", 0.005, 100, 10, 320'000},
    ChipAccuracy{"ina226", 0.001, 10, 2.5, 81'920},    ChipAccuracy{"ina3221", 0.0025, 80, 40, 163'800},
    ChipAccuracy{"ina3221x", 0.0025, 80, 40, 163'800},
};
// Of the resistor on the board, whose tolerance nobody tells us: 1 % is the common one.
constexpr double kShuntTolerance = 0.01;
// The kernel tells whole milliamperes.
constexpr double kHalfMilliampereUa = 500;

bool is_total(const Rail& rail) { return rail.label == "VDD_IN" || rail.label == "POM_5V_IN"; }

std::string unique_address(const Rail& rail, const std::vector<Rail>& all) {
  const auto same = std::count_if(all.begin(), all.end(),
                                  [&](const Rail& other) { return other.address() == rail.address(); });
  return same == 1 || rail.device.empty() ? rail.address() : rail.device + "/" + rail.label;
}

std::string list_of(const std::vector<Rail>& rails, const std::vector<Rail>& all) {
  std::string text;
  for (const Rail& rail : rails) text += (text.empty() ? "" : ", ") + unique_address(rail, all);
  return text;
}

bool is_named(const Rail& rail, const std::string& address) {
  const std::size_t slash = address.find('/');
  if (slash == std::string::npos)
    return address.empty() || rail.chip == address || rail.device == address || rail.label == address;
  const std::string chip = address.substr(0, slash);
  return (rail.chip == chip || rail.device == chip) && rail.label == address.substr(slash + 1);
}

Result<std::vector<Rail>> whole_module(const std::vector<Rail>& all, const std::string& kind) {
  const auto total = std::find_if(all.begin(), all.end(), is_total);
  if (total != all.end()) return std::vector<Rail>{*total};
  std::vector<Rail> parts;
  std::copy_if(all.begin(), all.end(), std::back_inserter(parts),
               [](const Rail& rail) { return rail.chip.rfind("ina", 0) == 0; });
  if (!parts.empty()) return parts;
  return fail(
      ErrorCode::kBadInput,
      fmt::format("none of the {} sensors measures a module's rails; there are {}", kind, list_of(all, all)));
}

class RailSource final : public PolledSource {
 public:
  RailSource(base::MeterSpec spec, fs::path sys, RailFinder find)
      : spec_(std::move(spec)), sys_(std::move(sys)), find_(find) {}

  base::Done prepare();

  const base::MeterFacts& facts() const override { return facts_; }
  PolledColumns columns() const override { return columns_; }
  int64_t interval_ns() const override { return interval_ns_; }
  Result<std::optional<PolledReading>> poll() override;

 private:
  Result<void> read_rail(const Rail& rail, PolledReading* reading) const;
  base::Done tell_accuracy();
  base::Done tell_rate();

  base::MeterSpec spec_;
  fs::path sys_;
  RailFinder find_;
  std::vector<Rail> rails_;
  base::MeterFacts facts_;
  PolledColumns columns_;
  int64_t interval_ns_ = 0;
};

base::Done RailSource::tell_accuracy() {
  const Rail& rail = rails_.front();
  base::MeterRange range;
  range.name = "whole";
  range.calibrated = false;
  range.shunt_ohm = rail.shunt_ohm;
  range.offset_ua = kHalfMilliampereUa;
  const auto* chip = std::find_if(kAccuracies.begin(), kAccuracies.end(),
                                  [&](const ChipAccuracy& one) { return rail.chip == one.name; });
  if (chip != kAccuracies.end() && rail.shunt_ohm > 0) {
    range.calibrated = true;
    range.gain_half_width = chip->gain + kShuntTolerance;
    range.offset_ua += (chip->offset_uv + chip->step_uv / 2) / rail.shunt_ohm;
    range.highest_ua = chip->full_scale_uv / rail.shunt_ohm;
    facts_.settings["accuracy"] = fmt::format("{} by its data sheet, its shunt of {} ohm assumed within {} %",
                                              chip->name, rail.shunt_ohm, kShuntTolerance * 100);
    facts_.voltage_half_width = chip->gain;
  }
  range.offset_ua *= static_cast<double>(rails_.size());
  range.highest_ua *= rails_.size() == 1 ? 1 : 0;
  SLMRIG_ASSIGN(range, stated_range(spec_, range, &facts_));
  facts_.ranges = {range};
  return {};
}

// Twice as often as it converts, so that no conversion is missed.
base::Done RailSource::tell_rate() {
  const double interval_s = rails_.front().update_interval_s;
  const double own_hz = interval_s > 0 ? std::clamp(2 / interval_s, 1.0, 1000.0) : kDefaultRateHz;
  SLMRIG_ASSIGN(const double rate_hz,
                number_setting(spec_, "rate_hz", own_hz, kLowestRateHz, kHighestRateHz));
  interval_ns_ = static_cast<int64_t>(1e9 / rate_hz);
  facts_.settings["asked_hz"] = fmt::format("{:.6g}", rate_hz);
  if (interval_s > 0) facts_.settings["update_interval_ms"] = fmt::format("{:.6g}", interval_s * 1e3);
  return {};
}

base::Done RailSource::prepare() {
  SLMRIG_TRY(check_settings(spec_, {"rate_hz", "gain_percent", "offset_ua", "sys"}));
  const std::vector<Rail> all = find_(sys_);
  SLMRIG_ASSIGN(rails_, choose_rails(all, spec_.address, spec_.kind));
  const Rail& first = rails_.front();
  facts_.kind = spec_.kind;
  facts_.model = first.chip;
  facts_.serial = first.device;
  facts_.address = rails_.size() == 1 ? unique_address(first, all) : "the rails " + list_of(rails_, all);
  if (rails_.size() > 1) {
    facts_.settings["scope"] = "the sum of its rails: no rail measures the whole module";
    columns_.power = true;
  } else {
    columns_ = {static_cast<bool>(first.current_ua), static_cast<bool>(first.voltage_mv),
                static_cast<bool>(first.power_uw)};
  }
  facts_.measures_voltage = columns_.voltage || columns_.power;
  SLMRIG_TRY(tell_rate());
  SLMRIG_TRY(tell_accuracy());
  // What cannot be read at all is said now.
  const Result<std::optional<PolledReading>> first_reading = poll();
  if (!first_reading) return tl::unexpected(first_reading.error());
  return {};
}

Result<void> RailSource::read_rail(const Rail& rail, PolledReading* reading) const {
  const auto figure = [](const RailFile& source) -> Result<double> {
    if (!source) return 0.0;
    SLMRIG_ASSIGN(const double number, read_number(source.file));
    return (number + source.offset) * source.scale;
  };
  SLMRIG_ASSIGN(const double current_ua, figure(rail.current_ua));
  SLMRIG_ASSIGN(const double voltage_mv, figure(rail.voltage_mv));
  SLMRIG_ASSIGN(const double power_uw, figure(rail.power_uw));
  reading->current_ua += current_ua;
  reading->voltage_mv = voltage_mv;
  reading->power_uw += rail.power_uw ? power_uw : current_ua * voltage_mv / 1000;
  const double highest_ua = facts_.ranges.front().highest_ua;
  reading->saturated |= highest_ua > 0 && current_ua >= highest_ua;
  return {};
}

Result<std::optional<PolledReading>> RailSource::poll() {
  PolledReading reading;
  const int64_t begin_ns = base::monotonic_now_ns();
  for (const Rail& rail : rails_) {
    const Result<void> got = read_rail(rail, &reading);
    if (got) continue;
    base::Error error = got.error();
    if (error.code == ErrorCode::kBadInput) {
      error.message +=
          "; give the file to your group (sudo chgrp, sudo chmod g+r, or a udev rule), or be root";
    } else if (error.code == ErrorCode::kLinkLost) {
      // A driver that was bound anew comes back under another number.
      Result<std::vector<Rail>> again = choose_rails(find_(sys_), spec_.address, spec_.kind);
      if (again && again->size() == rails_.size()) {
        rails_ = std::move(*again);
        error.code = ErrorCode::kTimeout;
      }
      error.message = fmt::format("the sensor {} is gone ({})", facts_.address, error.message);
    }
    if (error.code != ErrorCode::kTimeout) return tl::unexpected(std::move(error));
    reading = {};
    reading.valid = false;
    break;
  }
  const int64_t end_ns = base::monotonic_now_ns();
  reading.time_ns = begin_ns + (end_ns - begin_ns) / 2;
  if (!columns_.power) reading.power_uw = 0;
  return reading;
}

}  // namespace

Result<std::vector<Rail>> choose_rails(const std::vector<Rail>& all, const std::string& address,
                                       const std::string& kind) {
  if (all.empty()) {
    return fail(ErrorCode::kLinkLost,
                fmt::format("this host has no {} sensor of current or power; is its driver loaded?", kind));
  }
  if (address == "total") return whole_module(all, kind);
  std::vector<Rail> chosen;
  std::copy_if(all.begin(), all.end(), std::back_inserter(chosen),
               [&](const Rail& rail) { return is_named(rail, address); });
  if (chosen.size() == 1) return chosen;
  if (chosen.empty()) {
    return fail(ErrorCode::kLinkLost,
                fmt::format("there is no {} sensor '{}'; there are {}", kind, address, list_of(all, all)));
  }
  return fail(ErrorCode::kBadInput,
              fmt::format("'{}' could be {}; name one of them, or \"total\"", address, list_of(chosen, all)));
}

std::vector<NamedSensor> named_rails(const std::vector<Rail>& rails) {
  std::vector<NamedSensor> named;
  for (const Rail& rail : rails) {
    named.push_back({unique_address(rail, rails),
                     fmt::format("{}{}, rail {}", rail.chip, rail.device.empty() ? "" : " at " + rail.device,
                                 rail.label)});
  }
  return named;
}

Result<std::unique_ptr<Meter>> open_rails(const base::MeterSpec& spec, const fs::path& sys, RailFinder find) {
  const auto own = spec.settings.find("sys");
  auto source =
      std::make_unique<RailSource>(spec, own == spec.settings.end() ? sys : fs::path(own->second), find);
  SLMRIG_TRY(source->prepare());
  return std::make_unique<PolledMeter>(std::move(source));
}

}  // namespace slmrig::rig
