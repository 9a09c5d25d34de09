// From a meter's samples and what the board reports to the energy of a cell: by phase, by generation and by
// token, gross and net, each with its uncertainty and the reasons to doubt it.
//
//   EnergyPass pass(inputs);
//   for each block of the capture: pass.add(block);
//   base::Energy energy = pass.finish();      // names, times and the capture are the caller's to fill in
//
// A capture begins with idle, goes on with the expected generations in their order, and ends with idle; load
// and boot may come before. What generations are is told by the meter's marker lines, or by cuts of the
// host's clock with their half-width. Pure; one object for each capture.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/analyse/stretches.h"
#include "harness/analyse/uncertainty.h"
#include "harness/analyse/windows.h"
#include "harness/base/records/energy.h"
#include "harness/base/records/power.h"

namespace slmrig::analyse {

struct EnergyInputs {
  base::MeterFacts meter;
  base::Tier tier = base::Tier::kHardware;
  double supply_mv = 0;  // as it was set, where the meter does not measure it
  MarkerLines markers;
  std::vector<HostCut> cuts;      // instead of markers
  int64_t cut_half_width_ns = 0;  // what the host's clock leaves open of each
  int64_t first_sample_ns = 0;    // StretchOptions
  int64_t idle_guard_ns = 20'000'000;
  std::vector<ExpectedGeneration> expected;
  std::vector<ExpectedColdStart> cold_starts;
  uint32_t windows = 0;        // into which the generations are divided, one after the other; 0: none
  double update_period_s = 0;  // of a meter that is asked (StretchBuilder); EnergyPass finds it
  double arrival_rate_hz = 0;  // as samples arrived (arrival.h); 0: not known, or in modelled time
  // What was seen of supply and temperature during the capture; 0: not measured.
  double seen_supply_mv = 0;
  double temperature_change_k = 0;
};

// Limits of trust.
inline constexpr double kMostLostShare = 0.001;
inline constexpr double kMostSwitchesPerS = 1000;
inline constexpr double kMostRateDifference = 200e-6;  // of 100 kS/s by a host's clock
inline constexpr double kMostSupplyDifference = 0.01;
inline constexpr double kMostTemperatureChangeK = 5;
inline constexpr double kMostDriftShare = 0.01;  // of the net energy, by what idle power changed
inline constexpr double kMostEdgeShareOfToken = 0.1;

class EnergyPass {
 public:
  explicit EnergyPass(EnergyInputs inputs);
  void add(const base::PowerSamples& block) { builder_->add(block); }
  base::Energy finish();

 private:
  EnergyInputs inputs_;
  std::unique_ptr<StretchBuilder> builder_;
};

// What energies by window are given for: of one generation, in the median window. An even number of windows
// has the mean of the middle two.
struct WindowFigures {
  double median_uj = 0;  // net, as all of them
  double least_uj = 0;
  double most_uj = 0;
  double expanded_uncertainty_uj = 0;  // of the median window
  double comparative_uncertainty_uj = 0;
  double shortest_s = 0;  // of all windows
};
// Of one or more windows.
WindowFigures window_figures(const std::vector<base::EnergyWindow>& windows);

// The same from windows that were found already.
base::Energy energy_of(const PassWindows& windows, const EnergyInputs& inputs);

}  // namespace slmrig::analyse
