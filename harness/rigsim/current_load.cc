#include "harness/rigsim/current_load.h"

#include <charconv>
#include <cmath>
#include <sstream>

#include <fmt/format.h>

#include "harness/base/file.h"

namespace slmrig::rigsim {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

Result<double> number_of(const std::string& text) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size())
    return fail(ErrorCode::kBadInput, fmt::format("'{}' is no number", text));
  return value;
}

tl::unexpected<base::Error> unknown_load(const std::string& text) {
  return fail(ErrorCode::kBadInput, fmt::format("unknown load '{}': constant:12mA, square:1mA:30mA:100, "
                                                "resistor:1000 or the name of a .csv file",
                                                text));
}

Result<std::vector<LoadPoint>> read_points(const std::string& file) {
  SLMRIG_ASSIGN(const std::string text, base::read_text(file));
  std::vector<LoadPoint> points;
  for (const std::string& line : split(text, '\n')) {
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> cells = split(line, ',');
    const auto seconds = number_of(cells.at(0));
    const auto current = cells.size() > 1 ? number_of(cells[1]) : seconds;
    const auto lines = cells.size() > 2 ? number_of(cells[2]) : Result<double>(0.0);
    const bool rises = points.empty() || (seconds && *seconds > points.back().seconds);
    if (cells.size() < 2 || !seconds || !current || !lines || !rises) {
      return fail(
          ErrorCode::kBadInput,
          fmt::format("{}: '{}': expected seconds,microamperes[,lines] with rising seconds", file, line));
    }
    points.push_back({*seconds, *current, static_cast<uint8_t>(*lines)});
  }
  if (points.size() < 2 || points.front().seconds != 0)
    return fail(ErrorCode::kBadInput, file + ": a load begins at 0 seconds and has at least two points");
  return points;
}

}  // namespace

Result<double> parse_current_ua(const std::string& text) {
  static const std::vector<std::pair<std::string, double>> kUnits = {
      {"nA", 1e-3}, {"uA", 1}, {"mA", 1e3}, {"A", 1e6}};
  for (const auto& [unit, factor] : kUnits) {
    if (!text.ends_with(unit)) continue;
    SLMRIG_ASSIGN(const double value, number_of(text.substr(0, text.size() - unit.size())));
    return value * factor;
  }
  return fail(ErrorCode::kBadInput, fmt::format("'{}' is no current: expected such as 12mA or 350uA", text));
}

Result<CurrentLoad> CurrentLoad::parse(const std::string& text) {
  CurrentLoad load;
  const std::vector<std::string> parts = split(text, ':');
  if (parts.size() == 2 && parts[0] == "constant") {
    SLMRIG_ASSIGN(const double current, parse_current_ua(parts[1]));
    load.points_ = {{0, current, 0}};
  } else if (parts.size() == 2 && parts[0] == "resistor") {
    SLMRIG_ASSIGN(load.ohm_, number_of(parts[1]));
    load.points_ = {{0, 0, 0}};
  } else if (parts.size() == 4 && parts[0] == "square") {
    SLMRIG_ASSIGN(const double low, parse_current_ua(parts[1]));
    SLMRIG_ASSIGN(const double high, parse_current_ua(parts[2]));
    SLMRIG_ASSIGN(const double hz, number_of(parts[3]));
    if (hz <= 0) return unknown_load(text);
    load.period_s_ = 1 / hz;
    load.points_ = {{0, low, 0}, {0.5 / hz, high, 1}};
  } else if (text.ends_with(".csv")) {
    SLMRIG_ASSIGN(load.points_, read_points(text));
    load.period_s_ = load.points_.back().seconds;
    load.points_.pop_back();
  } else {
    return unknown_load(text);
  }
  return load;
}

const LoadPoint& CurrentLoad::at(double seconds) {
  if (period_s_ > 0) seconds = std::fmod(seconds, period_s_);
  if (points_[last_].seconds > seconds) last_ = 0;
  while (last_ + 1 < points_.size() && points_[last_ + 1].seconds <= seconds) ++last_;
  return points_[last_];
}

}  // namespace slmrig::rigsim
