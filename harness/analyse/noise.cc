#include "harness/analyse/noise.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <boost/math/distributions/normal.hpp>

#include "harness/analyse/internal/bounded_partition.h"
#include "harness/analyse/internal/robust.h"

namespace slmrig::analyse {
namespace {

using internal::kBound;

constexpr double kMadOfNormal = 0.67448975;  // median of |z|
constexpr double kBoundedVariance = 0.9733;  // of a normal distribution cut at kBound
constexpr double kLargestRho = 0.9;
// Times the usual one: only clear steps are taken out, since correlated nights look like small ones.
constexpr double kFirstPenalty = 1.5;

// A first scale. Where most differences are nothing (coarse steps of a clock, bytes), the MAD is zero though
// there is noise: the mean square of all but the largest tenth then.
double first_scale(std::vector<double>& magnitudes) {
  const double mad = internal::median_of(magnitudes);
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
    if (magnitude > kBound * scale) continue;
    squares += magnitude * magnitude;
    ++count;
  }
  return count == 0 ? 0 : squares / static_cast<double>(count) / kBoundedVariance;
}

// Differences k apart have the variance 2 sigma^2 (1 - rho^k). Those 3 to 6 nights apart stand for
// independent ones; what they still miss is put back. Steps hardly matter to it, but its own error is large.
double rho_of_differences(std::span<const double> values, double near) {
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

// What is left of the values when the levels of a first partition are taken out.
struct Residuals {
  double squares = 0;
  double count = 0;
  double products = 0;  // of neighbours
  double pairs = 0;
  double segments = 1;

  void add(std::span<const double> segment) {
    const double level = internal::bounded_mean(segment);
    double before = std::numeric_limits<double>::infinity();
    for (const double value : segment) {
      const double off = value - level;
      if (std::abs(off) <= kBound) {
        squares += off * off;
        count += 1;
        if (std::abs(before) <= kBound) {
          products += off * before;
          pairs += 1;
        }
      }
      before = off;
    }
  }
};

Residuals residuals_of(std::span<const double> values, double rho) {
  internal::PartitionOptions options;
  options.rho = rho;
  options.penalty = kFirstPenalty * internal::partition_penalty(values.size());
  std::vector<std::size_t> ends = internal::partition_bounded(values, options).changes;
  ends.push_back(values.size());
  Residuals residuals;
  residuals.segments = static_cast<double>(ends.size());
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    residuals.add(values.subspan(begin, end - begin));
    begin = end;
  }
  return residuals;
}

// A correlation shrunk to nothing where it is not more than `doubt`: one that is not there would cost power.
double shrunk(double rho, double doubt) {
  if (rho <= doubt) return 0;
  return rho * (1 - doubt * doubt / (rho * rho));
}

constexpr double kDifferencesError = 1.3;  // of their rho: its standard error, times the root of the count

// That of the residuals, but at least what the differences say with some certainty: a partition that takes
// correlated nights for levels leaves too little of it.
double credible_rho(const Residuals& residuals, double of_differences, double count) {
  const double level_bias = residuals.segments / count;
  double rho = residuals.products / residuals.pairs / (residuals.squares / residuals.count);
  rho += (1 + 4 * std::max(0.0, rho)) * level_bias;
  const double at_least = of_differences - kDifferencesError / std::sqrt(count);
  return std::clamp(std::max(shrunk(rho, 0.5 / std::sqrt(count)), at_least), 0.0, kLargestRho);
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
  const double of_differences = rho_of_differences(finite, near);
  const double white = std::sqrt(near / 2);
  noise.sigma = white;
  if (white > 0) {
    const double middle = internal::median_of(finite);
    for (double& value : finite) value = (value - middle) / white;
    const double root = std::sqrt(static_cast<double>(finite.size()));
    const Residuals residuals = residuals_of(finite, shrunk(of_differences, kDifferencesError / root));
    if (residuals.pairs >= 4 && residuals.squares > 0) {
      noise.rho = credible_rho(residuals, of_differences, static_cast<double>(finite.size()));
      const double degrees = std::max(1.0, residuals.count - residuals.segments);
      noise.sigma = white * std::sqrt(residuals.squares / degrees / kBoundedVariance);
    }
  }
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
