// Penalised optimal partitioning with a bounded loss.
//
// A partition costs, for each segment, the sum over its values of min((value - level)^2, bound^2) with the
// best level, and a penalty for each segment after the first. Levels are those of a grid, so that the best
// partition comes from one pass with a row of costs, one a level (as in Fearnhead and Rigaill, Changepoint
// detection in the presence of outliers, 2019, whose exact pieces of parabolas are rejected: a tenth of a
// sigma is precise enough, and a row of floats is what a processor is fast at).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace slmrig::analyse::internal {

struct PartitionOptions {
  double penalty = 20;
  double rho = 0;               // correlation of neighbours, [0, 1)
  std::size_t min_segment = 3;  // values; at least 1
};

// 4 ln n: what noise alone does not gain by one more segment, looked at every night (night_simulation.h).
double partition_penalty(std::size_t count);

struct Partition {
  std::vector<std::size_t> changes;         // first values of new segments, ascending
  std::vector<std::size_t> changes_before;  // the same as it was one value ago
};

// `values` [n] in units of sigma, finite.
Partition partition_bounded(std::span<const double> values, const PartitionOptions& options);

}  // namespace slmrig::analyse::internal
