// A stream of power samples, cut wherever the board's markers change and summed up in between.
//
// A capture may be hours of 100,000 samples a second; what is kept of it here is one Stretch for each span
// between two changes of the markers, which is what windows and their uncertainty are made of (windows.h,
// uncertainty.h). Pure: no clock, no I/O. One object for each capture, one thread at a time.
//
// An edge is taken to lie where the first sample with the new level is, if the next sample agrees: line by
// line, so that lines which rise a microsecond apart are not delayed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "harness/base/records/power.h"

namespace slmrig::analyse {

// What the board was doing, as its markers or the host's clock tell.
inline constexpr uint8_t kStateActive = 0x01;  // a generation runs
inline constexpr uint8_t kStateToken = 0x02;   // toggles at the end of every token
inline constexpr uint8_t kStatePhaseShift = 2;
inline constexpr uint8_t kStatePhaseMask = 0x0c;
inline constexpr uint8_t kPhaseNone = 0;
inline constexpr uint8_t kPhasePrefill = 1;
inline constexpr uint8_t kPhaseDecode = 2;
inline constexpr uint8_t kPhaseLoad = 3;
inline constexpr uint8_t kStateBoot = 0x10;   // these two by the host's clock alone
inline constexpr uint8_t kStateOther = 0x20;  // neither idle nor anything that is measured

// Which of the meter's lines carries which marker; negative: not wired.
struct MarkerLines {
  int active = 0;
  int token = 1;
  int phase = 2;  // and the next one

  bool any() const { return active >= 0; }
};

// From `time_ns` on (CLOCK_MONOTONIC of the host) the board was in `state`.
struct HostCut {
  int64_t time_ns = 0;
  uint8_t state = 0;
};

inline constexpr std::size_t kMaxRanges = 8;
// Interleaved decimations, for what sampling and noise leave open.
inline constexpr std::size_t kSampleClasses = 16;

// Sums over samples; several add up.
struct PowerSums {
  std::array<double, kMaxRanges> range_uj = {};
  std::array<double, kMaxRanges> range_s = {};
  std::array<double, kMaxRanges> burden_uj = {};     // what the range's shunt took: I^2 R dt
  std::array<double, kSampleClasses> class_uj = {};  // by position modulo kSampleClasses; gaps are in none
  std::array<int64_t, kSampleClasses> class_samples = {};
  double charge_uc = 0;
  double filtered_difference_uj = 0;  // spike-filtered less raw
  double gap_variance_uj2 = 0;        // of what was filled in for lost samples
  double peak_uw = 0;
  int64_t samples = 0;
  int64_t lost = 0;
  int64_t saturated = 0;
  int64_t invalid = 0;
  int64_t switches = 0;
  int64_t repeated = 0;  // of the samples: not a conversion of their own (base::kSampleRepeated)

  double energy_uj() const;
  double duration_s() const;
  void add(const PowerSums& other);
};

struct Stretch {
  uint8_t state = 0;
  int64_t start_ns = 0;  // since the first sample
  int64_t end_ns = 0;
  double first_uw = 0;  // mean over the first and the last few samples: how high its edges are
  double last_uw = 0;
  PowerSums sums;
  // Mean power of blocks of equal length one after another, where no generation runs (meters without a fixed
  // rate: everywhere).
  std::vector<float> block_uw;
  int64_t block_ns = 0;
};

struct StretchOptions {
  base::MeterFacts meter;
  double supply_mv = 0;       // where the samples bring no voltage
  MarkerLines markers;        // not looked at where there are cuts
  std::vector<HostCut> cuts;  // ordered by time
  int64_t first_sample_ns =
      0;  // CLOCK_MONOTONIC of the sample 0 (arrival.h): for cuts of meters with a fixed rate
  bool spike_filter = false;
};

// Samples in, stretches out.
class StretchBuilder {
 public:
  virtual ~StretchBuilder() = default;
  // Blocks as the meter hands them out, in their order.
  virtual void add(const base::PowerSamples& block) = 0;
  // After the last block: all stretches. The builder is then done.
  virtual std::vector<Stretch> finish() = 0;
  // After finish(): the usual time from one conversion to the next of a meter that is asked, which is what
  // its samples leave open of when the power changed. 0: equally spaced.
  virtual double update_period_s() const { return 0; }
};

// For meters with a fixed rate, or whose samples carry their own time: as meter.sample_rate_hz says.
std::unique_ptr<StretchBuilder> make_stretch_builder(const StretchOptions& options);

}  // namespace slmrig::analyse
