#include "harness/analyse/internal/comparison_intervals.h"

#include <cmath>

#include <boost/math/distributions/students_t.hpp>

namespace slmrig::analyse {
namespace {

constexpr double kNormal95 = 1.959963984540054;  // the 97.5 % quantile of the standard normal distribution
constexpr double kUpperTail = 0.975;

struct Moments {
  double mean = 0;
  double variance_of_mean = 0;
};

std::optional<Moments> moments_of_logarithms(const std::vector<double>& values) {
  if (values.size() < 2) return std::nullopt;
  Moments moments;
  const auto count = static_cast<double>(values.size());
  for (const double value : values) {
    if (!(value > 0) || !std::isfinite(value)) return std::nullopt;
    moments.mean += std::log(value) / count;
  }
  double squares = 0;
  for (const double value : values) squares += std::pow(std::log(value) - moments.mean, 2);
  moments.variance_of_mean = squares / (count - 1) / count;
  return moments;
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
  const std::optional<Moments> left = moments_of_logarithms(reference);
  const std::optional<Moments> right = moments_of_logarithms(values);
  if (!left || !right) return std::nullopt;
  const double centre = right->mean - left->mean;
  const double variance = left->variance_of_mean + right->variance_of_mean;
  if (variance <= 0) return Interval{std::exp(centre), std::exp(centre)};
  const double degrees = variance * variance /
                         (std::pow(left->variance_of_mean, 2) / (static_cast<double>(reference.size()) - 1) +
                          std::pow(right->variance_of_mean, 2) / (static_cast<double>(values.size()) - 1));
  const double student = boost::math::quantile(boost::math::students_t(degrees), kUpperTail);
  const double half_width = student * std::sqrt(variance);
  return Interval{std::exp(centre - half_width), std::exp(centre + half_width)};
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
