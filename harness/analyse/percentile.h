// Percentiles, in one place and by one definition.
//
// Linear interpolation between the two nearest order statistics (Hyndman and Fan's type 7: what NumPy, R and
// spreadsheets do unless told otherwise), so that a script over the public views gets the same figure.
// Rejected: nearest rank, whose median of two cold starts is the faster one.
#pragma once

#include <optional>
#include <span>

namespace slmrig::analyse {

// `sorted` [n] ascending; percent within 0..100. Nothing when n is 0.
std::optional<double> percentile_of_sorted(std::span<const double> sorted, double percent);

// `values` [n] in any order; copied and sorted.
std::optional<double> percentile(std::span<const double> values, double percent);

}  // namespace slmrig::analyse
