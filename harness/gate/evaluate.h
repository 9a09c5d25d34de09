// Budgets and measurements to verdicts. Pure: no clock, no file, no database.
//
// A budget becomes a row for each board, model, variant, suite and settings that the runs have and that it
// applies to; a row is as good as its worst bench. Of a bench all trusted sessions of the gated runs count:
//
//   - instruction counts, bytes and shares of a fixed list of prompts are exact: the worst session's;
//   - a maximum is the worst that was measured;
//   - everything else is the mean over sessions, which are the unit of independence, with Student's interval;
//     the spread is that of the sessions, of earlier nights (from kLeastNights on), or of both together;
//   - percentiles of tokens and answers take the wider of that and of the order statistics of all of them, so
//     that a p99 demands its minimum of samples.
//
// It passes when the interval lies within the limit, and fails when it lies beyond. What comes from several
// places is put into one order first, so the order of sessions, cells and budgets changes nothing.
#pragma once

#include "harness/base/error.h"
#include "harness/gate/budget.h"
#include "harness/gate/input.h"
#include "harness/gate/verdict.h"

namespace slmrig::gate {

inline constexpr uint32_t kLeastNights = 8;

// `known_boards`: names that budgets may use beside those of the sessions (kBadInput for others; empty: any
// name may be used).
base::Result<GateReport> evaluate(const BudgetFile& budgets, const GateInput& input,
                                  const std::vector<std::string>& known_boards = {});

}  // namespace slmrig::gate
