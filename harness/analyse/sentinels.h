// A/A sentinels: a frozen agent and model that every nightly plan measures, so that what moves in them is the
// rig. Pure.
//
// Their models are named "sentinel-..." (a plan refuses others). What they show is used twice: the alarms
// that they raise are the false-alarm rate that the rest may be believed by, and a step of a sentinel is
// taken out of the other series of the same bench and metric before these are judged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/analyse/change_points.h"
#include "harness/analyse/nights.h"
#include "harness/store/history.h"

namespace slmrig::analyse {

bool is_sentinel(const store::SeriesKey& key);

// The level of one sentinel over time, as a ratio to the level it has now: 1 since its last change.
class DriftCurve {
 public:
  // `changes` of the segment's values.
  DriftCurve(const UnitSegment& segment, const std::vector<ChangePoint>& changes);

  double at(int64_t time_ns) const;  // 1 where it has no say
  bool moves() const { return steps_.size() > 1; }

 private:
  struct Step {
    int64_t from_ns = 0;
    double ratio = 1;
  };
  std::vector<Step> steps_;  // by time
};

// Curves of a bench's sentinels for one metric. Several are averaged (geometric mean).
class RigDrift {
 public:
  void add(const store::SeriesKey& key, DriftCurve curve);
  // How much of the value at that time is the rig's: 1 where no sentinel of this bench, metric and tier
  // moved.
  double at(const store::SeriesKey& key, int64_t time_ns) const;
  bool moves(const store::SeriesKey& key) const;

 private:
  struct Place {
    std::string bench;
    std::string metric;
    base::Tier tier = base::Tier::kHardware;
    auto operator<=>(const Place&) const = default;
  };
  std::map<Place, std::vector<DriftCurve>> curves_;
};

struct SentinelReport {
  std::size_t series = 0;
  std::size_t nights = 0;     // summed over the series
  std::size_t alerts = 0;     // that no recorded change of the rig explains
  std::size_t explained = 0;  // alerts that one does
  // Sentinels whose agent or model did change are none: "bench metric".
  std::vector<std::string> not_frozen;

  double series_years() const;
  // Alerts a hundred series-years; 0 without any night.
  double realised_rate() const;
};

}  // namespace slmrig::analyse
