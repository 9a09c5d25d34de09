#include "reports/token_band.h"

#include <algorithm>
#include <cmath>

#include "harness/analyse/percentile.h"

namespace slmrig::reports {
namespace {

int64_t rounded(const std::vector<double>& sorted, double percent) {
  return std::llround(analyse::percentile_of_sorted(sorted, percent).value_or(0.0));
}

}  // namespace

TokenBand token_band(std::span<const store::GenerationRow> generations) {
  std::size_t tokens = 0;
  for (const auto& generation : generations) tokens = std::max(tokens, generation.token_costs.size());
  TokenBand band;
  std::vector<double> costs;
  for (std::size_t index = 0; index < tokens; ++index) {
    costs.clear();
    for (const auto& generation : generations) {
      if (index < generation.token_costs.size())
        costs.push_back(static_cast<double>(generation.token_costs[index]));
    }
    std::sort(costs.begin(), costs.end());
    band.count.push_back(static_cast<int64_t>(costs.size()));
    band.low.push_back(rounded(costs, 5));
    band.median.push_back(rounded(costs, 50));
    band.high.push_back(rounded(costs, 95));
  }
  return band;
}

}  // namespace slmrig::reports
