#include "harness/cli/figures.h"

#include <array>
#include <cmath>

#include <fmt/format.h>

namespace slmrig::cli {
namespace {

struct Step {
  double size;
  const char* unit;
};

// Three significant digits of `value` in the largest unit that it reaches; rounding may carry it into the
// next
// ("999.6" of one unit is "1.00" of the next).
template <std::size_t N>
std::string scaled(double value, const std::array<Step, N>& steps) {
  std::size_t at = 0;
  while (at + 1 < N && std::abs(value) >= 0.9995 * steps[at + 1].size) ++at;
  const double in_unit = value / steps[at].size;
  const double size = std::abs(in_unit);
  const bool whole = at == 0 && in_unit == std::floor(in_unit);
  const int decimals = whole || size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f}{}", in_unit, decimals, steps[at].unit);
}

constexpr std::array<Step, 4> kTimes = {{{1.0, "ns"}, {1e3, "µs"}, {1e6, "ms"}, {1e9, "s"}}};
constexpr std::array<Step, 4> kCounts = {{{1.0, ""}, {1e3, "k"}, {1e6, "M"}, {1e9, "G"}}};
constexpr std::array<Step, 4> kBytes = {{{1.0, "B"}, {1e3, "kB"}, {1e6, "MB"}, {1e9, "GB"}}};
constexpr std::array<Step, 5> kEnergies = {{{1e-3, "nJ"}, {1.0, "µJ"}, {1e3, "mJ"}, {1e6, "J"}, {1e9, "kJ"}}};
constexpr std::array<Step, 5> kPowers = {{{1e-3, "nW"}, {1.0, "µW"}, {1e3, "mW"}, {1e6, "W"}, {1e9, "kW"}}};

int64_t rounded_seconds(int64_t ns) { return (ns + 500'000'000) / 1'000'000'000; }

}  // namespace

std::string time_text(double ns) { return scaled(ns, kTimes); }

std::string count_text(double count) { return scaled(count, kCounts); }

std::string cost_text(std::optional<double> cost, store::CostUnit unit) {
  if (!cost || unit == store::CostUnit::kNone) return kNothing;
  return unit == store::CostUnit::kInstructions ? count_text(*cost) : time_text(*cost);
}

std::string bytes_text(std::optional<double> bytes) { return bytes ? scaled(*bytes, kBytes) : kNothing; }

std::string energy_text(double uj) { return uj == 0 ? "0J" : scaled(uj, kEnergies); }

std::string power_text(double uw) { return uw == 0 ? "0W" : scaled(uw, kPowers); }

std::string with_half_width(const std::string& figure, double value, double half_width) {
  if (value == 0) return figure;
  const double percent = 100 * half_width / std::abs(value);
  const int decimals = percent >= 9.95 ? 0 : percent >= 0.995 ? 1 : 2;
  return fmt::format("{} ±{:.{}f}%", figure, percent, decimals);
}

std::string share_text(std::optional<double> share) {
  if (!share) return kNothing;
  // Never "100%" for what is not all of it, nor "0%" for what is not nothing.
  if (*share >= 1.0) return "100%";
  if (*share <= 0.0) return "0%";
  const double percent = std::fmin(std::fmax(*share * 100.0, 0.1), 99.9);
  return fmt::format("{:.1f}%", percent);
}

std::string duration_text(int64_t ns) {
  const int64_t seconds = rounded_seconds(ns);
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
}

std::string countdown_text(int64_t ns) {
  const int64_t seconds = rounded_seconds(ns);
  if (seconds < 3600) return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds % 3600 / 60, seconds % 60);
}

}  // namespace slmrig::cli
