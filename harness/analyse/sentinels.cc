#include "harness/analyse/sentinels.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/analyse/percentile.h"
#include "harness/base/sentinel.h"

namespace slmrig::analyse {
namespace {

constexpr double kNightsAYear = 365.0;

double level_of(const UnitSegment& segment, std::size_t from, std::size_t to) {
  std::vector<double> values;
  for (std::size_t i = from; i < to; ++i) values.push_back(segment.nights[i].value);
  return percentile(values, 50).value_or(0);
}

}  // namespace

bool is_sentinel(const store::SeriesKey& key) { return key.model.starts_with(base::kSentinelPrefix); }

DriftCurve::DriftCurve(const UnitSegment& segment, const std::vector<ChangePoint>& changes) {
  if (segment.nights.empty()) return;
  std::vector<std::size_t> starts = {0};
  for (const ChangePoint& change : changes) starts.push_back(change.index);
  const double now = level_of(segment, starts.back(), segment.nights.size());
  if (!(now > 0)) return;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::size_t end = i + 1 < starts.size() ? starts[i + 1] : segment.nights.size();
    const double level = level_of(segment, starts[i], end);
    if (!(level > 0)) {
      steps_.clear();
      return;
    }
    steps_.push_back({segment.nights[starts[i]].at_ns, level / now});
  }
}

double DriftCurve::at(int64_t time_ns) const {
  const auto after =
      std::find_if(steps_.begin(), steps_.end(), [&](const Step& step) { return step.from_ns > time_ns; });
  if (steps_.empty()) return 1;
  return after == steps_.begin() ? after->ratio : std::prev(after)->ratio;
}

void RigDrift::add(const store::SeriesKey& key, DriftCurve curve) {
  curves_[{key.bench, key.metric, key.tier}].push_back(std::move(curve));
}

double RigDrift::at(const store::SeriesKey& key, int64_t time_ns) const {
  const auto found = curves_.find({key.bench, key.metric, key.tier});
  if (found == curves_.end() || found->second.empty()) return 1;
  double sum = 0;
  for (const DriftCurve& curve : found->second) sum += std::log(curve.at(time_ns));
  return std::exp(sum / static_cast<double>(found->second.size()));
}

bool RigDrift::moves(const store::SeriesKey& key) const {
  const auto found = curves_.find({key.bench, key.metric, key.tier});
  return found != curves_.end() && std::any_of(found->second.begin(), found->second.end(),
                                               [](const DriftCurve& curve) { return curve.moves(); });
}

double SentinelReport::series_years() const { return static_cast<double>(nights) / kNightsAYear; }

double SentinelReport::realised_rate() const {
  return nights == 0 ? 0 : 100.0 * static_cast<double>(alerts) / series_years();
}

}  // namespace slmrig::analyse
