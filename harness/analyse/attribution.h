// What changed when a series did: facts of provenance that are others from the onset on. Pure.
//
// The rig is asked first: a step that coincides with another meter, probe, supply, emulator or host says
// nothing of the code, also when the code changed in the same night. Then the model, then the code.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/analyse/nights.h"
#include "harness/store/finding_rows.h"
#include "harness/store/history.h"

namespace slmrig::analyse {

// Where the onset lies in a segment: the new level begins at `index`, and not before `low` or after `high`.
struct Onset {
  std::size_t index = 0;
  std::size_t low = 0;
  std::size_t high = 0;
};

// What a fact of provenance speaks for; nothing for those that explain no step (paths, times, load).
std::optional<store::FindingCause> cause_of(std::string_view fact);

// Facts that changed within the onset and stayed so. One that changes every other night explains nothing, and
// is left out. Temperatures count when they moved by more than they otherwise do, and by 5 degrees at least.
// By cause (rig, model, code), then by name.
std::vector<store::ConditionChange> changes_at(const UnitSegment& segment, const Onset& onset,
                                               const store::SeriesKey& key, const store::History& history);

// The first cause that any of them speaks for; kUnknown when there is none.
store::FindingCause cause_of(const std::vector<store::ConditionChange>& changes);

}  // namespace slmrig::analyse
