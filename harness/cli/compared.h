// What `slmrig compare` and `slmrig ab` have in common: two runs cell by cell, and comparisons on standard
// output.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/analyse/comparison.h"
#include "harness/analyse/comparison_subjects.h"
#include "harness/base/error.h"
#include "harness/cli/commands.h"
#include "harness/gate/acceptance.h"
#include "harness/store/queries.h"

namespace slmrig::cli {

struct Compared {
  analyse::Comparison comparison;
  std::optional<gate::Acceptance> acceptance;  // where --accept asked for it
};

struct RunPairQuestion {
  std::string database;
  std::string reference;  // run ids
  std::string other;
  std::function<bool(const analyse::RunPair&)> is_wanted{};  // empty: all
  std::vector<gate::Condition> conditions{};                 // that the other run must meet; none: not asked
};

// What both runs measured. Empty: they have no cell in common.
base::Result<std::vector<Compared>> compare_two_runs(store::Reader& reader, const RunPairQuestion& question);

struct ComparedOutput {
  bool json = false;
  std::size_t most_flips = 0;  // answers that differ, of each subject, in the text
};

// Tables, or {"comparisons": [...]}. Boards that the project of `places` no longer has get no modelled time.
void print_compared(const std::vector<Compared>& all, const Places& places, const ComparedOutput& how);

}  // namespace slmrig::cli
