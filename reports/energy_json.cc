#include "reports/energy_json.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "harness/analyse/energy.h"
#include "reports/packed_integers.h"

namespace slmrig::reports {
namespace {

using Json = nlohmann::ordered_json;
using base::EnergyPhase;
using base::PhaseEnergy;

Json phase_json(const PhaseEnergy& phase) {
  Json terms = Json::array();
  for (const base::UncertaintyTerm& term : phase.terms) {
    terms.push_back({{"name", term.name},
                     {"standard_uj", term.standard_uj},
                     {"comparative_uj", term.comparative_uj},
                     {"degrees_of_freedom", term.degrees_of_freedom}});
  }
  const bool has_net = phase.phase != EnergyPhase::kIdle;
  return {{"phase", base::to_string(phase.phase)},
          {"generations", phase.generations},
          {"tokens", phase.tokens},
          {"gross_uj", phase.gross_uj},
          {"net_uj", has_net ? Json(phase.net_uj) : Json(nullptr)},
          {"mean_uw", phase.mean_uw},
          {"peak_uw", phase.peak_uw},
          {"duration_ns", phase.duration_ns},
          {"expanded_uj", phase.expanded_uncertainty_uj},
          {"comparative_uj", phase.comparative_uncertainty_uj},
          {"samples", phase.samples},
          {"lost_samples", phase.lost_samples},
          {"terms", std::move(terms)},
          {"doubts", phase.doubts}};
}

const PhaseEnergy* find_phase(const base::Energy& energy, EnergyPhase phase) {
  const auto found = std::find_if(energy.phases.begin(), energy.phases.end(),
                                  [&](const PhaseEnergy& each) { return each.phase == phase; });
  return found == energy.phases.end() ? nullptr : &*found;
}

// Of a mean answer, or of one of the median window where the plan asked for windows. The errors of one
// meter's phases are mostly the same error, so they add up linearly: never too small.
Json answer_json(const base::Energy& energy) {
  double gross_uj = 0;
  double expanded_uj = 0;
  double comparative_uj = 0;
  double seconds = 0;
  Json net = {{"prefill", 0.0}, {"decode", 0.0}};
  const PhaseEnergy* prefill = find_phase(energy, EnergyPhase::kPrefill);
  if (prefill == nullptr || prefill->generations == 0) return nullptr;
  const double share = 1.0 / prefill->generations;
  for (const EnergyPhase name : {EnergyPhase::kPrefill, EnergyPhase::kDecode}) {
    const PhaseEnergy* phase = find_phase(energy, name);
    if (phase == nullptr) continue;  // no answer was longer than its first token
    gross_uj += phase->gross_uj * share;
    expanded_uj += phase->expanded_uncertainty_uj * share;
    comparative_uj += phase->comparative_uncertainty_uj * share;
    seconds += static_cast<double>(phase->duration_ns) * 1e-9 * share;
    net[std::string(base::to_string(name))] = phase->net_uj * share;
  }
  const double mean_net_uj = net["prefill"].get<double>() + net["decode"].get<double>();
  const double idle_uj = gross_uj - mean_net_uj;
  double net_uj = mean_net_uj;
  if (!energy.windows.empty()) {
    const analyse::WindowFigures figures = analyse::window_figures(energy.windows);
    net_uj = figures.median_uj;
    expanded_uj = figures.expanded_uncertainty_uj;
    comparative_uj = figures.comparative_uncertainty_uj;
  }
  const PhaseEnergy* idle = find_phase(energy, EnergyPhase::kIdle);
  if (idle != nullptr && idle->duration_ns > 0) {
    const double idle_share = seconds / (static_cast<double>(idle->duration_ns) * 1e-9);
    expanded_uj += idle->expanded_uncertainty_uj * idle_share;
    comparative_uj += idle->comparative_uncertainty_uj * idle_share;
  }
  return {{"answers", prefill->generations}, {"gross_uj", net_uj + idle_uj},    {"net_uj", net_uj},
          {"prefill_uj", net["prefill"]},    {"decode_uj", net["decode"]},      {"idle_uj", idle_uj},
          {"expanded_uj", expanded_uj},      {"comparative_uj", comparative_uj}};
}

Json windows_json(const std::vector<base::EnergyWindow>& windows) {
  Json all = Json::array();
  for (const base::EnergyWindow& window : windows) {
    all.push_back({{"answers", window.generations},
                   {"duration_ns", window.duration_ns},
                   {"net_uj", window.net_uj},
                   {"expanded_uj", window.expanded_uncertainty_uj},
                   {"comparative_uj", window.comparative_uncertainty_uj}});
  }
  return all;
}

std::vector<int64_t> rounded(const std::vector<double>& values) {
  std::vector<int64_t> integers;
  integers.reserve(values.size());
  for (const double value : values) integers.push_back(std::llround(value * 1e3));
  return integers;
}

Json trace_json(const base::Energy& energy) {
  if (!energy.trace || energy.trace->generation >= energy.generations.size()) return nullptr;
  const base::PowerTrace& trace = *energy.trace;
  const base::GenerationEnergy& generation = energy.generations[trace.generation];
  std::vector<int64_t> token_ends_ns;
  for (const int64_t duration : generation.token_duration_ns) {
    token_ends_ns.push_back((token_ends_ns.empty() ? 0 : token_ends_ns.back()) + duration);
  }
  const int64_t first_token = token_ends_ns.empty() ? 0 : token_ends_ns.front();
  const int64_t prefill_ns = generation.prefill_ns > 0 ? generation.prefill_ns : first_token;
  return {{"prompt_id", generation.prompt_id},
          {"repeat", generation.repeat},
          {"first_ns", trace.start_ns - generation.start_ns},
          {"step_ns", trace.step_ns},
          {"prefill_ns", prefill_ns > 0 ? Json(prefill_ns) : Json(nullptr)},
          {"duration_ns", generation.duration_ns},
          {"lowest_nw", pack_integers(rounded(trace.lowest_uw))},
          {"mean_nw", pack_integers(rounded(trace.mean_uw))},
          {"highest_nw", pack_integers(rounded(trace.highest_uw))},
          {"token_ends_ns", pack_integers(token_ends_ns)},
          {"token_net_nj", pack_integers(rounded(generation.token_net_uj))},
          {"tokens_refused", generation.tokens_refused},
          {"net_uj", generation.net_uj},
          {"expanded_uj", generation.expanded_uncertainty_uj},
          {"comparative_uj", generation.comparative_uncertainty_uj}};
}

}  // namespace

Json energy_json(const std::optional<base::Energy>& energy) {
  if (!energy) return nullptr;
  Json phases = Json::array();
  for (const PhaseEnergy& phase : energy->phases) phases.push_back(phase_json(phase));
  return {{"tier", base::to_string(energy->tier)},
          {"meter", energy->meter},
          {"supply_mv", energy->supply_mv},
          {"sample_rate_hz", energy->sample_rate_hz},
          {"idle_before_uw", energy->idle_before_uw},
          {"idle_after_uw", energy->idle_after_uw},
          {"doubts", energy->doubts},
          {"answer", answer_json(*energy)},
          {"windows", windows_json(energy->windows)},
          {"phases", std::move(phases)},
          {"trace", trace_json(*energy)}};
}

}  // namespace slmrig::reports
