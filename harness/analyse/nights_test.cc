#include "harness/analyse/nights.h"

#include <algorithm>
#include <limits>

#include <catch2/catch.hpp>

#include "harness/analyse/history_for_test.h"

namespace slmrig::analyse {

TEST_CASE("nights: the sessions of one run are one point, their median", "[findings]") {
  HistoryForTest made;
  for (const double value : {10.0, 14.0, 11.0}) {
    made.night(1);
    made.add("token_ms_p99", value);
  }
  made.night(2);
  made.add("token_ms_p99", 20.0);
  const SeriesNights nights = nights_of(made.history().series.front(), made.history());
  REQUIRE(nights.segments.size() == 1);
  CHECK(nights.segments.front().values() == std::vector<double>{11.0, 20.0});
  CHECK(nights.segments.front().nights.front().sessions == 3);
  CHECK(nights.segments.front().nights.front().spread == Approx(1.4826));
  CHECK_FALSE(nights.segments.front().nights.back().spread);
}

TEST_CASE("nights: figures in doubt and figures that are no numbers are left out and counted", "[findings]") {
  HistoryForTest made;
  made.night(1);
  made.add("token_ms_p99", 1.0);
  made.night(2);
  made.add("token_ms_p99", 99.0, base::Tier::kHardware, "intents", false);
  made.night(3);
  made.add("token_ms_p99", std::numeric_limits<double>::quiet_NaN());
  made.night(4);
  made.add("token_ms_p99", std::numeric_limits<double>::infinity());
  const SeriesNights nights = nights_of(made.history().series.front(), made.history());
  CHECK(nights.segments.front().values() == std::vector<double>{1.0});
  CHECK(nights.untrusted == 1);
  CHECK(nights.missing == 2);
}

TEST_CASE("nights: the order of points does not matter, and a swapped unit begins a segment", "[findings]") {
  HistoryForTest made;
  for (int day = 0; day < 9; ++day) {
    made.session.unit_id = day < 3 ? "unit-a" : day < 6 ? "unit-b" : "unit-c";
    made.night(day);
    made.add("token_ms_p99", 10.0 * (day / 3) + day % 3);
  }
  const SeriesNights nights = nights_of(made.history().series.front(), made.history());
  REQUIRE(nights.segments.size() == 3);
  CHECK(nights.segments[1].unit_id == "unit-b");
  CHECK(nights.segments[1].values() == std::vector<double>{10, 11, 12});
  CHECK(spread_between_units(nights) == Approx(14.826));  // of 1, 11 and 21
  auto& points = made.history().series.front().points;
  std::reverse(points.begin(), points.end());
  const SeriesNights again = nights_of(made.history().series.front(), made.history());
  REQUIRE(again.segments.size() == 3);
  CHECK(again.segments[1].values() == nights.segments[1].values());
}

TEST_CASE("nights: instructions and static memory are exact, times are not unless they stand still",
          "[findings]") {
  store::SeriesKey key;
  key.tier = base::Tier::kEmulated;
  key.metric = "token_instructions_p99";
  CHECK(is_exact(key, {1}));
  key.tier = base::Tier::kHardware;
  key.metric = "memory_kv_bytes";
  CHECK(is_exact(key, {1}));
  key.metric = "memory_stack_bytes";
  CHECK_FALSE(is_exact(key, {1}));
  key.metric = "accuracy";
  CHECK(is_exact(key, {1, 1, 1, 1, 1, 1, 1, 1, 1, 0.5}));
  CHECK_FALSE(is_exact(key, {1, 1, 1, 1, 1, 1, 1, 1, 0.5, 1}));  // moved twice in ten
  key.metric = "token_ms_p99";
  CHECK_FALSE(is_exact(key, {1, 2, 1, 2, 1, 2, 1, 2, 1, 2}));
  CHECK_FALSE(is_exact(key, {1, 1}));
}

}  // namespace slmrig::analyse
