#include "harness/analyse/noise.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <boost/math/distributions/normal.hpp>

namespace slmrig::analyse {
namespace {

constexpr double kMadOfNormal = 0.67448975;  // median of |z|
constexpr double kTrim = 3;                  // differences beyond so many sigma are spikes or steps
constexpr double kTrimmedVariance = 0.9733;  // of a normal distribution cut there
constexpr double kLargestRho = 0.9;

double median_of(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

// A first scale. Where most differences are nothing (coarse steps of a clock, bytes), the MAD is zero though
// there is noise: the mean square of all but the largest tenth then.
double first_scale(std::vector<double>& magnitudes) {
  const double mad = median_of(magnitudes);
  if (mad > 0) return mad / kMadOfNormal;
  std::sort(magnitudes.begin(), magnitudes.end());
  const std::size_t kept = magnitudes.size() - (magnitudes.size() + 9) / 10;
  double squares = 0;
  for (std::size_t i = 0; i < kept; ++i) squares += magnitudes[i] * magnitudes[i];
  return kept == 0 ? 0 : std::sqrt(squares / static_cast<double>(kept));
}

// Variance of the differences `lag` apart without the largest: twice as efficient as the MAD alone.
double difference_variance(std::span<const double> values, std::size_t lag) {
  if (values.size() <= lag) return 0;
  std::vector<double> magnitudes;
  magnitudes.reserve(values.size() - lag);
  for (std::size_t i = lag; i < values.size(); ++i)
    magnitudes.push_back(std::abs(values[i] - values[i - lag]));
  const double scale = first_scale(magnitudes);
  double squares = 0;
  std::size_t count = 0;
  for (const double magnitude : magnitudes) {
    if (magnitude > kTrim * scale) continue;
    squares += magnitude * magnitude;
    ++count;
  }
  return count == 0 ? 0 : squares / static_cast<double>(count) / kTrimmedVariance;
}

// Differences k apart have the variance 2 sigma^2 (1 - rho^k). Those 3 to 6 nights apart stand for
// independent ones; what they still miss is put back twice.
double correlation(std::span<const double> values, double near) {
  constexpr std::size_t kFirst = 3;
  constexpr std::size_t kLast = 6;
  if (values.size() < 2 * kLast || near <= 0) return 0;
  double far[kLast + 1] = {};
  for (std::size_t lag = kFirst; lag <= kLast; ++lag) far[lag] = difference_variance(values, lag);
  double rho = 0;
  for (int round = 0; round < 4; ++round) {
    double apart = 0;
    for (std::size_t lag = kFirst; lag <= kLast; ++lag) {
      apart += far[lag] / (1 - std::pow(rho, static_cast<double>(lag))) / (kLast - kFirst + 1);
    }
    rho = apart <= 0 ? 0 : std::clamp(1 - near / apart, 0.0, kLargestRho);
  }
  return rho;
}

}  // namespace

Noise estimate_noise(std::span<const double> values) {
  std::vector<double> finite;
  std::copy_if(values.begin(), values.end(), std::back_inserter(finite),
               [](double v) { return std::isfinite(v); });
  Noise noise;
  noise.count = finite.size();
  if (finite.size() < 3) return noise;
  const double near = difference_variance(finite, 1);
  noise.rho = correlation(finite, near);
  noise.sigma = std::sqrt(near / 2 / (1 - noise.rho));
  noise.sigma_long_run = noise.sigma * std::sqrt((1 + noise.rho) / (1 - noise.rho));
  return noise;
}

double minimum_detectable_effect(double sigma_long_run, const Detection& detection) {
  if (detection.nights_before == 0 || detection.nights_after == 0)
    return std::numeric_limits<double>::infinity();
  const boost::math::normal normal;
  const double z = boost::math::quantile(boost::math::complement(normal, detection.alpha)) +
                   boost::math::quantile(normal, detection.power);
  return z * sigma_long_run *
         std::sqrt(1 / static_cast<double>(detection.nights_before) +
                   1 / static_cast<double>(detection.nights_after));
}

}  // namespace slmrig::analyse
