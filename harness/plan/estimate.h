// What a plan will cost in time, before anything was measured: a rough model, for the progress bar and for
// `slmrig plan`. Pure. Nothing that is stored or gated comes from here.
#pragma once

#include <cstdint>

#include "harness/base/records/plan.h"

namespace slmrig::plan {

// Wall time of the host, nanoseconds.
int64_t expected_generation_ns(const base::Board& board, const base::VariantFacts& variant,
                               const base::Suite& suite, const base::CellSettings& settings);

// One reset with load and first token.
int64_t expected_cold_start_ns(const base::Board& board, const base::VariantFacts& variant);

// Bringing agent and image to the board.
int64_t expected_deploy_ns(const base::Board& board, const base::VariantFacts& variant);

// The energy pass of a cell; 0 where the bench has no meter or the plan wants none.
int64_t expected_energy_ns(const base::Bench& bench, const base::VariantFacts& variant,
                           const base::Plan& plan, const base::Cell& cell);

// The cold starts of a session under the meter; 0 likewise.
int64_t expected_cold_start_energy_ns(const base::Bench& bench, const base::VariantFacts& variant,
                                      const base::Plan& plan, const base::Session& session);

// All of a session, without profiles.
int64_t expected_session_ns(const base::Bench& bench, const base::VariantFacts& variant,
                            const base::Plan& plan, const base::Session& session);

}  // namespace slmrig::plan
