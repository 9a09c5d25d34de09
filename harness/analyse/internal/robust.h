// Levels of values some of which are spikes.
#pragma once

#include <algorithm>
#include <span>

namespace slmrig::analyse::internal {

inline constexpr double kBound =
    3;  // sigma: further off, a value is a spike, and costs as much as one this far

inline double bounded_square(double value) { return std::min(value * value, kBound * kBound); }

// `values` is not empty.
double median_of(std::span<const double> values);

// The median, and from there the mean of what lies within kBound of it. In units of sigma.
double bounded_mean(std::span<const double> values);

}  // namespace slmrig::analyse::internal
