#include "harness/analyse/internal/comparison_intervals.h"

#include <cmath>

#include "harness/analyse/two_samples.h"

namespace slmrig::analyse {
namespace {

constexpr double kNormal95 = 1.959963984540054;  // the 97.5 % quantile of the standard normal distribution

// Nothing where a value is not positive: it has no logarithm.
std::optional<std::vector<double>> logarithms(const std::vector<double>& values) {
  std::vector<double> logarithms;
  for (const double value : values) {
    if (!(value > 0)) return std::nullopt;
    logarithms.push_back(std::log(value));
  }
  return logarithms;
}

// The variance of a paired difference, and its centre.
struct Paired {
  double centre = 0;
  double variance = 0;
};

Paired adjusted(const PairedAnswers& pairs) {
  const double count = pairs.prompts + 2.0;
  const double up = pairs.only_subject_right + 0.5;
  const double down = pairs.only_reference_right + 0.5;
  const double difference = up - down;
  return {difference / count, (up + down - difference * difference / count) / (count * count)};
}

// Both ways, of a normal distribution.
double normal_p_value(double standard_scores) {
  return std::erfc(std::abs(standard_scores) / std::sqrt(2.0));
}

std::optional<Difference> log_difference(const std::vector<double>& reference,
                                         const std::vector<double>& values) {
  const auto before = logarithms(reference);
  const auto after = logarithms(values);
  return before && after ? welch(*before, *after) : std::nullopt;
}

}  // namespace

std::optional<Interval> ratio_interval(const std::vector<double>& reference,
                                       const std::vector<double>& values) {
  const std::optional<Difference> difference = log_difference(reference, values);
  if (!difference) return std::nullopt;
  return Interval{std::exp(difference->low), std::exp(difference->high)};
}

std::optional<double> ratio_p_value(const std::vector<double>& reference, const std::vector<double>& values) {
  const std::optional<Difference> difference = log_difference(reference, values);
  return difference ? std::optional(difference->p_value) : std::nullopt;
}

double ratio_p_value(double ratio, double reference_half_width, double half_width) {
  const double both = std::hypot(reference_half_width, half_width);
  if (both <= 0) return ratio == 1 ? 1 : 0;
  return normal_p_value(std::log(ratio) / std::log1p(both) * kNormal95);
}

Interval ratio_interval(double ratio, double reference_half_width, double half_width) {
  const double both = std::hypot(reference_half_width, half_width);
  return {ratio / (1 + both), ratio * (1 + both)};
}

Interval paired_interval(const PairedAnswers& pairs) {
  const Paired paired = adjusted(pairs);
  const double half_width = kNormal95 * std::sqrt(paired.variance);
  return {paired.centre - half_width, paired.centre + half_width};
}

double paired_p_value(const PairedAnswers& pairs) {
  const Paired paired = adjusted(pairs);
  return paired.variance <= 0 ? 1 : normal_p_value(paired.centre / std::sqrt(paired.variance));
}

uint32_t prompts_for(const PairedAnswers& pairs, double half_width) {
  const Paired paired = adjusted(pairs);
  const double count = pairs.prompts + 2.0;
  const double variance_of_one = paired.variance * count;  // falls with the number of prompts
  return static_cast<uint32_t>(std::ceil(variance_of_one * std::pow(kNormal95 / half_width, 2)));
}

}  // namespace slmrig::analyse
