// Whether a board's clock says the truth: its ticks against the host's monotonic clock.
//
// A cleared trace-enable bit once made a published result wrong by a factor of 2.3; two seconds of patience
// find it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/base/clock.h"
#include "harness/base/error.h"
#include "harness/base/records/board.h"
#include "harness/rig/agent.h"

namespace slmrig::measure {

inline constexpr int64_t kClockCheckNs = 2'000'000'000;
inline constexpr double kMostClockDifference = 0.005;

struct ClockCheck {
  // Device time over host time, minus one; absent: the answers took so long that nothing can be said.
  std::optional<double> difference;
  std::string text;   // for provenance: "differs by 0.0012 % over 2.1 s"
  std::string doubt;  // not empty: why the session is not to be trusted
};

// Idle for kClockCheckNs between two readings. Only for boards whose ticks are time. Errors are the agent's.
base::Result<ClockCheck> check_clock(rig::Agent& agent, const base::TickScale& ticks, base::Clock& clock);

}  // namespace slmrig::measure
