// Median and spread of the cost of each token index, over the generations of a cell.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/store/rows.h"

namespace slmrig::reports {

// Each [tokens of the longest generation]; index 0 is the time to first token. Costs rounded to whole units.
struct TokenBand {
  std::vector<int64_t> count;  // generations that got this far
  std::vector<int64_t> low;    // 5th percentile (analyse/percentile.h)
  std::vector<int64_t> median;
  std::vector<int64_t> high;  // 95th percentile
};

TokenBand token_band(std::span<const store::GenerationRow> generations);

}  // namespace slmrig::reports
