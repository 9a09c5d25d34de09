// How far an energy may be off: one term for each cause, and what they make together (GUM).
//
// Two figures come out of the same terms. *Absolute* is for the value itself. *Comparative* is for
// comparisons by the same unit in the same range, in which one common factor cancels: the gain of the range
// in which most of the net energy was measured, the supply's set-point and the meter's time base. What does
// not cancel (the gain of another range, an offset that idle did not take away, noise, edges, lost samples,
// the baseline, repeats) stays.
//
// Absolute expands by k = 2, or by Student's factor for the same 95.45 % where degrees of freedom are few.
// Comparative expands to the 95 % interval of the terms' distributions convolved, since one rectangular term
// often dominates there and k = 2 would overstate it.
//
// Pure. Energies in microjoules; terms are of the net energy.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/analyse/windows.h"
#include "harness/base/records/energy.h"
#include "harness/base/records/power.h"

namespace slmrig::analyse {

// The board at rest, on the same state as while it works.
struct Baseline {
  bool known = false;
  double power_uw = 0;  // between one idle span and the next, on average
  double before_uw = 0;
  double after_uw = 0;
  double drift_uw = 0;     // the most from one idle span to the next
  double standard_uw = 0;  // of the mean, from blocks
  double degrees_of_freedom = 0;
  PowerSums sums;  // of all idle windows: which ranges it was measured in
};

Baseline baseline_of(const PassWindows& windows);

// What holds for a whole measurement.
struct UncertaintyInputs {
  base::MeterFacts meter;
  double supply_mv = 0;
  double edge_half_width_s = 0;  // of one edge: half a sample period, or what the host's clock leaves open
  double time_base_half_width = 50e-6;
  Baseline baseline;
};

struct Term {
  base::UncertaintyTerm term;
  bool is_normal = true;
  // Where it is not: the independent rectangular errors that make up its comparative part (standard
  // deviations).
  std::vector<double> rectangles{};
};

// One window, or the parts of one phase in many generations.
struct Measured {
  std::vector<Window> parts;
  double repeats_variance_uj2 = 0;  // of the sum, beyond what the terms say; by repeats_variance()
  double repeats_degrees_of_freedom = 0;
  bool with_baseline = true;  // false: the gross energy is what is asked for (idle)
};

struct Budget {
  double gross_uj = 0;
  double net_uj = 0;
  std::vector<Term> terms;
  double expanded_uj = 0;
  double comparative_uj = 0;

  std::vector<base::UncertaintyTerm> published() const;
  // Of what differs from one repeat to the next: edges, sampling, gaps.
  double random_variance_uj2() const;
};

Budget budget_of(const Measured& measured, const UncertaintyInputs& inputs);

// Half-width of the interval around 0 that holds `probability` of a normal variable (standard deviation, with
// degrees of freedom; 0: infinitely many) plus rectangular ones (standard deviations).
double interval_half_width(double normal, double degrees_of_freedom, const std::vector<double>& rectangular,
                           double probability);

}  // namespace slmrig::analyse
