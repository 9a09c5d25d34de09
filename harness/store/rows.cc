#include "harness/store/rows.h"

namespace slmrig::store {

CostUnit cost_unit_of(base::Tier tier, const base::TickScale& ticks) {
  if (tier == base::Tier::kFunctional) return CostUnit::kNone;
  if (ticks.counts_instructions) return CostUnit::kInstructions;
  // The time of an emulator is nobody's time.
  return tier == base::Tier::kEmulated ? CostUnit::kNone : CostUnit::kNanoseconds;
}

}  // namespace slmrig::store
