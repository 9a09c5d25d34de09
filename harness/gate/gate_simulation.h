// Gates whose right verdict is known: sessions drawn at random around a true value, and a budget a little
// above or below it. For tests and benchmarks; seeded, so that every run draws the same.
#pragma once

#include <cstdint>
#include <string_view>

#include "harness/gate/evaluate.h"

namespace slmrig::gate {

// How sessions differ from each other.
enum class SessionNoise {
  kGaussian,
  kSpiky,            // 5 % of the sessions are slower by eight standard deviations
  kAutocorrelated,   // each follows the one before by 0.4
  kHeteroscedastic,  // every run has another standard deviation
  kBimodal,          // two levels, half of the sessions each
};
inline constexpr int kSessionNoises = 5;
std::string_view to_string(SessionNoise noise);

struct SimulatedGate {
  BudgetFile budgets;
  GateInput input;
  bool should_pass = false;
  // Half the width of the interval that one would plan with, the spread being known: relative.
  double planned_half_width = 0;
  SessionNoise noise = SessionNoise::kGaussian;
};

// 3 to 10 sessions whose standard deviation is 0.1 % to 6 %, of a rate or of a p95 over some hundred tokens a
// session; half of them with 8 to 60 nights of history; the limit 3 % from the truth on either side.
SimulatedGate simulated_gate(uint64_t seed);

struct GateErrors {
  uint64_t gates = 0;
  uint64_t should_pass = 0;
  uint64_t false_fails = 0;   // of should_pass
  uint64_t false_passes = 0;  // of the others
  uint64_t planned = 0;       // planned half-width <= 1 %
  uint64_t decided = 0;       // of them: pass or fail
};

// Evaluates `gates` simulated ones; `only`: of this noise alone.
GateErrors simulate_gates(uint64_t seed, uint64_t gates, const SessionNoise* only = nullptr);

}  // namespace slmrig::gate
