#include "harness/analyse/stable_level.h"

#include <catch2/catch.hpp>

#include "harness/analyse/history_for_test.h"

namespace slmrig::analyse {
namespace {

// Nights of a noise of 1 around levels that each last so long.
HistoryForTest history_of(const std::vector<std::pair<double, int>>& levels) {
  HistoryForTest made;
  NoiseForTest noise(7);
  int day = 0;
  for (const auto& [level, nights] : levels) {
    for (int i = 0; i < nights; ++i) {
      made.night(++day);
      made.add("token_ms_p50", level + noise.next());
    }
  }
  return made;
}

StableLevel level_of(const HistoryForTest& made, int before_day = 10'000) {
  return stable_level(made.history().series[0], made.history(), before_day * kDayNs);
}

TEST_CASE("The stable level is the newest that has lasted for eight nights") {
  const StableLevel whole = level_of(history_of({{100, 30}}));
  CHECK(whole.missing.empty());
  CHECK(whole.nights.size() == 30);
  CHECK(whole.level == Approx(100).margin(0.6));
  CHECK(whole.standard_error == Approx(1.25 / std::sqrt(30)).epsilon(0.3));
  CHECK(whole.since == "1970-01-02");
  CHECK(whole.unit_id == "unit-a");

  const StableLevel moved = level_of(history_of({{100, 30}, {120, 8}}));
  CHECK(moved.nights.size() == 8);
  CHECK(moved.level == Approx(120).margin(1));

  // A regression of seven nights is not what drift is measured by.
  const StableLevel young = level_of(history_of({{100, 30}, {120, 7}}));
  CHECK(young.nights.size() == 30);
  CHECK(young.level == Approx(100).margin(0.6));
}

TEST_CASE("Nights from the judged one on are not its own measure") {
  const HistoryForTest made = history_of({{100, 20}, {200, 20}});
  CHECK(level_of(made).level == Approx(200).margin(1));
  CHECK(level_of(made, 21).level == Approx(100).margin(1));
  CHECK(level_of(made, 21).nights.size() == 20);
  CHECK(level_of(made, 1).missing == "no night before this one");
}

TEST_CASE("A level that nobody knows yet is missing, and says why") {
  CHECK(level_of(history_of({{100, 3}})).missing == "learning, 3 of 8 nights");
  HistoryForTest counts;
  for (int day = 1; day <= 12; ++day) {
    counts.night(day);
    counts.add("token_instructions_mean", 1000 + day, base::Tier::kEmulated);
  }
  CHECK(level_of(counts).missing == "no level has lasted for 8 nights");
  for (int day = 13; day <= 20; ++day) {
    counts.night(day);
    counts.add("token_instructions_mean", 999, base::Tier::kEmulated);
  }
  CHECK(level_of(counts).level == 999);
  CHECK(level_of(counts).standard_error == 0);
}

TEST_CASE("A swapped board has a level of its own") {
  HistoryForTest made = history_of({{100, 20}});
  made.session.unit_id = "unit-b";
  for (int day = 21; day <= 24; ++day) {
    made.night(day);
    made.add("token_ms_p50", 100);
  }
  const StableLevel level = level_of(made);
  CHECK(level.unit_id == "unit-b");
  CHECK(level.missing == "learning, 4 of 8 nights");
}

}  // namespace
}  // namespace slmrig::analyse
