#include "harness/analyse/internal/bounded_partition.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "harness/analyse/internal/robust.h"

namespace slmrig::analyse::internal {
namespace {

// Four levels at a time: vectors of GCC and clang, since neither vectorises the loop over levels by itself
// (it compares floats and keeps integers).
constexpr std::size_t kLanes = 4;
using Floats = float __attribute__((vector_size(16)));
using Integers = int32_t __attribute__((vector_size(16)));

Floats all(float value) { return Floats{value, value, value, value}; }
Integers all(int32_t value) { return Integers{value, value, value, value}; }
Integers chosen(Integers mask, Integers yes, Integers no) { return (mask & yes) | (~mask & no); }
Floats chosen(Integers mask, Floats yes, Floats no) {
  return reinterpret_cast<Floats>(
      chosen(mask, reinterpret_cast<Integers>(yes), reinterpret_cast<Integers>(no)));
}
Floats smaller(Floats a, Floats b) { return chosen(a < b, a, b); }
Floats larger(Floats a, Floats b) { return chosen(a < b, b, a); }

constexpr float kFar = 1e18F;  // a level that fits no value; its square is still a float
constexpr float kNever = std::numeric_limits<float>::infinity();
constexpr double kLargestValue = 1e12;  // sigma; beyond, the grid's numbers would not be exact

// Levels that enough values are near to, and none outside of all values: at others no segment is best.
std::vector<float> levels_of(std::vector<double> sorted, double grid, const PartitionOptions& options) {
  std::sort(sorted.begin(), sorted.end());
  std::vector<float> levels;
  double next = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i + options.min_segment <= sorted.size(); ++i) {
    const double low =
        std::ceil(std::max(sorted.front() - grid, sorted[i + options.min_segment - 1] - kBound) / grid);
    const double high = std::floor(std::min(sorted.back() + grid, sorted[i] + kBound) / grid);
    for (double at = std::max(low, next); at <= high; at += 1) {
      levels.push_back(static_cast<float>(at * grid));
      next = at + 1;
    }
  }
  while (levels.size() % kLanes != 0) levels.push_back(kFar);
  return levels;
}

class Pass {
 public:
  Pass(const std::vector<float>& levels, std::size_t count, const PartitionOptions& options)
      : rows_(levels.size() / kLanes),
        losses_(options.min_segment, std::vector<Floats>(rows_.size())),
        recent_(options.min_segment),
        best_(count, std::numeric_limits<double>::infinity()),
        begin_(count, 0),
        options_(options) {
    for (std::size_t i = 0; i < levels.size(); ++i) rows_[i / kLanes].level[i % kLanes] = levels[i];
  }

  void add(std::size_t at, float value) {
    const std::size_t length = options_.min_segment;
    std::vector<Floats>& losses = losses_[at % length];
    const Floats limit = all(static_cast<float>(kBound * kBound));
    const Floats reach = all(static_cast<float>(kBound));
    const Floats here = all(value);
    const Floats there = all(previous_);
    const Floats rho = all(static_cast<float>(at == 0 ? 0 : options_.rho));
    const Floats scale =
        all(static_cast<float>(at == 0 ? 1 : 1 / std::sqrt(1 - options_.rho * options_.rho)));
    recent_[at % length] = value;
    previous_ = value;
    const Floats first = all(recent_[(at + 1) % length]);
    const std::vector<Floats>& oldest = losses_[(at + 1) % length];
    // A segment that now has its smallest length competes with those that are there.
    const std::size_t begin = at + 1 < length ? 0 : at + 1 - length;
    const Integers mark = all(static_cast<int32_t>(begin));
    const Floats entry = all(cost_of_beginning(at, begin));
    Floats least = all(kNever);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      Row& row = rows_[i];
      const Floats past = smaller(larger(there - row.level, -reach), reach);
      const Floats off = (here - row.level - rho * past) * scale;
      const Floats loss = smaller(off * off, limit);
      row.window += loss - losses[i];
      losses[i] = loss;
      const Floats begun = first - row.level;
      const Floats fresh = entry + (row.window - oldest[i]) + smaller(begun * begun, limit);
      const Floats kept = row.cost + loss;
      const Integers is_better = fresh < kept;
      row.begin = chosen(is_better, mark, row.begin);
      row.cost = chosen(is_better, fresh, kept);
      least = smaller(least, row.cost);
    }
    if (at + 1 >= length) settle(at, std::min(std::min(least[0], least[1]), std::min(least[2], least[3])));
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
  struct Row {
    Floats level{};
    Floats cost = all(kNever);  // of the best partition whose last segment has the level
    Floats window{};            // loss of the last min_segment values
    Integers begin{};           // of that last segment
  };

  float cost_of_beginning(std::size_t at, std::size_t begin) const {
    if (at + 1 < options_.min_segment) return kNever;
    if (begin == 0) return 0;
    return static_cast<float>(best_[begin - 1] + options_.penalty - reference_);
  }

  // Costs are kept relative to the best one, so that a float holds them however long the series is.
  void settle(std::size_t at, float least) {
    bool found = false;
    for (Row& row : rows_) {
      for (std::size_t lane = 0; lane < kLanes && !found; ++lane) {
        if (row.cost[lane] > least) continue;
        begin_[at] = static_cast<std::size_t>(row.begin[lane]);
        found = true;
      }
      row.cost -= all(least);
    }
    reference_ += static_cast<double>(least);
    best_[at] = reference_;
  }

  std::vector<Row> rows_;
  std::vector<std::vector<Floats>> losses_;  // [min_segment][rows], a ring
  std::vector<float> recent_;                // [min_segment] values, a ring
  float previous_ = 0;
  double reference_ = 0;
  std::vector<double> best_;        // [n] cost of the best partition of the values up to here
  std::vector<std::size_t> begin_;  // [n] of its last segment
  PartitionOptions options_;
};

}  // namespace

double partition_penalty(std::size_t count) {
  const auto n = static_cast<double>(count);
  return 4 * std::log(n) * (1 + 6 / n);
}

Partition partition_bounded(std::span<const double> values, const PartitionOptions& options) {
  Partition partition;
  if (options.min_segment == 0 || values.size() < 2 * options.min_segment) return partition;
  std::vector<double> bounded(values.begin(), values.end());
  for (double& value : bounded) value = std::clamp(value, -kLargestValue, kLargestValue);
  const double grid = std::clamp(2 / std::sqrt(static_cast<double>(bounded.size())), 0.02, 0.25);
  const std::vector<float> levels = levels_of(bounded, grid, options);
  if (levels.empty()) return partition;
  Pass pass(levels, bounded.size(), options);
  for (std::size_t i = 0; i < bounded.size(); ++i) pass.add(i, static_cast<float>(bounded[i]));
  partition.changes = pass.changes(bounded.size());
  partition.changes_before = pass.changes(bounded.size() - 1);
  return partition;
}

}  // namespace slmrig::analyse::internal
