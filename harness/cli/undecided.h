// What a budget file cannot decide yet of a run: the question that `slmrig run --until-decided` repeats.
#pragma once

#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/campaign/until_decided.h"
#include "harness/gate/verdict.h"

namespace slmrig::cli {

// Rows that neither pass nor fail, bench by bench; without those that a waiver or coverage lets through.
// Pure.
std::vector<campaign::UndecidedCell> undecided_cells(const gate::GateReport& report);

// Asks the gate of `budgets` about the run in `database`. The budget file is read now, so that a mistake in
// it is told before anything is measured.
base::Result<campaign::UntilDecided> until_budgets_decide(const std::string& budgets,
                                                          const std::string& database);

}  // namespace slmrig::cli
