#include "harness/analyse/stable_level.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

#include <fmt/format.h>

#include "harness/analyse/change_points.h"
#include "harness/analyse/internal/night_text.h"
#include "harness/analyse/nights.h"
#include "harness/analyse/noise.h"
#include "harness/analyse/percentile.h"

namespace slmrig::analyse {
namespace {

store::Series nights_before(const store::Series& series, const store::History& history, int64_t before_ns) {
  store::Series earlier = series;
  std::erase_if(earlier.points, [&](const store::SeriesPoint& point) {
    return history.sessions[point.session].started_at_ns >= before_ns;
  });
  return earlier;
}

// First nights of levels, and the number of nights.
std::vector<std::size_t> edges_of(const std::vector<double>& values, bool exact) {
  ChangePointOptions options;
  options.exact = exact;
  options.watch = false;
  std::vector<std::size_t> edges = {0};
  for (const ChangePoint& change : find_change_points(values, options)) edges.push_back(change.index);
  edges.push_back(values.size());
  return edges;
}

}  // namespace

StableLevel stable_level(const store::Series& series, const store::History& history, int64_t before_ns) {
  StableLevel stable;
  const SeriesNights nights = nights_of(nights_before(series, history, before_ns), history);
  if (nights.segments.empty()) {
    stable.missing = "no night before this one";
    return stable;
  }
  const UnitSegment& segment = nights.segments.back();
  const std::vector<double> values = segment.values();
  stable.unit_id = segment.unit_id;
  const bool exact = is_exact(series.key, values);
  const std::vector<std::size_t> edges = edges_of(values, exact);
  std::size_t last = edges.size() - 1;
  while (last > 0 && edges[last] - edges[last - 1] < kStableNights) --last;
  if (last == 0) {
    stable.missing = values.size() < kStableNights
                         ? fmt::format("learning, {} of {} nights", values.size(), kStableNights)
                         : fmt::format("no level has lasted for {} nights", kStableNights);
    return stable;
  }
  const std::size_t begin = edges[last - 1];
  const auto at = [&](std::size_t place) { return values.begin() + static_cast<std::ptrdiff_t>(place); };
  stable.nights.assign(at(begin), at(edges[last]));
  stable.since = night_text(segment.nights[begin].at_ns);
  stable.level = percentile(stable.nights, 50).value_or(0);
  // That of a median of normal values, in nights that depend on the one before.
  const double of_one = exact ? 0 : estimate_noise(values).sigma_long_run;
  stable.standard_error =
      of_one * std::sqrt(std::numbers::pi / 2 / static_cast<double>(stable.nights.size()));
  return stable;
}

}  // namespace slmrig::analyse
