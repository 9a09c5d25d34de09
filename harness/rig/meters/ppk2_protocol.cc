#include "harness/rig/meters/ppk2_protocol.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace slmrig::rig {
namespace {

// What every client assumes where the device does not tell.
constexpr std::array<double, kPpk2Ranges> kDefaultShuntsOhm = {1031.64, 101.65, 10.15, 0.94, 0.043};

struct Constant {
  const char* prefix;
  double Ppk2Calibration::*member;
};

constexpr std::array<Constant, 7> kConstants = {{{"R", &Ppk2Calibration::shunt_ohm},
                                                 {"GS", &Ppk2Calibration::quadratic_gain},
                                                 {"GI", &Ppk2Calibration::gain},
                                                 {"O", &Ppk2Calibration::zero},
                                                 {"S", &Ppk2Calibration::voltage_slope},
                                                 {"I", &Ppk2Calibration::constant},
                                                 {"UG", &Ppk2Calibration::user_gain}}};

const std::vector<std::string>& known_keys() {
  static const std::vector<std::string> kKeys = [] {
    std::vector<std::string> keys = {"Calibrated", "VDD", "HW", "mode", "IA"};
    for (const Constant& constant : kConstants) {
      for (int range = 0; range < kPpk2Ranges; ++range)
        keys.push_back(fmt::format("{}{}", constant.prefix, range));
    }
    return keys;
  }();
  return kKeys;
}

bool is_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// The known key that a line begins with; stale samples may stand before the first one.
std::string key_of(std::string_view left) {
  const std::vector<std::string>& keys = known_keys();
  if (std::find(keys.begin(), keys.end(), left) != keys.end()) return std::string(left);
  if (is_text(left)) return {};
  std::string best;
  for (const std::string& key : keys) {
    if (left.ends_with(key) && key.size() > best.size()) best = key;
  }
  return best;
}

// Nothing for what is no finite number, such as the "-nan" of an entry that was never written.
std::optional<double> number_of(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && (text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = problem == std::errc() && end == text.data() + text.size();
  if (!whole || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::vector<std::pair<std::string, std::optional<double>>> lines_of(std::string_view text) {
  std::vector<std::pair<std::string, std::optional<double>>> values;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t colon = line.rfind(':');
    if (colon == std::string_view::npos) continue;
    const std::string key = key_of(line.substr(0, colon));
    if (!key.empty()) values.emplace_back(key, number_of(line.substr(colon + 1)));
  }
  return values;
}

}  // namespace

std::vector<uint8_t> ppk2_command(Ppk2Opcode opcode) { return {static_cast<uint8_t>(opcode)}; }

std::vector<uint8_t> ppk2_power(bool on) {
  return {static_cast<uint8_t>(Ppk2Opcode::kPower), static_cast<uint8_t>(on ? 1 : 0)};
}

std::vector<uint8_t> ppk2_regulator(int millivolts) {
  return {static_cast<uint8_t>(Ppk2Opcode::kRegulator), static_cast<uint8_t>(millivolts >> 8),
          static_cast<uint8_t>(millivolts)};
}

std::vector<uint8_t> ppk2_mode(Ppk2Mode mode) {
  return {static_cast<uint8_t>(Ppk2Opcode::kMode), static_cast<uint8_t>(mode)};
}

std::optional<Ppk2Metadata> parse_ppk2_metadata(std::string_view received) {
  const std::size_t end = received.find("\nEND");
  if (end == std::string_view::npos) return std::nullopt;
  const auto values = lines_of(received.substr(0, end));
  if (values.empty()) return std::nullopt;
  const auto value_of = [&](const std::string& key) -> std::optional<double> {
    // The last one: an answer to an earlier request may stand before it.
    const auto found =
        std::find_if(values.rbegin(), values.rend(), [&](const auto& value) { return value.first == key; });
    return found == values.rend() ? std::nullopt : found->second;
  };
  Ppk2Metadata metadata;
  for (int range = 0; range < kPpk2Ranges; ++range) {
    Ppk2Calibration& calibration = metadata.ranges[range];
    calibration.shunt_ohm = kDefaultShuntsOhm[range];
    for (const Constant& constant : kConstants) {
      const std::string key = fmt::format("{}{}", constant.prefix, range);
      const std::optional<double> value = value_of(key);
      const bool divides = constant.member == &Ppk2Calibration::shunt_ohm;
      if (!value || (divides && *value <= 0)) {
        calibration.complete = false;
        metadata.missing.push_back(key);
      } else {
        calibration.*constant.member = *value;
      }
    }
  }
  metadata.vdd_mv = static_cast<int>(value_of("VDD").value_or(0));
  metadata.hardware = static_cast<int>(value_of("HW").value_or(0));
  metadata.mode = static_cast<int>(value_of("mode").value_or(0));
  metadata.says_calibrated = value_of("Calibrated").value_or(0) != 0;
  return metadata;
}

double ppk2_current_ua(const Ppk2Calibration& calibration, uint32_t code, double supply_v) {
  // Volts a count: a reference of 1.8 V over 2^14 codes, times 4, behind an amplifier of 2.5.
  constexpr double kVoltsPerCount = 1.8 / 163840;
  const double counts = 4.0 * code - calibration.zero;
  const double amperes = counts * kVoltsPerCount / calibration.shunt_ohm;
  const double corrected = amperes * (calibration.quadratic_gain * amperes + calibration.gain) +
                           calibration.voltage_slope * supply_v + calibration.constant;
  return 1e6 * calibration.user_gain * corrected;
}

}  // namespace slmrig::rig
