// Where the level of a series changed, and how sure that is.
//
// Two methods vote. The first is penalised optimal partitioning with a bounded loss (a spike costs no more
// than 3 sigma, so that it is no change): deterministic, and sees a change soon. The second is the energy
// distance of E-divisive with a permutation test of its largest split: it assumes no shape of the noise. What
// both say is an alert, what one says is to be watched. Nights that depend on the night before (rho) are
// whitened first.
//
// Pure, the same for the same input; safe from many threads. Neither adding a constant to all values nor
// scaling them moves a change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace slmrig::analyse {

enum class ChangeLevel { kWatch, kAlert };

struct ChangePoint {
  std::size_t index = 0;       // in the values as given: the first point of the new level
  std::size_t onset_low = 0;   // 95 %: the change lies at one of these points
  std::size_t onset_high = 0;  // included
  ChangeLevel level = ChangeLevel::kWatch;
  double before = 0;  // robust levels of the stretches on both sides
  double after = 0;
  double effect = 0;      // after - before
  double effect_low = 0;  // 95 %
  double effect_high = 0;
  double p_value = 1;  // of the largest split between the neighbouring changes, adjusted for the search
};

struct ChangePointOptions {
  uint64_t seed = 1;            // of the permutations
  double alpha = 0.01;          // the second voter's; many series at a time: false_discovery.h on top
  std::size_t min_segment = 3;  // points that a level must have lasted; fewer are a spike
  std::size_t min_points = 8;   // a shorter history has no changes: it is still learning
  bool confirm = true;          // an alert needs to be seen without the last point, too: a second night
  bool watch = true;            // look for what only the second voter sees, too
  bool exact = false;  // counts without noise: every difference from the point before is an alert, p = 0
};

// Changes in ascending order of index. Values that are not finite are missing: left out, never filled in.
std::vector<ChangePoint> find_change_points(std::span<const double> values,
                                            const ChangePointOptions& options = {});

}  // namespace slmrig::analyse
