#include "harness/analyse/stretches.h"

#include <algorithm>
#include <numeric>

#include "harness/analyse/internal/even_stretches.h"
#include "harness/analyse/internal/timed_stretches.h"

namespace slmrig::analyse {

double PowerSums::energy_uj() const { return std::accumulate(range_uj.begin(), range_uj.end(), 0.0); }

double PowerSums::duration_s() const { return std::accumulate(range_s.begin(), range_s.end(), 0.0); }

void PowerSums::add(const PowerSums& other) {
  for (std::size_t r = 0; r < kMaxRanges; ++r) {
    range_uj[r] += other.range_uj[r];
    range_s[r] += other.range_s[r];
    burden_uj[r] += other.burden_uj[r];
  }
  for (std::size_t c = 0; c < kSampleClasses; ++c) {
    class_uj[c] += other.class_uj[c];
    class_samples[c] += other.class_samples[c];
  }
  charge_uc += other.charge_uc;
  filtered_difference_uj += other.filtered_difference_uj;
  gap_variance_uj2 += other.gap_variance_uj2;
  peak_uw = std::max(peak_uw, other.peak_uw);
  samples += other.samples;
  lost += other.lost;
  saturated += other.saturated;
  invalid += other.invalid;
  switches += other.switches;
  repeated += other.repeated;
}

std::unique_ptr<StretchBuilder> make_stretch_builder(const StretchOptions& options) {
  if (options.meter.sample_rate_hz > 0) return std::make_unique<EvenStretches>(options);
  return std::make_unique<TimedStretches>(options);
}

}  // namespace slmrig::analyse
