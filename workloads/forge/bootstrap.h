// Confidence intervals by resampling: no assumption about how scores are spread.
//
// Seeded: the same values give the same interval. Pure functions, safe from many threads.
#pragma once

#include <cstdint>
#include <span>

namespace slmrig::forge {

inline constexpr std::uint32_t kBootstrapResamples = 10000;

// The middle 95 % of what resamples give (percentile method).
struct Interval {
  double low = 0.0;
  double high = 0.0;
};

// Of sum(numerators) / sum(denominators) when the units are drawn again with replacement: a unit is a prompt
// or a document, never a token, since tokens of one document are not independent. Both spans [units], at
// least one; sums of denominators must be positive. Where all units agree the interval has no width; that
// says nothing of units that were not seen.
Interval bootstrap_ratio(std::span<const double> numerators, std::span<const double> denominators);

// Of the mean of values [units].
Interval bootstrap_mean(std::span<const double> values);

}  // namespace slmrig::forge
