// The table that a run ends with, and that `slmrig show` prints again. Pure.
#pragma once

#include <string>
#include <vector>

#include "harness/analyse/summary.h"

namespace slmrig::cli {

// A block for each bench with a line for each cell: cold start, time to first token, token p50/p95/p99/max,
// rate, memory peak, accuracy, equality with the host's answers. A cell without figures has its status and
// reason instead. Benches are apart because figures of different tiers do not belong into one column.
std::string summary_text(const std::vector<analyse::CellSummary>& cells);

}  // namespace slmrig::cli
