// What the overview page shows, in the form of live.schema.json. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/store/live.h"
#include "harness/store/rows.h"

namespace slmrig::serve {

// A run that has not ended.
struct OpenRun {
  store::RunRow run;
  std::vector<store::LiveCell> cells;     // that it has begun
  std::optional<uint64_t> planned_cells;  // absent: written by a version that did not say
};

struct LiveInput {
  std::string database;                 // the file's name, for people
  std::vector<store::RunRow> runs;      // newest first
  std::vector<OpenRun> open_runs;       // newest first
  std::vector<store::LiveCell> newest;  // cells that ended last, newest first
};

// At most this many runs are listed, and open ones shown; the others are counted.
inline constexpr std::size_t kListedRuns = 30;
inline constexpr std::size_t kShownOpenRuns = 4;

nlohmann::ordered_json live_json(const LiveInput& input);

}  // namespace slmrig::serve
