// The profile pass of one cell: each of its prompts once more, operator by operator. Part of measure_session
// (session.h), after timing and memory, which it would disturb: a profiled generation looks at the clock
// after every operator, and keeps a table in the arena.
#pragma once

#include <cstdint>

#include "harness/measure/session.h"

namespace slmrig::measure {

struct ProfileOutcome {
  int64_t busy_ns = 0;
  bool go_on = true;  // false: further cells would fare no better, or the user stopped
};

// What goes wrong on the board is a notice, and the cell has no profile: its figures were measured before.
// The error is the sink's.
base::Result<ProfileOutcome> profile_cell(rig::LiveBoard& board, const SessionInputs& inputs,
                                          const SessionContext& context, const base::Cell& cell);

}  // namespace slmrig::measure
