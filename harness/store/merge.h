// Joins the databases of several racks: what one has measured comes into the other, by the identity of runs.
//
// A run that both have is left as it is: where both are the same, nothing happens (merging twice changes
// nothing), where they differ (one went on with it) it is a conflict and named. The other database is not
// changed. One transaction: all or nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::store {

struct MergeConflict {
  std::string what;  // "run 0196...", "release watch-1.2"
  std::string why;   // "generations: 12 here, 40 there"
};

struct MergeReport {
  uint64_t runs_added = 0;
  uint64_t runs_equal = 0;  // were here already
  uint64_t generations_added = 0;
  uint64_t releases_added = 0;
  uint64_t findings_added = 0;
  uint64_t files_copied = 0;             // captures and artifacts
  std::vector<MergeConflict> conflicts;  // none of these was touched
};

// `into` is made where it is not there. An older `from` is read through a copy that is brought up to date.
// kBadInput where both are one file; errors of both files name the file.
base::Result<MergeReport> merge_database(const std::string& into, const std::string& from);

}  // namespace slmrig::store
