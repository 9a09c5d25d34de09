// One bench of one row against a limit. Private to this room.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/gate/internal/readings.h"
#include "harness/gate/interval.h"
#include "harness/gate/verdict.h"

namespace slmrig::gate {

struct JudgeQuestion {
  const Budget* budget = nullptr;
  double confidence = 0.99;
  uint32_t most_sessions = 50;
  std::optional<KnownSpread> spread;  // of history
  // Of a limit against a release: what was measured of it here, and when absent why not.
  std::optional<BenchReadings> release;
  std::optional<KnownSpread> release_spread;
  std::optional<analyse::StableLevel> stable;  // of a limit of drift
};

// The figure of trusted readings [1 or more].
Estimate estimate_of(const Budget& budget, const std::vector<Reading>& readings,
                     const std::optional<KnownSpread>& spread, double confidence);

// Everything of a BenchResult but the bench's name.
BenchResult judge(const JudgeQuestion& question, const BenchReadings& readings);

// The same estimate against another limit (a waiver's ceiling, absolute).
bool is_within(const Limit& ceiling, const BenchResult& result);

// How far beyond the limit, in the metric's unit; negative within.
double distance_beyond(const Limit& limit, double value, double limit_value);

}  // namespace slmrig::gate
