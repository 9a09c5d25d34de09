// How a run is summed up: the table that it ends with, and that `slmrig show` prints again. Pure.
#pragma once

#include <string>
#include <vector>

#include "harness/analyse/summary.h"

namespace slmrig::cli {

// A block for each bench with a line for each cell: cold start, time to first token, token p50/p95/p99/max,
// rate, memory peak, accuracy, equality with the host's answers, and how many answers are the suite's
// fallback text, where a cell of the bench has such. A cell without figures has its status and reason
// instead. Benches are apart because figures of different tiers do not belong into one column.
std::string summary_text(const std::vector<analyse::CellSummary>& cells);

// "22 ok, 2 unfit": the cells of a run by status, those there are.
std::string cells_text(const store::RunRow& run);

// As much of a run's id as people need to name it.
std::string short_id(const std::string& run_id);

}  // namespace slmrig::cli
