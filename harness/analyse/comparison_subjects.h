// Which measurements of a run, or of two, belong side by side. Pure.
#pragma once

#include <string>
#include <vector>

#include "harness/analyse/comparison.h"
#include "harness/store/rows.h"

namespace slmrig::analyse {

// Everything that was measured in one way, by variant.
struct ComparedPlace {
  std::string bench;
  std::string model;
  std::string suite;
  std::string settings;
  auto operator<=>(const ComparedPlace&) const = default;
};

// The variants of a run at one place, in the order of `variants`, or of the run where that is empty. Only
// cells that ended ok; variants without any are left out. `run` outlives the subjects.
std::vector<Subject> variants_at(const store::RunData& run, const ComparedPlace& place,
                                 const std::vector<std::string>& variants = {});

// The places of a run with two or more variants, in the order of the run.
std::vector<ComparedPlace> places_of(const store::RunData& run);

// Two runs at one place and of one variant: first the reference's sessions, then the other's.
struct RunPair {
  ComparedPlace place;
  std::string variant;
  std::vector<Subject> subjects;  // [2]
};

// What both runs measured, in the order of `reference`; a cell whose tier differs between the two is left
// out. Subjects are named by builds where these differ, else by labels, else by the beginning of run ids.
std::vector<RunPair> pairs_of(const store::RunData& reference, const store::RunData& other);

}  // namespace slmrig::analyse
