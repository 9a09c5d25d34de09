#include "harness/store/sample_energy.h"

#include <cmath>

namespace slmrig::store {
namespace {

constexpr double kRateHz = 100'000;
constexpr double kIdleUw = 590;
constexpr double kPrefillUw = 22'000;
constexpr double kDecodeUw = 20'000;
constexpr double kBootUw = 12'000;
constexpr double kSupplyMv = 3300;
constexpr double kGainHalfWidth = 0.1;

// `extra_uw` is beyond idle.
base::PhaseEnergy phase_of(base::EnergyPhase phase, double extra_uw, double duration_s) {
  base::PhaseEnergy energy;
  energy.phase = phase;
  energy.gross_uj = (kIdleUw + extra_uw) * duration_s;
  const bool is_idle = phase == base::EnergyPhase::kIdle;
  energy.net_uj = is_idle ? 0 : extra_uw * duration_s;
  energy.charge_uc = energy.gross_uj / kSupplyMv * 1e3;
  energy.mean_uw = kIdleUw + extra_uw;
  energy.peak_uw = energy.mean_uw * (is_idle ? 1.05 : 1.2);
  energy.duration_ns = std::llround(duration_s * 1e9);
  const double counted_uj = is_idle ? energy.gross_uj : energy.net_uj;
  const double gain_uj = kGainHalfWidth * counted_uj / std::sqrt(3.0);
  const double sampling_uj = 5e-4 * counted_uj;
  energy.terms = {{"gain", gain_uj, 0, 0}, {"sampling", sampling_uj, sampling_uj, 3}};
  energy.expanded_uncertainty_uj = 2 * std::hypot(gain_uj, sampling_uj);
  energy.comparative_uncertainty_uj = 2 * sampling_uj;
  energy.samples = std::llround(duration_s * kRateHz);
  return energy;
}

base::Energy energy_of(const std::string& session_id, const SampleEnergyCosts& costs) {
  base::Energy energy;
  energy.session_id = session_id;
  energy.tier = base::Tier::kModelled;
  energy.meter = "ppk2 PPK2 SAMPLE";
  energy.started_at_ns = costs.started_at_ns;
  energy.sample_rate_hz = kRateHz;
  energy.supply_mv = kSupplyMv;
  energy.idle_before_uw = kIdleUw - 1;
  energy.idle_after_uw = kIdleUw + 1;
  energy.phases.push_back(phase_of(base::EnergyPhase::kIdle, 0, 0.4));
  return energy;
}

base::GenerationEnergy generation_of(const SampleGeneration& about, const base::PhaseEnergy& prefill,
                                     const base::PhaseEnergy& decode, double token_s) {
  base::GenerationEnergy energy;
  energy.prompt_id = about.prompt_id;
  energy.prompt_sha256 = about.prompt_sha256;
  energy.duration_ns = prefill.duration_ns + decode.duration_ns;
  energy.gross_uj = prefill.gross_uj + decode.gross_uj;
  energy.net_uj = prefill.net_uj + decode.net_uj;
  energy.expanded_uncertainty_uj = prefill.expanded_uncertainty_uj + decode.expanded_uncertainty_uj;
  energy.comparative_uncertainty_uj = prefill.comparative_uncertainty_uj + decode.comparative_uncertainty_uj;
  energy.token_net_uj = {prefill.net_uj};
  energy.token_duration_ns = {prefill.duration_ns};
  for (uint32_t token = 1; token < about.generated_tokens; ++token) {
    energy.token_net_uj.push_back(kDecodeUw * token_s);
    energy.token_duration_ns.push_back(std::llround(token_s * 1e9));
  }
  return energy;
}

// Each a little beside the others, and the second far above them all.
std::vector<base::EnergyWindow> windows_of(const base::Energy& energy, uint32_t count) {
  base::EnergyWindow sum;
  for (const base::GenerationEnergy& each : energy.generations) {
    ++sum.generations;
    sum.duration_ns += each.duration_ns;
    sum.gross_uj += each.gross_uj;
    sum.net_uj += each.net_uj;
    sum.expanded_uncertainty_uj += each.expanded_uncertainty_uj;
    sum.comparative_uncertainty_uj += each.comparative_uncertainty_uj;
  }
  std::vector<base::EnergyWindow> windows(count, sum);
  for (uint32_t at = 0; at < count; ++at) {
    const double share = at == 1 ? 1.2 : 1 + 0.002 * (at - 0.5 * (count - 1));
    windows[at].gross_uj += (share - 1) * sum.net_uj;
    windows[at].net_uj *= share;
  }
  return windows;
}

}  // namespace

base::Energy sample_energy(const std::string& session_id, const std::string& cell_id,
                           const std::vector<SampleGeneration>& generations, const SampleEnergyCosts& costs) {
  base::Energy energy = energy_of(session_id, costs);
  energy.cell_id = cell_id;
  double prefill_s = 0;
  double decode_s = 0;
  uint64_t prompt_tokens = 0;
  uint64_t decode_tokens = 0;
  int64_t start_ns = 200'000'000;
  for (const SampleGeneration& each : generations) {
    const double own_prefill_s = 0.8 * each.prompt_tokens * costs.token_s;
    const double own_decode_s = (each.generated_tokens - 1) * costs.token_s;
    energy.generations.push_back(
        generation_of(each, phase_of(base::EnergyPhase::kPrefill, kPrefillUw, own_prefill_s),
                      phase_of(base::EnergyPhase::kDecode, kDecodeUw, own_decode_s), costs.token_s));
    energy.generations.back().start_ns = start_ns;
    start_ns += energy.generations.back().duration_ns + 1'000'000;
    prefill_s += own_prefill_s;
    decode_s += own_decode_s;
    prompt_tokens += each.prompt_tokens;
    decode_tokens += each.generated_tokens - 1;
  }
  energy.phases.push_back(phase_of(base::EnergyPhase::kPrefill, kPrefillUw, prefill_s));
  energy.phases.back().tokens = prompt_tokens;
  energy.phases.push_back(phase_of(base::EnergyPhase::kDecode, kDecodeUw, decode_s));
  energy.phases.back().tokens = decode_tokens;
  for (base::PhaseEnergy& phase : energy.phases) {
    if (phase.phase != base::EnergyPhase::kIdle)
      phase.generations = static_cast<uint32_t>(generations.size());
  }
  energy.windows = windows_of(energy, costs.windows);
  return energy;
}

base::Energy sample_cold_start_energy(const std::string& session_id, const SampleEnergyCosts& costs) {
  constexpr uint32_t kColdStarts = 2;
  base::Energy energy = energy_of(session_id, costs);
  energy.phases.push_back(phase_of(base::EnergyPhase::kBoot, kBootUw, kColdStarts * 0.02));
  energy.phases.push_back(phase_of(base::EnergyPhase::kLoad, kBootUw, kColdStarts * 3.5 * costs.token_s));
  energy.phases[1].generations = energy.phases[2].generations = kColdStarts;
  return energy;
}

}  // namespace slmrig::store
