// What a plan means on a rig: the sessions and their cells, in the order in which they will run.
//
// Pure: no files, no clock; the ids come from the caller.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/records/plan.h"

namespace slmrig::plan {

// --only KEY=VALUE: keeps what matches. Values of one key are alternatives, different keys must all hold.
struct Only {
  std::string key;    // bench, board, model, variant or suite
  std::string value;  // may hold wildcards
};

// "bench=mps*" -> Only; an unknown key is refused with the nearest one.
base::Result<Only> parse_only(const std::string& text);

using MakeId = std::function<std::string()>;

// Benches of the rig that the plan names x models x variants, once for each ordinal of `sessions`.
//
// Order within a bench: all pairs of model and variant once (round 0), then again (round 1), ... each round
// shuffled by order_seed, bench and round, and the suites of a session likewise, so that neither order nor
// drift decides between two variants. The same plan gives the same order everywhere.
//
// A plan with supply voltages has each round once for each of them, highest first, on benches whose meter
// feeds the board, and as without them on the others; the settings of such cells end with " supply_mv=N".
//
// Refused: a bench pattern or an `only` that matches nothing (with what there is to match); a voltage that
// one of the boards does not bear; supply voltages where no bench has a meter that feeds its board.
base::Result<base::ExpandedPlan> expand(const base::Plan& plan, const base::Rig& rig,
                                        const std::vector<Only>& only, const MakeId& make_id);

// Why this variant cannot run on this board ("... needs N bytes, board has M"), or nothing when it fits.
// A capacity of 0 in the board file means that the board does not limit it.
std::optional<std::string> unfit_reason(const base::VariantFacts& variant, const base::Board& board);

// The settings that make up a series' identity, canonical: "ctx=256 new=32 top_k=1 temp=0 seed=1". Added only
// where they hold: "kv=int8" (keys and values are not f32), "ignore_end", and "prompts=N" (the cell takes
// only the first N prompts of the suite: another set of prompts is another series). Repeats, sessions and
// cold starts only say how often, and are left out.
std::string settings_text(const base::CellSettings& settings, const base::Suite& suite);

}  // namespace slmrig::plan
