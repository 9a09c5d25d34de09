#include "harness/analyse/nights.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "harness/analyse/percentile.h"
#include "harness/base/metrics.h"

namespace slmrig::analyse {
namespace {

constexpr double kMadToSigma = 1.4826;  // of a normal distribution
constexpr std::size_t kFewestForSpread = 3;

double median_of(const std::vector<double>& values) { return percentile(values, 50).value_or(0); }

std::optional<double> robust_sigma(const std::vector<double>& values) {
  if (values.size() < kFewestForSpread) return std::nullopt;
  const double middle = median_of(values);
  std::vector<double> distances;
  distances.reserve(values.size());
  for (const double value : values) distances.push_back(std::abs(value - middle));
  return kMadToSigma * median_of(distances);
}

// What one run measured of a series on one unit.
struct Gathered {
  std::size_t session = 0;
  int64_t at_ns = 0;
  std::string unit_id;
  std::vector<double> values;
};

// Memory that depends on what happens at run time: depth of interrupts, what the kernel counts.
bool is_static_memory(std::string_view metric) {
  constexpr std::array<std::string_view, 4> kMoving = {"memory_stack_bytes", "memory_process_bytes",
                                                       "memory_cgroup_bytes", "memory_peak_bytes"};
  return std::find(kMoving.begin(), kMoving.end(), metric) == kMoving.end();
}

}  // namespace

std::vector<double> UnitSegment::values() const {
  std::vector<double> result;
  result.reserve(nights.size());
  for (const Night& night : nights) result.push_back(night.value);
  return result;
}

bool is_of_a_night(const store::HistorySession& session) {
  return !session.conditions.contains("run.campaign");
}

SeriesNights nights_of(const store::Series& series, const store::History& history) {
  SeriesNights result;
  std::map<std::pair<std::string_view, std::string_view>, Gathered> gathered;  // by run and unit
  for (const store::SeriesPoint& point : series.points) {
    if (!is_of_a_night(history.sessions[point.session])) continue;
    if (!point.trusted) {
      ++result.untrusted;
      continue;
    }
    if (!std::isfinite(point.value)) {
      ++result.missing;
      continue;
    }
    const store::HistorySession& session = history.sessions[point.session];
    Gathered& night = gathered[{session.run_id, session.unit_id}];
    const bool first =
        night.values.empty() || std::pair(session.started_at_ns, point.session) <
                                    std::pair(night.at_ns, static_cast<uint32_t>(night.session));
    if (first) {
      night.session = point.session;
      night.at_ns = session.started_at_ns;
      night.unit_id = session.unit_id;
    }
    night.values.push_back(point.value);
  }
  std::vector<Gathered> ordered;
  ordered.reserve(gathered.size());
  for (auto& [key, night] : gathered) ordered.push_back(std::move(night));
  std::sort(ordered.begin(), ordered.end(), [](const Gathered& a, const Gathered& b) {
    return std::pair(a.at_ns, a.session) < std::pair(b.at_ns, b.session);
  });
  for (const Gathered& night : ordered) {
    if (result.segments.empty() || result.segments.back().unit_id != night.unit_id)
      result.segments.push_back({night.unit_id, {}});
    result.segments.back().nights.push_back({.session = night.session,
                                             .at_ns = night.at_ns,
                                             .value = median_of(night.values),
                                             .sessions = static_cast<uint32_t>(night.values.size()),
                                             .spread = robust_sigma(night.values)});
  }
  return result;
}

std::optional<double> spread_between_units(const SeriesNights& nights) {
  std::map<std::string_view, std::vector<double>> by_unit;
  for (const UnitSegment& segment : nights.segments) {
    std::vector<double>& values = by_unit[segment.unit_id];
    for (const Night& night : segment.nights) values.push_back(night.value);
  }
  std::vector<double> levels;
  for (const auto& [unit, values] : by_unit) levels.push_back(median_of(values));
  return robust_sigma(levels);
}

bool is_exact(const store::SeriesKey& key, const std::vector<double>& values) {
  const base::Metric* metric = base::find_metric(key.metric);
  if (metric != nullptr && metric->basis == base::MetricBasis::kInstructions &&
      key.tier == base::Tier::kEmulated)
    return true;
  if (metric != nullptr && metric->unit == "bytes" && is_static_memory(key.metric)) return true;
  constexpr std::size_t kFewestNights = 8;
  if (values.size() < kFewestNights) return false;
  std::size_t moves = 0;
  for (std::size_t i = 1; i < values.size(); ++i) moves += values[i] != values[i - 1] ? 1 : 0;
  return moves * 10 <= values.size();
}

}  // namespace slmrig::analyse
