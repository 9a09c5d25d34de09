#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <span>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/gate/budget.h"

namespace slmrig::gate {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

struct Unit {
  std::string_view name;
  double factor;  // to the metric's own
};

constexpr std::array kMilliseconds = {Unit{"ms", 1}, Unit{"ns", 1e-6}, Unit{"us", 1e-3}, Unit{"s", 1e3}};
constexpr std::array kBytes = {Unit{"bytes", 1},     Unit{"B", 1},           Unit{"kB", 1e3},
                               Unit{"MB", 1e6},      Unit{"GB", 1e9},        Unit{"KiB", 1024},
                               Unit{"MiB", 1048576}, Unit{"GiB", 1073741824}};
constexpr std::array kInstructions = {Unit{"instructions", 1}, Unit{"k", 1e3}, Unit{"M", 1e6},
                                      Unit{"G", 1e9}};
constexpr std::array kRatio = {Unit{"ratio", 1}, Unit{"%", 0.01}};
constexpr std::array kMicrojoules = {Unit{"uJ", 1}, Unit{"nJ", 1e-3}, Unit{"mJ", 1e3}, Unit{"J", 1e6}};

std::span<const Unit> units_of(std::string_view unit) {
  if (unit == "ms") return kMilliseconds;
  if (unit == "bytes") return kBytes;
  if (unit == "instructions") return kInstructions;
  if (unit == "ratio") return kRatio;
  if (unit == "uJ") return kMicrojoules;
  return {};
}

Result<double> unit_factor(std::string_view name, const base::Metric& metric) {
  if (name.empty() || name == metric.unit) return 1.0;
  std::vector<std::string> known;
  for (const Unit& unit : units_of(metric.unit)) {
    if (unit.name == name) return unit.factor;
    known.emplace_back(unit.name);
  }
  if (known.empty()) known.emplace_back(metric.unit);
  return fail(ErrorCode::kBadInput, fmt::format("{}; {} is in {}", base::unknown_name("unit", name, known),
                                                metric.name, metric.unit));
}

void skip_blanks(std::string_view& text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
}

bool is_release_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_' || c == '+';
  });
}

}  // namespace

bool Limit::is_of_drift() const { return release == kStable; }

std::string_view to_string(Comparison comparison) { return comparison == Comparison::kAtMost ? "<=" : ">="; }

Result<Limit> parse_limit(std::string_view text, const base::Metric& metric) {
  const auto refuse = [&] {
    return fail(
        ErrorCode::kBadInput,
        fmt::format("\"{}\" is no limit; expected \"<= 80\" or \">= 0.93\", with or without a unit, or "
                    "\"<= 1.03x RELEASE\" or \"<= 1.05x stable\"",
                    text));
  };
  Limit limit;
  limit.text = text;
  std::string_view rest = text;
  skip_blanks(rest);
  if (rest.starts_with(">=")) {
    limit.comparison = Comparison::kAtLeast;
  } else if (!rest.starts_with("<=")) {
    return refuse();
  }
  rest.remove_prefix(2);
  skip_blanks(rest);
  double number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc() || !std::isfinite(number)) return refuse();
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  while (!rest.empty() && rest.back() == ' ') rest.remove_suffix(1);
  if (rest.starts_with("x ")) {
    rest.remove_prefix(2);
    skip_blanks(rest);
    if (!is_release_name(rest) || number <= 0) return refuse();
    limit.release = rest;
    limit.factor = number;
    return limit;
  }
  skip_blanks(rest);
  SLMRIG_ASSIGN(const double factor, unit_factor(rest, metric));
  limit.value = number * factor;
  return limit;
}

std::string wrong_side(const Limit& limit, const base::Metric& metric) {
  const bool at_most = limit.comparison == Comparison::kAtMost;
  if (at_most == (metric.better == base::Better::kLower)) return {};
  return fmt::format("\"{}\" limits {} from the side on which it is good ({} is better); expected \"{} ...\"",
                     limit.text, metric.name, base::to_string(metric.better), at_most ? ">=" : "<=");
}

}  // namespace slmrig::gate
