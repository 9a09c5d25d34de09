// Energies made by hand, for the tests of analyse. 1 mW idle; an answer takes 1 s, 3 mJ of prefill and 6 mJ
// of decode beyond idle; every uncertainty is 10 %.
#pragma once

#include <string>
#include <utility>

#include "harness/analyse/rows_for_test.h"

namespace slmrig::analyse {

inline base::PhaseEnergy phase_for_test(base::EnergyPhase phase, uint32_t count, double gross_uj,
                                        double net_uj, double duration_s) {
  base::PhaseEnergy energy;
  energy.phase = phase;
  energy.generations = count;
  energy.gross_uj = gross_uj;
  energy.net_uj = net_uj;
  energy.duration_ns = static_cast<int64_t>(duration_s * 1e9);
  const bool is_idle = phase == base::EnergyPhase::kIdle;
  energy.expanded_uncertainty_uj = 0.1 * (is_idle ? gross_uj : net_uj);
  energy.comparative_uncertainty_uj = 0.001 * net_uj;
  return energy;
}

// Of two answers with five tokens each.
inline base::Energy energy_for_test(base::Tier tier = base::Tier::kHardware) {
  using base::EnergyPhase;
  base::Energy energy;
  energy.tier = tier;
  energy.meter = "ppk2 PPK2 C0FFEE";
  energy.supply_mv = 3300;
  energy.phases = {phase_for_test(EnergyPhase::kIdle, 0, 400, 0, 0.4),
                   phase_for_test(EnergyPhase::kPrefill, 2, 6600, 6000, 0.6),
                   phase_for_test(EnergyPhase::kDecode, 2, 13'400, 12'000, 1.4)};
  energy.phases[2].tokens = 8;
  for (const double gross_uj : {9000.0, 11'000.0}) {
    base::GenerationEnergy answer;
    answer.gross_uj = gross_uj;
    answer.expanded_uncertainty_uj = 0.1 * gross_uj;
    energy.generations.push_back(answer);
  }
  return energy;
}

// Two cold starts of 0.5 s and 4 mJ, with idle.
inline base::Energy cold_start_energy_for_test(base::Tier tier = base::Tier::kHardware) {
  using base::EnergyPhase;
  base::Energy energy;
  energy.tier = tier;
  energy.phases = {phase_for_test(EnergyPhase::kBoot, 2, 2000, 1600, 0.4),
                   phase_for_test(EnergyPhase::kLoad, 2, 6000, 5400, 0.6)};
  return energy;
}

inline store::CellData metered_cell(base::Energy energy) {
  store::CellData cell = cell_of("c-1", {});
  cell.energy = std::move(energy);
  return cell;
}

inline store::RunData metered_run(std::vector<store::SessionData> sessions) {
  store::RunData run;
  run.sessions = std::move(sessions);
  return run;
}

}  // namespace slmrig::analyse
