#include "harness/analyse/sentinels.h"

#include <catch2/catch.hpp>

#include "harness/analyse/history_for_test.h"

namespace slmrig::analyse {
namespace {

// Ten nights of 100 and ten of 110, from day 20 on.
DriftCurve stepped_curve() {
  UnitSegment segment;
  for (int day = 20; day < 40; ++day) {
    Night night;
    night.at_ns = day * kDayNs;
    night.value = day < 30 ? 100 : 110;
    segment.nights.push_back(night);
  }
  ChangePoint change;
  change.index = 10;
  return DriftCurve(segment, {change});
}

TEST_CASE("A drift is a ratio to the level that the sentinel has now, before its first night too",
          "[findings]") {
  const DriftCurve curve = stepped_curve();
  CHECK(curve.moves());
  CHECK(curve.at(35 * kDayNs) == Approx(1));
  CHECK(curve.at(30 * kDayNs) == Approx(1));
  CHECK(curve.at(30 * kDayNs - 1) == Approx(100.0 / 110));
  CHECK(curve.at(0) == Approx(100.0 / 110));
  CHECK(DriftCurve({}, {}).at(0) == 1);
}

TEST_CASE("Sentinels of one bench, metric and tier are averaged, others have no say", "[findings]") {
  store::SeriesKey key;
  key.bench = "rack-1";
  key.metric = "token_ms_p50";
  RigDrift drift;
  CHECK(drift.at(key, 0) == 1);
  drift.add(key, stepped_curve());
  drift.add(key, DriftCurve({}, {}));
  CHECK(drift.at(key, 0) == Approx(std::sqrt(100.0 / 110)));
  CHECK(drift.moves(key));
  key.tier = base::Tier::kEmulated;
  CHECK(drift.at(key, 0) == 1);
  CHECK_FALSE(drift.moves(key));
}

TEST_CASE("The realised rate counts unexplained alerts a hundred series-years", "[findings]") {
  SentinelReport report;
  CHECK(report.realised_rate() == 0);
  report.nights = 730;
  report.alerts = 1;
  report.explained = 5;
  CHECK(report.realised_rate() == Approx(50));
}

}  // namespace
}  // namespace slmrig::analyse
