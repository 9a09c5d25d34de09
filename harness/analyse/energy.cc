#include "harness/analyse/energy.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "harness/analyse/internal/energy_trust.h"

namespace slmrig::analyse {

namespace {

double squared(double value) { return value * value; }

StretchOptions stretch_options(const EnergyInputs& inputs) {
  StretchOptions options;
  options.meter = inputs.meter;
  options.supply_mv = inputs.supply_mv;
  options.markers = inputs.markers;
  options.cuts = inputs.cuts;
  options.first_sample_ns = inputs.first_sample_ns;
  options.spike_filter = inputs.meter.kind == "ppk2";
  return options;
}

UncertaintyInputs uncertainty_inputs(const EnergyInputs& inputs, const Baseline& baseline) {
  UncertaintyInputs about;
  about.meter = inputs.meter;
  about.supply_mv = inputs.supply_mv;
  about.baseline = baseline;
  const double half_period_s = inputs.meter.sample_rate_hz > 0 ? 0.5 / inputs.meter.sample_rate_hz : 0;
  // A reading of a meter that is asked stands for some time of a conversion before it.
  const double half_update_s = inputs.update_period_s / 2;
  about.edge_half_width_s =
      inputs.cuts.empty()
          ? half_period_s + half_update_s
          : std::max(half_period_s, static_cast<double>(inputs.cut_half_width_ns) * 1e-9) + half_update_s;
  return about;
}

// How much repeats of the same prompt differ, beyond what edges, sampling and lost samples explain.
struct Repeats {
  double variance_uj2 = 0;  // of the sum of all generations
  double degrees_of_freedom = 0;
};

using RepeatsByPrompt = std::map<std::string, std::vector<const Budget*>>;

Repeats repeats_of(const RepeatsByPrompt& by_prompt) {
  Repeats repeats;
  double explained = 0;
  for (const auto& [prompt, list] : by_prompt) {
    if (list.size() < 2) continue;
    const auto count = static_cast<double>(list.size());
    double mean = 0;
    double squares = 0;
    for (const Budget* budget : list) mean += budget->net_uj / count;
    for (const Budget* budget : list) {
      squares += squared(budget->net_uj - mean);
      explained += budget->random_variance_uj2();
    }
    repeats.variance_uj2 += count * squares / (count - 1);
    repeats.degrees_of_freedom += count - 1;
  }
  repeats.variance_uj2 = std::max(0.0, repeats.variance_uj2 - explained);
  return repeats;
}

Repeats repeats_of(const std::vector<ExpectedGeneration>& expected, const std::vector<Budget>& budgets) {
  RepeatsByPrompt by_prompt;
  for (std::size_t i = 0; i < std::min(expected.size(), budgets.size()); ++i) {
    by_prompt[expected[i].prompt_id].push_back(&budgets[i]);
  }
  return repeats_of(by_prompt);
}

// Every window the same work once more.
Repeats repeats_of(const std::vector<Window>& windows, const UncertaintyInputs& about) {
  std::vector<Budget> budgets;
  for (const Window& window : windows) {
    Measured one;
    one.parts = {window};
    budgets.push_back(budget_of(one, about));
  }
  RepeatsByPrompt all;
  for (const Budget& budget : budgets) all[""].push_back(&budget);
  return repeats_of(all);
}

base::PhaseEnergy phase_energy(base::EnergyPhase phase, const Measured& measured,
                               const UncertaintyInputs& about) {
  const Budget budget = budget_of(measured, about);
  base::PhaseEnergy energy;
  energy.phase = phase;
  energy.gross_uj = budget.gross_uj;
  energy.net_uj = measured.with_baseline ? budget.net_uj : 0;
  energy.expanded_uncertainty_uj = budget.expanded_uj;
  energy.comparative_uncertainty_uj = budget.comparative_uj;
  energy.terms = budget.published();
  PowerSums sums;
  bool first = true;
  for (const Window& part : measured.parts) {
    if (first) sums.peak_uw = part.sums.peak_uw;
    first = false;
    sums.add(part.sums);
    energy.duration_ns += part.duration_ns();
  }
  energy.charge_uc = sums.charge_uc;
  energy.peak_uw = sums.peak_uw;
  if (energy.duration_ns > 0)
    energy.mean_uw = energy.gross_uj / (static_cast<double>(energy.duration_ns) * 1e-9);
  energy.samples = sums.samples;
  energy.lost_samples = sums.lost;
  energy.saturated_samples = sums.saturated;
  energy.invalid_samples = sums.invalid;
  energy.range_switches = sums.switches;
  energy.filtered_difference_uj = sums.filtered_difference_uj;
  energy.doubts = phase_doubts(energy, measured, about);
  return energy;
}

void add_simple_phase(base::Energy& energy, base::EnergyPhase phase, std::vector<Window> windows,
                      const UncertaintyInputs& about) {
  if (windows.empty()) return;
  Measured measured;
  measured.parts = std::move(windows);
  measured.with_baseline = phase != base::EnergyPhase::kIdle;
  if (measured.with_baseline) {
    const Repeats repeats = repeats_of(measured.parts, about);
    measured.repeats_variance_uj2 = repeats.variance_uj2;
    measured.repeats_degrees_of_freedom = repeats.degrees_of_freedom;
  }
  energy.phases.push_back(phase_energy(phase, measured, about));
  if (phase != base::EnergyPhase::kIdle)
    energy.phases.back().generations = static_cast<uint32_t>(measured.parts.size());
}

void add_generation_phase(base::Energy& energy, base::EnergyPhase phase, const PassWindows& windows,
                          const EnergyInputs& inputs, const UncertaintyInputs& about) {
  const bool is_prefill = phase == base::EnergyPhase::kPrefill;
  Measured all;
  std::vector<Budget> each;
  uint64_t tokens = 0;
  for (std::size_t i = 0; i < windows.generations.size(); ++i) {
    const GenerationWindows& generation = windows.generations[i];
    Measured one;
    one.parts = {is_prefill ? generation.prefill : generation.decode};
    each.push_back(budget_of(one, about));
    all.parts.push_back(std::move(one.parts.front()));
    if (is_prefill) {
      tokens += i < inputs.expected.size() ? inputs.expected[i].prompt_tokens : 0;
    } else if (!generation.tokens.empty()) {
      tokens += generation.tokens.size() - 1;
    }
  }
  if (all.parts.empty()) return;
  const Repeats repeats = repeats_of(inputs.expected, each);
  all.repeats_variance_uj2 = repeats.variance_uj2;
  all.repeats_degrees_of_freedom = repeats.degrees_of_freedom;
  base::PhaseEnergy result = phase_energy(phase, all, about);
  result.generations = static_cast<uint32_t>(all.parts.size());
  result.tokens = tokens;
  energy.phases.push_back(std::move(result));
}

void add_tokens(base::GenerationEnergy& energy, const GenerationWindows& windows,
                const ExpectedGeneration& expected, const UncertaintyInputs& about) {
  energy.tokens_refused = refusal_of_tokens(windows, expected, about);
  if (!energy.tokens_refused.empty()) return;
  for (const Window& token : windows.tokens) {
    const double duration_s = static_cast<double>(token.duration_ns()) * 1e-9;
    const double idle_uj = about.baseline.known ? about.baseline.power_uw * duration_s : 0;
    energy.token_net_uj.push_back(token.sums.energy_uj() - idle_uj);
    energy.token_duration_ns.push_back(token.duration_ns());
  }
}

void add_generations(base::Energy& energy, const PassWindows& windows, const EnergyInputs& inputs,
                     const UncertaintyInputs& about) {
  const std::size_t count = std::min(windows.generations.size(), inputs.expected.size());
  for (std::size_t i = 0; i < count; ++i) {
    const GenerationWindows& seen = windows.generations[i];
    const ExpectedGeneration& expected = inputs.expected[i];
    Measured whole;
    whole.parts = {seen.whole};
    const Budget budget = budget_of(whole, about);
    base::GenerationEnergy generation;
    generation.prompt_id = expected.prompt_id;
    generation.prompt_sha256 = expected.prompt_sha256;
    generation.repeat = expected.repeat;
    generation.start_ns = seen.whole.start_ns;
    generation.duration_ns = seen.whole.duration_ns();
    generation.prefill_ns = seen.prefill.duration_ns();
    generation.gross_uj = budget.gross_uj;
    generation.net_uj = budget.net_uj;
    generation.expanded_uncertainty_uj = budget.expanded_uj;
    generation.comparative_uncertainty_uj = budget.comparative_uj;
    add_tokens(generation, seen, expected, about);
    energy.generations.push_back(std::move(generation));
  }
}

void add_windows(base::Energy& energy, const PassWindows& windows, const EnergyInputs& inputs,
                 const UncertaintyInputs& about) {
  std::vector<Measured> measured(inputs.windows);
  const std::size_t count = std::min(windows.generations.size(), inputs.expected.size());
  for (std::size_t i = 0; i < count; ++i) {
    const uint32_t window = inputs.expected[i].window;
    if (window < measured.size()) measured[window].parts.push_back(windows.generations[i].whole);
  }
  for (const Measured& each : measured) {
    if (each.parts.empty()) continue;
    const Budget budget = budget_of(each, about);
    base::EnergyWindow window;
    window.generations = static_cast<uint32_t>(each.parts.size());
    for (const Window& part : each.parts) window.duration_ns += part.duration_ns();
    window.gross_uj = budget.gross_uj;
    window.net_uj = budget.net_uj;
    window.expanded_uncertainty_uj = budget.expanded_uj;
    window.comparative_uncertainty_uj = budget.comparative_uj;
    energy.windows.push_back(window);
  }
}

}  // namespace

WindowFigures window_figures(const std::vector<base::EnergyWindow>& windows) {
  WindowFigures figures;
  std::vector<base::EnergyWindow> each = windows;  // of one generation
  for (base::EnergyWindow& window : each) {
    const double share = 1.0 / std::max(1U, window.generations);
    window.net_uj *= share;
    window.expanded_uncertainty_uj *= share;
    window.comparative_uncertainty_uj *= share;
  }
  std::sort(each.begin(), each.end(), [](const auto& a, const auto& b) { return a.net_uj < b.net_uj; });
  if (each.empty()) return figures;
  const base::EnergyWindow& low = each[(each.size() - 1) / 2];
  const base::EnergyWindow& high = each[each.size() / 2];
  figures.median_uj = (low.net_uj + high.net_uj) / 2;
  figures.least_uj = each.front().net_uj;
  figures.most_uj = each.back().net_uj;
  figures.expanded_uncertainty_uj = std::max(low.expanded_uncertainty_uj, high.expanded_uncertainty_uj);
  figures.comparative_uncertainty_uj =
      std::max(low.comparative_uncertainty_uj, high.comparative_uncertainty_uj);
  const auto shortest = std::min_element(
      each.begin(), each.end(), [](const auto& a, const auto& b) { return a.duration_ns < b.duration_ns; });
  figures.shortest_s = static_cast<double>(shortest->duration_ns) * 1e-9;
  return figures;
}

EnergyPass::EnergyPass(EnergyInputs inputs)
    : inputs_(std::move(inputs)), builder_(make_stretch_builder(stretch_options(inputs_))) {}

base::Energy EnergyPass::finish() {
  const std::vector<Stretch> stretches = builder_->finish();
  inputs_.update_period_s = builder_->update_period_s();
  return energy_of(find_windows(stretches, inputs_.expected, inputs_.idle_guard_ns, inputs_.cold_starts),
                   inputs_);
}

base::Energy energy_of(const PassWindows& windows, const EnergyInputs& inputs) {
  base::Energy energy;
  energy.tier = inputs.tier;
  energy.meter = inputs.meter.kind;
  for (const std::string& part : {inputs.meter.model, inputs.meter.serial}) {
    if (!part.empty()) energy.meter += " " + part;
  }
  energy.sample_rate_hz = inputs.arrival_rate_hz > 0 ? inputs.arrival_rate_hz : inputs.meter.sample_rate_hz;
  energy.supply_mv = inputs.supply_mv;
  const Baseline baseline = baseline_of(windows);
  energy.idle_before_uw = baseline.before_uw;
  energy.idle_after_uw = baseline.after_uw;
  const UncertaintyInputs about = uncertainty_inputs(inputs, baseline);

  std::vector<Window> idle = windows.idle_before;
  idle.insert(idle.end(), windows.idle_between.begin(), windows.idle_between.end());
  idle.insert(idle.end(), windows.idle_after.begin(), windows.idle_after.end());
  add_simple_phase(energy, base::EnergyPhase::kIdle, std::move(idle), about);
  add_simple_phase(energy, base::EnergyPhase::kBoot, windows.boot, about);
  add_simple_phase(energy, base::EnergyPhase::kLoad, windows.load, about);
  add_generation_phase(energy, base::EnergyPhase::kPrefill, windows, inputs, about);
  add_generation_phase(energy, base::EnergyPhase::kDecode, windows, inputs, about);
  add_generations(energy, windows, inputs, about);
  add_windows(energy, windows, inputs, about);

  energy.doubts = windows.doubts;
  const std::vector<std::string> more = measurement_doubts(windows, inputs, baseline);
  energy.doubts.insert(energy.doubts.end(), more.begin(), more.end());
  for (base::PhaseEnergy& phase : energy.phases) {
    phase.doubts.insert(phase.doubts.begin(), energy.doubts.begin(), energy.doubts.end());
  }
  return energy;
}

}  // namespace slmrig::analyse
