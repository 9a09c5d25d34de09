// From the database to what a gate judges: the sessions of the gated runs, of the releases that budgets
// compare with, and how much figures differ from night to night.
#pragma once

#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/gate/budget.h"
#include "harness/gate/input.h"
#include "harness/store/queries.h"

namespace slmrig::campaign {

struct GateQuestion {
  std::string database;           // the file that the reader reads: where releases are pinned
  std::vector<std::string> runs;  // selectors; empty: the latest run
  std::string baseline;           // the release that "baseline" in a limit means; empty: none was named
  int64_t now_ns = 0;             // UTC
};

// Reads no more than what `budgets` apply to. kBadInput for a run, release or baseline that is not there.
base::Result<gate::GateInput> read_gate_input(store::Reader& reader, const gate::BudgetFile& budgets,
                                              const GateQuestion& question);

// A session's rows as a gate takes them. `stored`: its figures in the database, for those that it takes other
// sessions to compute (flip_rate); all others are computed from the rows.
gate::GateSession gate_session(const store::SessionData& session,
                               const std::vector<store::SeriesValue>& stored);

}  // namespace slmrig::campaign
