// A series, night by night: what change points are looked for in. Pure.
//
// Generations and sessions of one run are not independent of the night that they share, so a run is one
// point: the median of its sessions' values. A board that was swapped begins a new segment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "harness/store/history.h"

namespace slmrig::analyse {

struct Night {
  std::size_t session = 0;       // of History::sessions: the first of the run's that measured the series
  int64_t at_ns = 0;             // when that one began
  double value = 0;              // median over the run's sessions
  uint32_t sessions = 0;         // behind the value
  std::optional<double> spread;  // robust sigma between the run's sessions; absent below three
};

// Nights on one physical unit, oldest first.
struct UnitSegment {
  std::string unit_id;
  std::vector<Night> nights;

  std::vector<double> values() const;
};

struct SeriesNights {
  std::vector<UnitSegment> segments;  // oldest first; the last one is the unit that is there now
  uint32_t untrusted = 0;             // points that were left out, and why: the cell is in doubt,
  uint32_t missing = 0;               // or the value is not a finite number
};

// Whether a session is one of a night: those of a campaign of its own (`slmrig ab`, which compares two
// builds) are none.
bool is_of_a_night(const store::HistorySession& session);

// Points that are in doubt or not finite are left out, and those that are of no night. The order of
// History::points does not matter.
SeriesNights nights_of(const store::Series& series, const store::History& history);

// Robust sigma of the units' levels around their median; absent with fewer than three units.
std::optional<double> spread_between_units(const SeriesNights& nights);

// Whether what the series counts does not scatter, so that any change is one: instructions of an emulator,
// bytes of static memory; and whatever else stood still for nine nights out of ten.
bool is_exact(const store::SeriesKey& key, const std::vector<double>& values);

}  // namespace slmrig::analyse
