#include "harness/gate/interval.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

#include "harness/analyse/percentile.h"

namespace slmrig::gate {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr double kPower = 0.8;
// What differences of neighbouring nights tell of a spread, as a share of what as many independent values
// would (interval_test holds it against a simulation).
constexpr double kEfficiencyOfNights = 0.5;
// A spread of the sessions that is so unlikely under the known one is another spread.
constexpr double kOtherSpread = 0.01;

double student_quantile(double degrees_of_freedom, double confidence) {
  return boost::math::quantile(boost::math::students_t(degrees_of_freedom), confidence);
}

double normal_quantile(double probability) {
  return boost::math::quantile(boost::math::normal(), probability);
}

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double variance_of(std::span<const double> values, double mean) {
  if (values.size() < 2) return 0;
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return sum / static_cast<double>(values.size() - 1);
}

// Sets spread, degrees of freedom and method.
void take_spread(const std::optional<KnownSpread>& known, Estimate& estimate) {
  const double own = variance_of(estimate.of_sessions, estimate.value);
  const double own_freedom = static_cast<double>(estimate.of_sessions.size()) - 1;
  const auto sessions = estimate.of_sessions.size();
  estimate.standard_deviation = std::sqrt(own);
  estimate.degrees_of_freedom = own_freedom;
  if (own_freedom > 0) {
    estimate.method =
        fmt::format("mean of {} sessions, Student's t with {} degrees of freedom", sessions, own_freedom);
  } else {
    estimate.method = "one session, and no history that tells how sessions differ";
  }
  if (!known || known->nights == 0) return;
  const double before = known->standard_deviation * known->standard_deviation;
  const double freedom = std::max(1.0, kEfficiencyOfNights * known->nights);
  if (own_freedom > 0 && own > before) {
    const bool other =
        before <= 0 || boost::math::cdf(boost::math::complement(boost::math::fisher_f(own_freedom, freedom),
                                                                own / before)) < kOtherSpread;
    if (other) {
      estimate.method += fmt::format("; their spread is larger than that of {} nights", known->nights);
      return;
    }
  }
  estimate.degrees_of_freedom = own_freedom + freedom;
  estimate.standard_deviation =
      std::sqrt((own * own_freedom + before * freedom) / estimate.degrees_of_freedom);
  estimate.spread_from_history = true;
  estimate.method = fmt::format(
      "mean of {} session{}, whose spread {} nights tell{}, Student's t with {:.1f} "
      "degrees of freedom",
      sessions, sessions == 1 ? "" : "s", known->nights, own_freedom > 0 ? " with them" : "",
      estimate.degrees_of_freedom);
}

// How much less than independent ones the samples of a session count, seen at the quantile.
double design_effect(const std::vector<std::vector<double>>& samples, double threshold, double quantile) {
  constexpr std::size_t kLeastSessions = 3;
  if (samples.size() < kLeastSessions) return 1;
  std::vector<double> shares;
  double count = 0;
  for (const std::vector<double>& session : samples) {
    if (session.empty()) continue;
    const auto below =
        std::count_if(session.begin(), session.end(), [&](double x) { return x <= threshold; });
    shares.push_back(static_cast<double>(below) / static_cast<double>(session.size()));
    count += static_cast<double>(session.size());
  }
  if (shares.size() < kLeastSessions) return 1;
  const double independent = quantile * (1 - quantile) / (count / static_cast<double>(shares.size()));
  return std::max(1.0, variance_of(shares, mean_of(shares)) / independent);
}

}  // namespace

