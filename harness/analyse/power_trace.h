// The power of one generation over time in some hundred steps, each with the lowest, mean and highest power
// in it: what a reader looks at. Pure; one object for each capture, one thread at a time.
//
//   PowerTraceBuilder builder(meter, supply_mv, energy);   // energy: as EnergyPass::finish gave it
//   for each block of the capture: builder.add(block);
//   energy.trace = builder.finish();
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "harness/base/records/energy.h"
#include "harness/base/records/power.h"

namespace slmrig::analyse {

inline constexpr std::size_t kPowerTraceSteps = 600;
// Of the generation's duration, idle that is shown on either side of it, as far as the next one is not near.
inline constexpr double kPowerTraceLead = 0.08;

class PowerTraceBuilder {
 public:
  // Shows the first generation of `energy` whose tokens are told, else the first one. `supply_mv` counts
  // where the samples bring neither power nor voltage.
  PowerTraceBuilder(const base::MeterFacts& meter, double supply_mv, const base::Energy& energy);

  // Blocks as the meter handed them out, in their order; those outside of the generation cost next to
  // nothing.
  void add(const base::PowerSamples& block);

  // Absent: the energy has no generation, or no sample lies in it.
  std::optional<base::PowerTrace> finish();

 private:
  struct Step {
    double weight_ns = 0;
    double sum = 0;  // of power times weight
    double lowest_uw = 0;
    double highest_uw = 0;
  };

  void add_even(const base::PowerSamples& block);
  void add_timed(const base::PowerSamples& block);
  // From power to power, linearly; times since the first sample.
  void add_span(double from_ns, double to_ns, double from_uw, double to_uw);
  double power_uw(const base::PowerSamples& block, std::size_t at) const;

  double period_ns_ = 0;  // 0: samples carry their time
  double supply_mv_ = 0;
  base::PowerTrace trace_;
  double start_ns_ = 0;
  double step_ns_ = 0;
  std::vector<Step> steps_;  // empty: there is nothing to show
  bool any_ = false;
  int64_t first_index_ = 0;
  int64_t first_ns_ = 0;
  int64_t last_ns_ = 0;  // of the sample before, where samples carry their time
  double last_uw_ = 0;
};

}  // namespace slmrig::analyse
