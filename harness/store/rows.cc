#include "harness/store/rows.h"

namespace slmrig::store {

CostUnit cost_unit_of(base::Tier tier, const base::TickScale& ticks) {
  if (tier == base::Tier::kFunctional) return CostUnit::kNone;
  return ticks.counts_instructions ? CostUnit::kInstructions : CostUnit::kNanoseconds;
}

}  // namespace slmrig::store
