// What is left of a run that was interrupted. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "harness/base/records/plan.h"
#include "harness/store/rows.h"

namespace slmrig::campaign {

struct Remaining {
  base::ExpandedPlan expanded;  // without the cells that ended, and without sessions that have none left
  std::map<std::string, uint32_t> attempts;  // that a session had already, by session id
};

// `expanded` is the run's plan, expanded anew; `rows` what the database holds of the run. A cell that ended
// (ok, failed, unfit, not applicable) is done; one that was interrupted or never begun is left. Sessions and
// cells that the database knows get their ids back, so that what is measured now becomes part of them. They
// are the same when bench, model, variant, ordinal, suite and settings are.
Remaining remaining_of(base::ExpandedPlan expanded, const store::RunData& rows);

}  // namespace slmrig::campaign
