#include "harness/rigsim/ppk2/sampler.h"

#include <algorithm>
#include <cmath>

namespace slmrig::rigsim {
namespace {

constexpr std::array<double, kPpk2Ranges> kFullScaleUa = {50, 500, 5000, 50'000, 1e6};
// A range is left downwards only here, so that a current at the limit does not switch at every sample.
constexpr double kStayAbove = 0.8;
constexpr double kSmallestSpike = 0.02;
constexpr double kHighestCode = 16383;

}  // namespace

Ppk2Sampler::Ppk2Sampler(const Ppk2Constants& constants, const Ppk2Imperfections& imperfections)
    : constants_(constants), imperfections_(imperfections), random_(imperfections.seed * 2654435769U + 1) {
  set_supply(3.0);
}

void Ppk2Sampler::set_supply(double supply_v) { converters_ = ppk2_converters(constants_, supply_v); }

void Ppk2Sampler::choose_range(double current_ua) {
  const int before = range_;
  while (range_ < kPpk2Ranges - 1 && current_ua > kFullScaleUa[range_]) ++range_;
  while (range_ > 0 && current_ua < kStayAbove * kFullScaleUa[range_ - 1]) --range_;
  if (range_ != before) spike_ = imperfections_.switch_spike;
}

// Nearly normal: the sum of four 16-bit numbers out of one draw.
double Ppk2Sampler::noise() {
  random_ ^= random_ << 13U;
  random_ ^= random_ >> 7U;
  random_ ^= random_ << 17U;
  const uint64_t sum =
      (random_ & 0xFFFFU) + (random_ >> 16U & 0xFFFFU) + (random_ >> 32U & 0xFFFFU) + (random_ >> 48U);
  constexpr double kMean = 2 * 65535.0;
  constexpr double kDeviation = 65536 * 0.57735026919;  // 2 / sqrt(12)
  return (static_cast<double>(sum) - kMean) / kDeviation;
}

uint32_t Ppk2Sampler::sample(double current_ua, uint8_t lines) {
  choose_range(current_ua);
  const double seen_ua = current_ua * (1 + imperfections_.gain_error) * (1 + spike_);
  spike_ = spike_ > kSmallestSpike ? spike_ / 2 : 0;
  const double code = converters_[range_].counts(seen_ua * 1e-6) / 4 + imperfections_.noise_codes * noise();
  const auto whole = static_cast<uint32_t>(std::clamp(std::floor(code + 0.5), 0.0, kHighestCode));
  const uint32_t word = whole | static_cast<uint32_t>(range_) << 14U | (counter_ & 63U) << 18U |
                        static_cast<uint32_t>(lines) << 24U;
  ++counter_;
  return word;
}

}  // namespace slmrig::rigsim