Estimate exact_estimate(std::vector<double> of_sessions, base::Better better) {
  Estimate estimate;
  const auto [least, most] = std::minmax_element(of_sessions.begin(), of_sessions.end());
  estimate.value = better == base::Better::kLower ? *most : *least;
  estimate.low = estimate.high = estimate.value;
  estimate.exact = true;
  estimate.sessions = static_cast<uint32_t>(of_sessions.size());
  if (of_sessions.size() == 1) {
    estimate.method = "exact";
  } else if (*least == *most) {
    estimate.method = fmt::format("exact, the same in {} sessions", of_sessions.size());
  } else {
    estimate.method =
        fmt::format("exact, the worst of {} sessions from {} to {}", of_sessions.size(), *least, *most);
  }
  estimate.of_sessions = std::move(of_sessions);
  return estimate;
}

Estimate mean_estimate(std::vector<double> of_sessions, const std::optional<KnownSpread>& known,
                       double confidence) {
  Estimate estimate;
  estimate.of_sessions = std::move(of_sessions);
  estimate.value = mean_of(estimate.of_sessions);
  estimate.sessions = static_cast<uint32_t>(estimate.of_sessions.size());
  take_spread(known, estimate);
  double half = kInfinite;
  if (estimate.degrees_of_freedom > 0) {
    half = student_quantile(estimate.degrees_of_freedom, confidence) * estimate.standard_deviation /
           std::sqrt(static_cast<double>(estimate.sessions));
  }
  estimate.low = estimate.value - half;
  estimate.high = estimate.value + half;
  return estimate;
}

Estimate level_estimate(const analyse::StableLevel& level, bool exact, double confidence) {
  Estimate estimate;
  estimate.value = estimate.low = estimate.high = level.level;
  estimate.exact = exact;
  estimate.of_sessions = level.nights;
  estimate.sessions = static_cast<uint32_t>(level.nights.size());
  estimate.samples = level.nights.size();
  estimate.method =
      fmt::format("median of the {} nights since {} that have one level", estimate.sessions, level.since);
  if (exact) return estimate;
  const auto nights = static_cast<double>(estimate.sessions);
  estimate.standard_deviation = level.standard_error * std::sqrt(nights);
  estimate.degrees_of_freedom = std::max(1.0, kEfficiencyOfNights * nights);
  const double half = student_quantile(estimate.degrees_of_freedom, confidence) * level.standard_error;
  estimate.low -= half;
  estimate.high += half;
  return estimate;
}

void widen_by_order_statistics(const std::vector<std::vector<double>>& samples, double quantile,
                               double confidence, Estimate& estimate) {
  std::vector<double> all;
  for (const std::vector<double>& session : samples) all.insert(all.end(), session.begin(), session.end());
  estimate.samples = all.size();
  if (all.empty()) return;
  std::sort(all.begin(), all.end());
  constexpr double kPercent = 100;
  estimate.value = *analyse::percentile_of_sorted(all, quantile * kPercent);
  const double effect = design_effect(samples, estimate.value, quantile);
  const auto count = static_cast<double>(all.size());
  const double effective = std::max(1.0, std::floor(count / effect));
  // P(X_(r) <= quantile) = P(Bin >= r), and P(X_(s) >= quantile) = P(Bin <= s - 1).
  const boost::math::binomial below(effective, quantile);
  double rank_low = 0;
  double rank_high = effective + 1;
  for (double step = std::exp2(std::ceil(std::log2(effective + 1))); step >= 1; step /= 2) {
    const double up = rank_low + step;
    if (up <= effective && boost::math::cdf(boost::math::complement(below, up - 1)) >= confidence)
      rank_low = up;
    const double down = rank_high - step;
    if (down >= 1 && boost::math::cdf(below, down - 1) >= confidence) rank_high = down;
  }
  const auto at = [&](double rank) {
    const double place = std::ceil(rank / effective * count);
    return all[static_cast<std::size_t>(std::clamp(place, 1.0, count)) - 1];
  };
  const double low = rank_low < 1 ? -kInfinite : std::min(at(rank_low), estimate.value);
  const double high = rank_high > effective ? kInfinite : std::max(at(rank_high), estimate.value);
  estimate.low = std::min(estimate.low, low);
  estimate.high = std::max(estimate.high, high);
  estimate.method += fmt::format("; order statistics of {} samples", all.size());
  if (effect > 1) estimate.method += fmt::format(", as good as {:.0f} independent ones", effective);
}

