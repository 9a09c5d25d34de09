// Where a stretch of values falls apart most, by energy distance, and how often chance does as much.
//
// For every split the energy distance 2 * integral of (F - G)^2 between what is before and after, times
// n m / (n + m) (Szekely and Rizzo; E-divisive of Matteson and James). The largest is compared with the
// largest of random orders of the same values, so that p is adjusted for the search over splits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace slmrig::analyse::internal {

struct SplitOptions {
  std::size_t min_segment = 3;
  std::size_t permutations = 999;
  // Drawing ends when so many orders have reached the statistic (Besag and Clifford, 1991): a p that is large
  // need not be known well.
  std::size_t enough = 12;
  uint64_t seed = 1;
};

struct Split {
  std::size_t index = 0;  // first value after the split
  double statistic = 0;
  // Below 1 in 100, of an exponential tail fitted to the largest tenth of the permutations, but never less
  // than one over the number of ways to choose the smaller side.
  double p_value = 1;
};

// `values` [n] in units of sigma, finite. p is 1 where there is no room for two segments.
Split largest_split(std::span<const double> values, const SplitOptions& options);

}  // namespace slmrig::analyse::internal
