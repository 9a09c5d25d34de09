// What a budget file cannot decide yet of a run: the question that `slmrig run --until-decided` repeats.
#pragma once

#include <string>

#include "harness/base/error.h"
#include "harness/campaign/until_decided.h"

namespace slmrig::cli {

// Asks the gate of `budgets` about the run in `database`: cells of rows that are inconclusive. The budget
// file is read now, so that a mistake in it is told before anything is measured.
base::Result<campaign::UntilDecided> until_budgets_decide(const std::string& budgets,
                                                          const std::string& database);

}  // namespace slmrig::cli