uint64_t least_samples(double quantile, double confidence) {
  const double tail = std::max(quantile, 1 - quantile);
  return static_cast<uint64_t>(std::ceil(std::log1p(-confidence) / std::log(tail)));
}

Estimate share_estimate(uint64_t right, uint64_t all, double confidence) {
  Estimate estimate;
  const auto yes = static_cast<double>(right);
  const auto no = static_cast<double>(all - right);
  estimate.value = yes / (yes + no);
  estimate.low =
      right == 0 ? 0 : boost::math::quantile(boost::math::beta_distribution<>(yes, no + 1), 1 - confidence);
  estimate.high =
      right == all ? 1 : boost::math::quantile(boost::math::beta_distribution<>(yes + 1, no), confidence);
  estimate.samples = all;
  estimate.method = fmt::format("{} of {} prompts, after Clopper and Pearson", right, all);
  return estimate;
}

std::optional<uint64_t> prompts_for(double share, double limit, double confidence, uint64_t most) {
  const double distance = std::abs(share - limit);
  if (distance == 0) return std::nullopt;
  // The usual two standard errors, of the limit and of the share; near 0 and 1 they promise too much, and
  // Clopper and Pearson's own bound decides.
  const double errors = normal_quantile(confidence) * std::sqrt(limit * (1 - limit)) +
                        normal_quantile(kPower) * std::sqrt(share * (1 - share));
  const auto tells = [&](uint64_t prompts) {
    if (std::sqrt(static_cast<double>(prompts)) * distance < errors) return false;
    const auto right = static_cast<uint64_t>(std::llround(share * static_cast<double>(prompts)));
    const Estimate estimate = share_estimate(right, prompts, confidence);
    return share > limit ? estimate.low >= limit : estimate.high < limit;
  };
  if (!tells(most)) return std::nullopt;
  uint64_t too_few = 0;
  uint64_t enough = most;
  while (enough - too_few > 1) {
    const uint64_t middle = too_few + (enough - too_few) / 2;
    (tells(middle) ? enough : too_few) = middle;
  }
  return enough;
}

Difference difference_of(const Estimate& left, const Estimate& right, double factor) {
  Difference difference;
  difference.value = left.value - factor * right.value;
  difference.low = difference.value - std::hypot(left.value - left.low, factor * (right.high - right.value));
  difference.high = difference.value + std::hypot(left.high - left.value, factor * (right.value - right.low));
  return difference;
}

double detectable_distance(uint32_t sessions, const SessionsWanted& wanted) {
  const double freedom = wanted.degrees_of_freedom + sessions - 1;
  if (freedom <= 0) return kInfinite;
  const double variance =
      wanted.standard_deviation * wanted.standard_deviation / sessions + wanted.other_variance;
  return (student_quantile(freedom, wanted.confidence) + normal_quantile(kPower)) * std::sqrt(variance);
}

std::optional<uint32_t> sessions_for(double distance, const SessionsWanted& wanted, uint32_t most) {
  if (detectable_distance(most, wanted) > distance) return std::nullopt;
  uint32_t too_few = 0;
  uint32_t enough = most;
  while (enough - too_few > 1) {
    const uint32_t middle = too_few + (enough - too_few) / 2;
    (detectable_distance(middle, wanted) <= distance ? enough : too_few) = middle;
  }
  return enough;
}

double chance_of(double distance, double standard_error, double degrees_of_freedom) {
  if (degrees_of_freedom <= 0 || std::isnan(distance)) return 1;
  if (standard_error <= 0) return distance > 0 ? 0 : 1;
  return boost::math::cdf(
      boost::math::complement(boost::math::students_t(degrees_of_freedom), distance / standard_error));
}

}  // namespace slmrig::gate
