// The spike filter that hosts of a PPK2 run over its current: for three samples after a change of range the
// value is replaced by an exponential average. It lags and does not preserve charge, so energy is taken from
// the raw series, and the difference between the two is a term of the uncertainty.
//
// Pure; state lives in the object, one for each stream.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slmrig::analyse {

class SpikeFilter {
 public:
  // As at the start of a stream.
  void reset() { *this = SpikeFilter(); }

  // in, range, out: [count] each; in and out may be the same. In any unit: the filter is linear.
  void apply(const float* in, const uint8_t* range, std::size_t count, float* out);

 private:
  double average_ = 0;         // alpha 0.18
  double average_of_top_ = 0;  // alpha 0.06, of the highest range
  int previous_range_ = -1;    // none yet
  int hold_ = 0;
  int since_change_ = 0;
};

}  // namespace slmrig::analyse
