// A run that goes on with just the cells that are not decided yet, until each is, or the time is up.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/observer.h"
#include "harness/campaign/campaign.h"

namespace slmrig::campaign {

// What is not decided. Empty fields hold for all.
struct UndecidedCell {
  std::string bench;
  std::string board;
  std::string model;
  std::string variant;
  std::string suite;
  bool more_would_tell = true;  // false: measuring it again would not decide it either
};

struct UntilDecided {
  // Asked after each round, with the run so far. Nothing: all is decided.
  std::function<base::Result<std::vector<UndecidedCell>>(const std::string& run_id)> undecided;
  // Of the whole plan: what may be measured again. A run that goes on has less than that in its request.
  base::ExpandedPlan plan;
  int64_t time_limit_ns = 0;   // of all rounds; a round that began is finished. 0: none
  uint32_t most_rounds = 100;  // after the plan's own sessions
};

struct DecidedOutcome {
  CampaignOutcome campaign;         // of all rounds together
  uint32_t rounds = 0;              // after the plan's own sessions
  std::vector<UndecidedCell> left;  // those that nothing would decide included
};

// `request` may have nothing left to measure, where a run of it goes on. Errors as run_campaign's, and those
// of `undecided`.
base::Result<DecidedOutcome> run_until_decided(const CampaignRequest& request, const UntilDecided& how,
                                               store::Store& store, base::Observer& observer,
                                               const std::atomic<bool>& stop);

// One more session of each pair that has a cell among `cells` that more would tell of, with those cells
// alone, that ordinal and ids of their own. Pure but for the ids.
std::vector<base::Session> sessions_for(const base::ExpandedPlan& expanded,
                                        const std::vector<UndecidedCell>& cells, uint32_t ordinal);

}  // namespace slmrig::campaign
