#include "harness/analyse/internal/energy_trust.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/base/meter_words.h"

namespace slmrig::analyse {

namespace {

// Coarser sampling that gives an answer which is this many times less certain says that the load has content
// beyond what any of them follows.
constexpr double kUndersamplingGrowth = 3;
constexpr double kUndersamplingShare = 1e-3;  // of the energy: below, it does not matter

double standard_of_classes(const PowerSums& sums, std::size_t classes) {
  std::vector<double> energy(classes, 0.0);
  std::vector<int64_t> samples(classes, 0);
  int64_t all = 0;
  for (std::size_t c = 0; c < kSampleClasses; ++c) {
    energy[c % classes] += sums.class_uj[c];
    samples[c % classes] += sums.class_samples[c];
    all += sums.class_samples[c];
  }
  double mean = 0;
  for (std::size_t c = 0; c < classes; ++c) {
    if (samples[c] == 0) return 0;
    energy[c] *= static_cast<double>(all) / static_cast<double>(samples[c]);
    mean += energy[c] / static_cast<double>(classes);
  }
  double squares = 0;
  for (const double each : energy) squares += (each - mean) * (each - mean);
  return std::sqrt(squares / static_cast<double>(classes - 1) / static_cast<double>(classes));
}

void add_range_doubts(const PowerSums& sums, const base::MeterFacts& meter,
                      std::vector<std::string>& doubts) {
  for (std::size_t r = 0; r < std::min(kMaxRanges, meter.ranges.size()); ++r) {
    if (!meter.ranges[r].calibrated && sums.range_s[r] > 0)
      doubts.push_back(base::uncalibrated_text(meter, meter.ranges[r]));
  }
}

}  // namespace

std::vector<std::string> phase_doubts(const base::PhaseEnergy& phase, const Measured& measured,
                                      const UncertaintyInputs& about) {
  std::vector<std::string> doubts;
  PowerSums sums;
  for (const Window& part : measured.parts) sums.add(part.sums);
  const auto total = static_cast<double>(sums.samples + sums.lost + sums.invalid);
  if (total > 0 && static_cast<double>(sums.lost) > kMostLostShare * total) {
    doubts.push_back(fmt::format("{:.2f} % of the samples were lost, {} % is the most",
                                 100 * static_cast<double>(sums.lost) / total, 100 * kMostLostShare));
  }
  if (sums.saturated > 0) {
    doubts.push_back(fmt::format("{} samples were at the meter's full scale: the energy is a lower bound",
                                 sums.saturated));
  }
  if (sums.invalid > 0) doubts.push_back(fmt::format("{} samples were invalid", sums.invalid));
  const double duration_s = static_cast<double>(phase.duration_ns) * 1e-9;
  if (duration_s > 0 && static_cast<double>(sums.switches) > std::max(10.0, kMostSwitchesPerS * duration_s)) {
    doubts.push_back(fmt::format("the meter changed its range {:.0f} times a second, {} is the most",
                                 static_cast<double>(sums.switches) / duration_s, kMostSwitchesPerS));
  }
  add_range_doubts(sums, about.meter, doubts);
  const double coarse = standard_of_classes(sums, 2);
  if (coarse > kUndersamplingGrowth * standard_of_classes(sums, kSampleClasses) &&
      coarse > kUndersamplingShare * std::abs(phase.gross_uj)) {
    doubts.emplace_back("the load changes faster than the meter samples");
  }
  const double drift_uj = about.baseline.drift_uw * duration_s;
  if (measured.with_baseline && about.baseline.known && drift_uj > kMostDriftShare * std::abs(phase.net_uj) &&
      about.baseline.drift_uw > 4 * about.baseline.standard_uw) {
    doubts.push_back(fmt::format("idle power changed by {:.4g} mW, from {:.4g} to {:.4g} mW",
                                 about.baseline.drift_uw * 1e-3, about.baseline.before_uw * 1e-3,
                                 about.baseline.after_uw * 1e-3));
  }
  return doubts;
}

std::vector<std::string> measurement_doubts(const PassWindows& windows, const EnergyInputs& inputs,
                                            const Baseline& baseline) {
  std::vector<std::string> doubts;
  if (!baseline.known) {
    doubts.emplace_back("no idle power was measured: net is gross");
  } else if (windows.idle_before.empty() || windows.idle_after.empty()) {
    doubts.push_back(fmt::format("idle power was measured only {} the generations",
                                 windows.idle_before.empty() ? "after" : "before"));
  }
  if (inputs.arrival_rate_hz > 0 && inputs.meter.sample_rate_hz > 0) {
    const double off = inputs.arrival_rate_hz / inputs.meter.sample_rate_hz - 1;
    if (std::abs(off) > kMostRateDifference) {
      doubts.push_back(fmt::format("samples came at {:.1f} a second, expected {:.0f}", inputs.arrival_rate_hz,
                                   inputs.meter.sample_rate_hz));
    }
  }
  if (inputs.seen_supply_mv > 0 && inputs.supply_mv > 0 &&
      std::abs(inputs.seen_supply_mv / inputs.supply_mv - 1) > kMostSupplyDifference) {
    doubts.push_back(fmt::format("the supply was at {:.0f} mV, set were {:.0f} mV", inputs.seen_supply_mv,
                                 inputs.supply_mv));
  }
  if (std::abs(inputs.temperature_change_k) > kMostTemperatureChangeK) {
    doubts.push_back(fmt::format("the temperature changed by {:.1f} K", inputs.temperature_change_k));
  }
  return doubts;
}

std::string refusal_of_tokens(const GenerationWindows& windows, const ExpectedGeneration& expected,
                              const UncertaintyInputs& about) {
  if (windows.tokens.empty()) return "the meter sees no token edges";
  if (windows.tokens.size() != expected.generated_tokens) {
    return fmt::format("the markers show {} tokens, the board reports {}", windows.tokens.size(),
                       expected.generated_tokens);
  }
  const auto shortest =
      std::min_element(windows.tokens.begin(), windows.tokens.end(),
                       [](const Window& a, const Window& b) { return a.duration_ns() < b.duration_ns(); });
  const double token_s = static_cast<double>(shortest->duration_ns()) * 1e-9;
  const double edges_s = 2 * about.edge_half_width_s;
  if (edges_s > kMostEdgeShareOfToken * token_s) {
    return fmt::format("edges are uncertain by {:.3f} ms, more than {:.0f} % of a token of {:.3f} ms",
                       edges_s * 1e3, 100 * kMostEdgeShareOfToken, token_s * 1e3);
  }
  return {};
}

}  // namespace slmrig::analyse
