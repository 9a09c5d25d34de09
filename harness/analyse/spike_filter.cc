#include "harness/analyse/spike_filter.h"

namespace slmrig::analyse {

namespace {

constexpr double kAlpha = 0.18;
constexpr double kAlphaOfTop = 0.06;
constexpr int kTopRange = 4;
constexpr int kHeldSamples = 3;   // the switching one included
constexpr int kLeftOutOfTop = 2;  // first samples in the top range, which the averages do not see

}  // namespace

void SpikeFilter::apply(const float* in, const uint8_t* range, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i) {
    const double value = in[i];
    const int now = range[i];
    if (previous_range_ < 0) {
      average_ = average_of_top_ = value;
      previous_range_ = now;
      out[i] = in[i];
      continue;
    }
    const double before = average_;
    const double before_of_top = average_of_top_;
    average_ += kAlpha * (value - average_);
    average_of_top_ += kAlphaOfTop * (value - average_of_top_);
    float result = in[i];
    if (now != previous_range_ || hold_ > 0) {
      if (now != previous_range_) {
        since_change_ = 0;
        hold_ = kHeldSamples;
      } else {
        ++since_change_;
      }
      if (now == kTopRange && since_change_ < kLeftOutOfTop) {
        average_ = before;
        average_of_top_ = before_of_top;
      }
      result = static_cast<float>(now == kTopRange ? average_of_top_ : average_);
      --hold_;
    }
    previous_range_ = now;
    out[i] = result;
  }
}

}  // namespace slmrig::analyse
