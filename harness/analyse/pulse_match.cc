#include "harness/analyse/pulse_match.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

namespace slmrig::analyse {
namespace {

std::optional<double> mean_within(const Pulse& pulse, std::span<const PulseReading> readings) {
  const auto begin = std::lower_bound(readings.begin(), readings.end(), pulse.start_ns,
                                      [](const PulseReading& one, int64_t at) { return one.time_ns < at; });
  double sum = 0;
  std::size_t count = 0;
  for (auto one = begin; one != readings.end() && one->time_ns < pulse.end_ns; ++one, ++count)
    sum += one->power_uw;
  if (count == 0) return std::nullopt;
  return sum / static_cast<double>(count);
}

}  // namespace

PulseMatch match_pulses(std::span<const Pulse> pulses, std::span<const PulseReading> readings) {
  PulseMatch match;
  std::vector<double> powers;
  double busy_sum = 0, idle_sum = 0, busy = 0;
  for (const Pulse& pulse : pulses) {
    const std::optional<double> power = mean_within(pulse, readings);
    if (!power) continue;
    powers.push_back(*power);
    (pulse.is_busy ? busy_sum : idle_sum) += *power;
    busy += pulse.is_busy ? 1 : 0;
  }
  match.pulses = powers.size();
  const auto all = static_cast<double>(powers.size());
  const double idle = all - busy;
  if (busy == 0 || idle == 0) return match;
  match.busy_uw = busy_sum / busy;
  match.idle_uw = idle_sum / idle;
  const double mean = (busy_sum + idle_sum) / all;
  double variance = 0;
  for (const double power : powers) variance += (power - mean) * (power - mean) / all;
  // Of a figure with one that is 0 or 1.
  if (variance > 0)
    match.correlation = (match.busy_uw - match.idle_uw) * std::sqrt(busy * idle / variance) / all;
  match.follows = powers.size() == pulses.size() && match.correlation >= kLeastCorrelation;
  return match;
}

}  // namespace slmrig::analyse
