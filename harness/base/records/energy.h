// What a power meter's samples say of a cell or of a session's cold starts: energy by phase, by generation
// and by token, each with its uncertainty, term by term. Plain data, written to the store as it is made.
//
// Microjoules are doubles: a token on a microcontroller takes tens of them, a night on a Jetson 10^12. `net`
// is without the idle power, measured before and after on the same board state. Every uncertainty belongs to
// the net energy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/records/tier.h"

namespace slmrig::base {

// Prefill goes from the prompt to the first token; decode is every further token; idle lies before and after.
enum class EnergyPhase { kIdle, kBoot, kLoad, kPrefill, kDecode };
inline constexpr std::size_t kEnergyPhaseCount = 5;
std::string_view to_string(EnergyPhase phase);
std::optional<EnergyPhase> parse_energy_phase(std::string_view text);

// One row of an uncertainty budget (GUM). Terms add in quadrature.
struct UncertaintyTerm {
  std::string name;  // "gain", "offset", "voltage", "time_base", "edges", "sampling", "switching", "gaps",
                     // "baseline", "baseline_drift", "repeats"
  double standard_uj = 0;     // of the absolute energy, k = 1
  double comparative_uj = 0;  // what is left of it between measurements by the same unit in the same range
  double degrees_of_freedom = 0;  // 0: infinitely many
};

// Of all generations of a cell together (sums), or of one generation or cold start.
struct PhaseEnergy {
  EnergyPhase phase = EnergyPhase::kDecode;
  uint32_t generations = 0;  // boot, load: cold starts
  uint64_t tokens = 0;       // prefill: of the prompts; decode: generated after the first; else 0
  double gross_uj = 0;
  double net_uj = 0;
  double charge_uc = 0;  // as far as the meter measures current
  double mean_uw = 0;
  double peak_uw = 0;  // the highest sample
  int64_t duration_ns = 0;
  double expanded_uncertainty_uj = 0;     // 95 %: k = 2, or Student's where degrees of freedom are few
  double comparative_uncertainty_uj = 0;  // likewise, for comparisons by the same unit in the same range
  int64_t samples = 0;                    // that are in it
  int64_t lost_samples = 0;
  int64_t saturated_samples = 0;  // any: the energy is a lower bound
  int64_t invalid_samples = 0;
  int64_t range_switches = 0;
  double filtered_difference_uj = 0;  // spike-filtered less raw energy
  std::vector<UncertaintyTerm> terms;
  std::vector<std::string> doubts;  // empty: trusted
};

// One prompt executed once, as the meter saw it.
struct GenerationEnergy {
  std::string prompt_id;
  std::string prompt_sha256;  // as in Generation
  uint32_t repeat = 0;
  int64_t start_ns = 0;  // since the first sample of the capture
  int64_t duration_ns = 0;
  int64_t prefill_ns = 0;  // of duration_ns, up to the first token; 0: nothing tells where that was
  double gross_uj = 0;
  double net_uj = 0;
  double expanded_uncertainty_uj = 0;
  double comparative_uncertainty_uj = 0;
  // By token; [0] is from the prompt to the first token. Empty, with the reason, where they cannot be told.
  std::vector<double> token_net_uj;
  std::vector<int64_t> token_duration_ns;
  std::string tokens_refused;
};

// A stretch of repeated generations, where the plan asks for the pass in windows (MLPerf Tiny): sums over its
// generations, without what lies between them.
struct EnergyWindow {
  uint32_t generations = 0;
  int64_t duration_ns = 0;
  double gross_uj = 0;
  double net_uj = 0;
  double expanded_uncertainty_uj = 0;
  double comparative_uncertainty_uj = 0;
};

// The power of one generation over time, thinned for looking at (analyse/power_trace.h). Figures are made of
// the samples themselves. The columns are [steps], one after another without a hole: what was lost is joined
// by a line.
struct PowerTrace {
  std::size_t generation = 0;  // index into Energy::generations
  int64_t start_ns = 0;        // of the first step, since the first sample of the capture
  int64_t step_ns = 0;
  std::vector<double> lowest_uw;
  std::vector<double> mean_uw;
  std::vector<double> highest_uw;
};

// The raw samples, as they lie in the folder of captures.
struct CaptureFacts {
  std::string sha256;  // empty: they were not kept
  std::string file;    // in the folder of captures
  uint64_t bytes = 0;
  uint64_t samples = 0;
};

// A measurement by a meter. Replaces an earlier one of the same cell, or of the same session's cold starts.
struct Energy {
  std::string session_id;
  std::string cell_id;          // empty: boot and load, which belong to the session
  Tier tier = Tier::kHardware;  // of the energy: hardware, or modelled where the current is computed
  std::string meter;            // kind, model and serial number
  int64_t started_at_ns = 0;    // UTC, since the epoch: of the first sample
  double sample_rate_hz = 0;    // as it was measured; 0: not equally spaced
  double supply_mv = 0;
  double idle_before_uw = 0;
  double idle_after_uw = 0;
  std::vector<PhaseEnergy> phases;
  std::vector<GenerationEnergy> generations;  // in the order in which they ran
  std::vector<EnergyWindow> windows;          // in the order in which they ran; empty: none were asked for
  std::optional<PowerTrace> trace;            // of one of the generations
  std::vector<std::string> doubts;            // that hold for all of it; repeated in every phase
  CaptureFacts capture;
};

}  // namespace slmrig::base
