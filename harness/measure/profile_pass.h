// The profile pass of one cell: each of its prompts once more, operator by operator. Part of measure_session
// (session.h), after timing and memory, which it would disturb: a profiled generation looks at the clock
// after every operator, and keeps a table in the arena.
#pragma once

#include <array>
#include <cstdint>

#include "harness/measure/session.h"

namespace slmrig::measure {

// What the same generations took in the timing pass, without a look at the clock between operators.
struct PlainTicks {
  std::array<uint64_t, base::kPhaseCount> ticks = {};  // by base::Phase
  uint64_t generated_tokens = 0;
};

void add_plain_ticks(const rig::RunReply& reply, PlainTicks& plain);

struct ProfileOutcome {
  int64_t busy_ns = 0;
  bool go_on = true;  // false: further cells would fare no better, or the user stopped
};

// The device takes off what looking at the clock costs as it measures that at the beginning, in a loop that
// does nothing else; between operators it costs more. What is left of the difference to the timing pass is
// taken off each call alike, unless it is more than the device took off: then a busy host or a drifting clock
// is in it.
//
// What goes wrong on the board is a notice, and the cell has no profile: its figures were measured before.
// The error is the sink's.
base::Result<ProfileOutcome> profile_cell(rig::LiveBoard& board, const SessionInputs& inputs,
                                          const SessionContext& context, const base::Cell& cell,
                                          const PlainTicks& plain);

// What the board can do at most with the loaded model: the profile's yardstick. As for a profile, what goes
// wrong on the board is a notice.
base::Done record_roofline(rig::LiveBoard& board, const SessionInputs& inputs, const SessionContext& context);

}  // namespace slmrig::measure
