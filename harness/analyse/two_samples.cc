#include "harness/analyse/two_samples.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

#include "harness/analyse/internal/random.h"
#include "harness/analyse/percentile.h"

namespace slmrig::analyse {
namespace {

std::vector<double> finite_of(std::span<const double> values) {
  std::vector<double> finite;
  std::copy_if(values.begin(), values.end(), std::back_inserter(finite),
               [](double v) { return std::isfinite(v); });
  return finite;
}

struct Ranks {
  double sum_of_first = 0;
  double tie_term = 0;  // sum over groups of ties of t^3 - t
};

Ranks rank(const std::vector<double>& first, const std::vector<double>& second) {
  std::vector<std::pair<double, bool>> all;
  all.reserve(first.size() + second.size());
  for (const double value : first) all.emplace_back(value, true);
  for (const double value : second) all.emplace_back(value, false);
  std::sort(all.begin(), all.end());
  Ranks ranks;
  for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    std::size_t of_first = 0;
    for (end = begin; end < all.size() && all[end].first == all[begin].first; ++end)
      of_first += all[end].second ? 1 : 0;
    const double middle = static_cast<double>(begin + 1 + end) / 2;  // ranks begin + 1 to end
    const auto tied = static_cast<double>(end - begin);
    ranks.sum_of_first += middle * static_cast<double>(of_first);
    ranks.tie_term += tied * tied * tied - tied;
  }
  return ranks;
}

// P(U >= u) = P(U <= n m - u) with n and m values without ties. The counts of U are the coefficients of the
// Gaussian binomial coefficient, product over i of (1 - q^(m + i)) / (1 - q^i); each is scaled to stay a
// probability, and only those of the tail are needed.
double upper_tail(std::size_t n, std::size_t m, double u) {
  if (n > m) std::swap(n, m);  // U is symmetric, and the smaller sample needs fewer factors
  const auto size = static_cast<std::size_t>(std::floor(static_cast<double>(n * m) - u)) + 1;
  std::vector<double> density(size, 0.0);
  density[0] = 1;
  for (std::size_t i = 1; i <= n; ++i) {
    const std::size_t top = m + i;
    for (std::size_t at = size; at-- > top;) density[at] -= density[at - top];
    for (std::size_t at = i; at < size; ++at) density[at] += density[at - i];
    const double scale = static_cast<double>(i) / static_cast<double>(top);
    for (double& value : density) value *= scale;
  }
  return std::accumulate(density.begin(), density.end(), 0.0);
}

double normal_p(double larger_u, double n, double m, double tie_term) {
  const double all = n + m;
  const double variance = n * m / 12 * (all + 1 - tie_term / (all * (all - 1)));
  if (!(variance > 0)) return 1;
  const double z = (larger_u - n * m / 2 - 0.5) / std::sqrt(variance);
  return std::min(1.0, 2 * boost::math::cdf(boost::math::complement(boost::math::normal(), z)));
}

struct Moments {
  double mean = 0;
  double variance_of_mean = 0;
  double degrees = 0;
};

Moments moments_of(const std::vector<double>& values) {
  Moments moments;
  const auto count = static_cast<double>(values.size());
  for (const double value : values) moments.mean += value / count;
  double squares = 0;
  for (const double value : values) squares += (value - moments.mean) * (value - moments.mean);
  moments.degrees = count - 1;
  moments.variance_of_mean = squares / moments.degrees / count;
  return moments;
}

Sessions with_values(const Sessions& sessions) {
  Sessions kept;
  for (const std::vector<double>& session : sessions) {
    std::vector<double> finite = finite_of(session);
    if (!finite.empty()) kept.push_back(std::move(finite));
  }
  return kept;
}

double pooled_median(const Sessions& sessions) {
  std::vector<double> all;
  for (const std::vector<double>& session : sessions) all.insert(all.end(), session.begin(), session.end());
  return *percentile(all, 50);
}

double redrawn_median(const Sessions& sessions, internal::Random& random, std::vector<double>& all) {
  all.clear();
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    const std::vector<double>& session = sessions[random.below(sessions.size())];
    for (std::size_t k = 0; k < session.size(); ++k) all.push_back(session[random.below(session.size())]);
  }
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::nth_element(all.begin(), middle, all.end());
  if (all.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(all.begin(), middle)) / 2;
}

}  // namespace

std::optional<MannWhitney> mann_whitney(std::span<const double> first, std::span<const double> second) {
  const std::vector<double> a = finite_of(first);
  const std::vector<double> b = finite_of(second);
  if (a.empty() || b.empty()) return std::nullopt;
  const auto n = static_cast<double>(a.size());
  const auto m = static_cast<double>(b.size());
  const Ranks ranks = rank(a, b);
  MannWhitney result;
  result.u = ranks.sum_of_first - n * (n + 1) / 2;
  const double larger = std::max(result.u, n * m - result.u);
  result.exact = (a.size() <= 8 || b.size() <= 8) && ranks.tie_term == 0;
  result.p_value = result.exact ? std::min(1.0, 2 * upper_tail(a.size(), b.size(), larger))
                                : normal_p(larger, n, m, ranks.tie_term);
  return result;
}

std::optional<Difference> welch(std::span<const double> first, std::span<const double> second,
                                double confidence) {
  const std::vector<double> a = finite_of(first);
  const std::vector<double> b = finite_of(second);
  if (a.size() < 2 || b.size() < 2) return std::nullopt;
  const Moments of_a = moments_of(a);
  const Moments of_b = moments_of(b);
  const double variance = of_a.variance_of_mean + of_b.variance_of_mean;
  Difference difference;
  difference.value = of_b.mean - of_a.mean;
  difference.low = difference.high = difference.value;
  if (!(variance > 0)) {
    difference.p_value = difference.value == 0 ? 1 : 0;
    return difference;
  }
  const double degrees = variance * variance /
                         (of_a.variance_of_mean * of_a.variance_of_mean / of_a.degrees +
                          of_b.variance_of_mean * of_b.variance_of_mean / of_b.degrees);
  const boost::math::students_t student(degrees);
  const double error = std::sqrt(variance);
  const double half = boost::math::quantile(student, (1 + confidence) / 2) * error;
  difference.low -= half;
  difference.high += half;
  difference.p_value =
      2 * boost::math::cdf(boost::math::complement(student, std::abs(difference.value) / error));
  return difference;
}

std::optional<Difference> difference_of_medians(const Sessions& first, const Sessions& second,
                                                const BootstrapOptions& options) {
  const Sessions a = with_values(first);
  const Sessions b = with_values(second);
  if (a.size() < 2 || b.size() < 2 || options.resamples == 0) return std::nullopt;
  internal::Random random(options.seed);
  std::vector<double> differences(options.resamples);
  std::vector<double> scratch;
  for (double& difference : differences) {
    const double of_a = redrawn_median(a, random, scratch);
    difference = redrawn_median(b, random, scratch) - of_a;
  }
  std::sort(differences.begin(), differences.end());
  Difference result;
  result.value = pooled_median(b) - pooled_median(a);
  const double tail = (1 - options.confidence) / 2 * 100;
  result.low = *percentile_of_sorted(differences, tail);
  result.high = *percentile_of_sorted(differences, 100 - tail);
  return result;
}

}  // namespace slmrig::analyse
