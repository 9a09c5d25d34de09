#include "harness/analyse/internal/bounded_partition.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace slmrig::analyse::internal {
namespace {

constexpr double kGrid = 0.1;
constexpr double kLargestValue = 1e12;  // sigma; beyond, the grid's numbers would not be exact

// Levels that at least `needed` values are near enough to: at others no segment can be better than none.
std::vector<float> levels_of(std::vector<double> sorted, std::size_t needed, double bound, double origin) {
  std::sort(sorted.begin(), sorted.end());
  std::vector<float> levels;
  double next = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i + needed <= sorted.size(); ++i) {
    const double low = std::ceil((sorted[i + needed - 1] - bound) / kGrid);
    const double high = std::floor((sorted[i] + bound) / kGrid);
    for (double at = std::max(low, next); at <= high; at += 1) {
      levels.push_back(static_cast<float>(at * kGrid - origin));
      next = at + 1;
    }
  }
  return levels;
}

class Pass {
 public:
  Pass(std::vector<float> levels, std::size_t count, const PartitionOptions& options)
      : levels_(std::move(levels)),
        cost_(levels_.size(), std::numeric_limits<float>::infinity()),
        window_(levels_.size()),
        origin_(levels_.size(), 0),
        losses_(options.min_segment, std::vector<float>(levels_.size())),
        best_(count, std::numeric_limits<double>::infinity()),
        begin_(count, 0),
        options_(options) {}

  void add(std::size_t at, float value) {
    const std::size_t length = options_.min_segment;
    std::vector<float>& loss = losses_[at % length];
    const auto limit = static_cast<float>(options_.bound * options_.bound);
    for (std::size_t g = 0; g < levels_.size(); ++g) {
      const float off = value - levels_[g];
      loss[g] = std::min(off * off, limit);
      cost_[g] += loss[g];
    }
    if (at + 1 < length) return;
    enter(at + 1 - length);
    settle(at);
  }

  // The best partition of values [0, end).
  std::vector<std::size_t> changes(std::size_t end) const {
    std::vector<std::size_t> found;
    while (end > 0 && begin_[end - 1] > 0) {
      end = begin_[end - 1];
      found.push_back(end);
    }
    std::reverse(found.begin(), found.end());
    return found;
  }

 private:
  // A segment from `begin` on now has its smallest length and competes with those that are there.
  void enter(std::size_t begin) {
    double before = 0;
    if (begin > 0) {
      before = best_[begin - 1] + options_.penalty - reference_;
      if (!std::isfinite(before)) return;
    }
    std::fill(window_.begin(), window_.end(), static_cast<float>(before));
    for (const std::vector<float>& loss : losses_) {
      for (std::size_t g = 0; g < window_.size(); ++g) window_[g] += loss[g];
    }
    const auto mark = static_cast<int32_t>(begin);
    for (std::size_t g = 0; g < cost_.size(); ++g) {
      origin_[g] = window_[g] < cost_[g] ? mark : origin_[g];
      cost_[g] = std::min(window_[g], cost_[g]);
    }
  }

  // Costs are kept relative to the best one, so that a float holds them however long the series is.
  void settle(std::size_t at) {
    float least = std::numeric_limits<float>::infinity();
    for (const float cost : cost_) least = std::min(least, cost);
    const auto where = std::find(cost_.begin(), cost_.end(), least) - cost_.begin();
    begin_[at] = static_cast<std::size_t>(origin_[static_cast<std::size_t>(where)]);
    reference_ += static_cast<double>(least);
    best_[at] = reference_;
    for (float& cost : cost_) cost -= least;
  }

  std::vector<float> levels_;
  std::vector<float> cost_;  // [levels] of the best partition whose last segment has the level
  std::vector<float> window_;
  std::vector<int32_t> origin_;             // [levels] where that segment began
  std::vector<std::vector<float>> losses_;  // [min_segment][levels], a ring
  double reference_ = 0;
  std::vector<double> best_;        // [n] cost of the best partition of the values up to here
  std::vector<std::size_t> begin_;  // [n] of its last segment
  PartitionOptions options_;
};

}  // namespace

Partition partition_bounded(std::span<const double> values, const PartitionOptions& options) {
  Partition partition;
  if (values.size() < 2 * options.min_segment || options.min_segment == 0) return partition;
  std::vector<double> bounded(values.begin(), values.end());
  for (double& value : bounded) value = std::clamp(value, -kLargestValue, kLargestValue);
  std::vector<float> levels = levels_of(bounded, options.min_segment, options.bound, 0);
  if (levels.empty()) return partition;
  Pass pass(std::move(levels), bounded.size(), options);
  for (std::size_t i = 0; i < bounded.size(); ++i) pass.add(i, static_cast<float>(bounded[i]));
  partition.changes = pass.changes(bounded.size());
  partition.changes_before = pass.changes(bounded.size() - 1);
  return partition;
}

}  // namespace slmrig::analyse::internal
