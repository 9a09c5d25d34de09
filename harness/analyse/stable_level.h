// The level that a series has had for a while: what drift is judged against. Pure.
//
// A level is stable once it has lasted for 8 nights, so that a regression does not become its own measure in
// the night that finds it: until then the level before it is the stable one. A change that is only to be
// watched (change_points.h) ends a level, too: nights in doubt are no measure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/store/history.h"

namespace slmrig::analyse {

inline constexpr std::size_t kStableNights = 8;

struct StableLevel {
  std::string unit_id;         // the board that is on the bench; empty where nothing was measured
  std::string missing;         // why there is no level: "learning, 3 of 8 nights"; empty: there is one
  std::vector<double> nights;  // values of the level's nights
  std::string since;           // "2026-03-14", its first night
  double level = 0;            // their median
  double standard_error = 0;   // of the median; 0 where the nights do not scatter
};

// Of nights that began before `before_ns`, on the unit that was there last.
StableLevel stable_level(const store::Series& series, const store::History& history, int64_t before_ns);

}  // namespace slmrig::analyse
