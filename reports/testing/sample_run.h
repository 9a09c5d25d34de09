// Runs to make reports of, in tests: the store's sample run as rows, and what people call their boards.
#pragma once

#include <vector>

#include "harness/store/rows.h"
#include "harness/store/sample_data.h"

namespace slmrig::reports {

// Through a database of its own in a temporary folder. Aborts where that cannot be had.
store::RunData sample_run(const store::SampleOptions& options = {});

// Every text of the run replaced by markup, and by quotes, control characters and bytes that are not UTF-8;
// and one token that took a thousand times as long as it should.
store::RunData hostile_run();

// Every cell failed before it measured anything.
store::RunData failed_run();

// The first cell of the sample alone, with a single token.
store::RunData smallest_run();

}  // namespace slmrig::reports
