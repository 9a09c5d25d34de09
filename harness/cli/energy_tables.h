// Energies of a run and of a cell as tables for people. Pure.
#pragma once

#include <string>

#include "harness/base/records/energy.h"
#include "harness/store/rows.h"

namespace slmrig::cli {

// One answer of each variant, bench by bench, with its tier; benches without a meter are named. Empty where
// no cell ended ok.
std::string energy_summary_text(const store::RunData& run);

// Phases, the uncertainty budget of each, and the answers one by one.
std::string cell_energy_text(const base::Energy& energy);

}  // namespace slmrig::cli
