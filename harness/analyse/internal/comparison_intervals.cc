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

}  // namespace

std::optional<Interval> ratio_interval(const std::vector<double>& reference,
                                       const std::vector<double>& values) {
  const auto before = logarithms(reference);
  const auto after = logarithms(values);
  if (!before || !after) return std::nullopt;
  const std::optional<Difference> difference = welch(*before, *after);
  if (!difference) return std::nullopt;
  return Interval{std::exp(difference->low), std::exp(difference->high)};
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

uint32_t prompts_for(const PairedAnswers& pairs, double half_width) {
  const Paired paired = adjusted(pairs);
  const double count = pairs.prompts + 2.0;
  const double variance_of_one = paired.variance * count;  // falls with the number of prompts
  return static_cast<uint32_t>(std::ceil(variance_of_one * std::pow(kNormal95 / half_width, 2)));
}

}  // namespace slmrig::analyse
