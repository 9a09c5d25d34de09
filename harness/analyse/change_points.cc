#include "harness/analyse/change_points.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <boost/math/distributions/students_t.hpp>

#include "harness/analyse/internal/bounded_partition.h"
#include "harness/analyse/internal/largest_split.h"
#include "harness/analyse/noise.h"

namespace slmrig::analyse {
namespace {

constexpr double kBound = 3;            // sigma: what a single value can cost at most, squared
constexpr std::size_t kSameChange = 3;  // nights by which both voters' or both nights' changes may differ
constexpr std::size_t kReach = 128;     // values on each side of a change that the second voter looks at
constexpr double kOnsetCost = 5.99;     // chi squared, 95 %, for the place of a change

double median_of(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  if (sorted.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(sorted.begin(), middle)) / 2;
}

double squared_bounded(double value) { return std::min(value * value, kBound * kBound); }

struct Present {
  std::vector<double> values;
  std::vector<std::size_t> indexes;  // in what was given
};

Present present_of(std::span<const double> values) {
  Present present;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    present.values.push_back(values[i]);
    present.indexes.push_back(i);
  }
  return present;
}

std::vector<ChangePoint> exact_changes(const Present& present) {
  std::vector<ChangePoint> changes;
  for (std::size_t i = 1; i < present.values.size(); ++i) {
    if (present.values[i] == present.values[i - 1]) continue;
    ChangePoint change;
    change.index = change.onset_low = change.onset_high = present.indexes[i];
    change.level = ChangeLevel::kAlert;
    change.before = present.values[i - 1];
    change.after = present.values[i];
    change.effect = change.effect_low = change.effect_high = change.after - change.before;
    change.p_value = 0;
    changes.push_back(change);
  }
  return changes;
}

// Where most values are alike there is no scale: any step that lasts is then a change.
double usable_sigma(const Noise& noise, std::span<const double> values) {
  double smallest = std::numeric_limits<double>::infinity();
  double largest = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    largest = std::max(largest, std::abs(values[i]));
    const double step = i == 0 ? 0 : std::abs(values[i] - values[i - 1]);
    if (step > 0) smallest = std::min(smallest, step);
  }
  if (noise.sigma > largest * 1e-13) return noise.sigma;
  return std::isfinite(smallest) ? smallest / 10 : 0;
}

class Finder {
 public:
  Finder(const Present& present, const ChangePointOptions& options) : present_(present), options_(options) {
    noise_ = estimate_noise(present.values);
    sigma_ = usable_sigma(noise_, present.values);
    if (!(sigma_ > 0)) return;
    const double middle = median_of(present.values);
    for (const double value : present.values) scaled_.push_back((value - middle) / sigma_);
    whiten();
  }

  std::vector<ChangePoint> find() {
    if (!(sigma_ > 0)) return {};
    internal::PartitionOptions partition_options;
    partition_options.min_segment = options_.min_segment;
    partition_options.penalty = penalty();
    const internal::Partition partition = internal::partition_bounded(white_, partition_options);
    std::vector<std::size_t> edges = {0};
    edges.insert(edges.end(), partition.changes.begin(), partition.changes.end());
    edges.push_back(white_.size());
    std::vector<ChangePoint> found;
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
      if (i > 0) found.push_back(voted(edges[i - 1], edges[i], edges[i + 1], partition.changes_before));
      watch_within(edges[i], edges[i + 1], found);
    }
    for (ChangePoint& change : found) in_given_indexes(change);
    return found;
  }

 private:
  // Innovations of an autoregressive process with unit variance. A step keeps (1 - rho) of its height, and
  // all of it at its first point.
  void whiten() {
    const double rho = noise_.rho;
    const double scale = 1 / std::sqrt(1 - rho * rho);
    white_.push_back(scaled_[0] * (1 - rho) * scale);
    for (std::size_t i = 1; i < scaled_.size(); ++i) {
      white_.push_back((scaled_[i] - rho * scaled_[i - 1]) * scale);
    }
  }

  double penalty() const { return 4 * std::log(static_cast<double>(white_.size())); }

  internal::Split split_of(std::size_t begin, std::size_t end) const {
    internal::SplitOptions split_options;
    split_options.min_segment = options_.min_segment;
    split_options.seed = options_.seed;
    internal::Split split =
        internal::largest_split(std::span(white_).subspan(begin, end - begin), split_options);
    split.index += begin;
    return split;
  }

  static bool is_near(std::size_t a, std::size_t b) { return (a > b ? a - b : b - a) <= kSameChange; }

  ChangePoint voted(std::size_t begin, std::size_t at, std::size_t end,
                    const std::vector<std::size_t>& night_before) const {
    ChangePoint change = described(begin, at, end);
    const internal::Split split = split_of(at - std::min(at - begin, kReach), std::min(end, at + kReach));
    change.p_value = split.p_value;
    const bool second =
        split.p_value <= options_.alpha &&
        (is_near(split.index, at) || (split.index >= change.onset_low && split.index <= change.onset_high));
    const bool confirmed =
        !options_.confirm || std::any_of(night_before.begin(), night_before.end(),
                                         [&](std::size_t each) { return is_near(each, at); });
    change.level = second && confirmed ? ChangeLevel::kAlert : ChangeLevel::kWatch;
    return change;
  }

  void watch_within(std::size_t begin, std::size_t end, std::vector<ChangePoint>& found) const {
    if (end - begin < std::max(options_.min_points, 2 * options_.min_segment)) return;
    const internal::Split split = split_of(begin, end);
    if (split.p_value > options_.alpha) return;
    ChangePoint change = described(begin, split.index, end);
    change.p_value = split.p_value;
    found.push_back(change);
  }

  // Mean of what lies within the bound of it, begun at the median.
  double level_of(std::size_t begin, std::size_t end) const {
    const auto values = std::span(scaled_).subspan(begin, end - begin);
    double level = median_of(values);
    for (int round = 0; round < 5; ++round) {
      double sum = 0;
      double count = 0;
      for (const double value : values) {
        if (std::abs(value - level) > kBound) continue;
        sum += value;
        count += 1;
      }
      if (count > 0) level = sum / count;
    }
    return level;
  }

  ChangePoint described(std::size_t begin, std::size_t at, std::size_t end) const {
    const double before = level_of(begin, at);
    const double after = level_of(at, end);
    ChangePoint change;
    change.index = at;
    locate(begin, end, before, after, change);
    const double middle = median_of(present_.values);
    change.before = middle + before * sigma_;
    change.after = middle + after * sigma_;
    change.effect = (after - before) * sigma_;
    const auto n = static_cast<double>(at - begin);
    const auto m = static_cast<double>(end - at);
    const double long_run = sigma_ * std::sqrt((1 + noise_.rho) / (1 - noise_.rho));
    const double student = boost::math::quantile(boost::math::students_t(std::max(1.0, n + m - 2)), 0.975);
    const double half = student * long_run * std::sqrt(1 / n + 1 / m);
    change.effect_low = change.effect - half;
    change.effect_high = change.effect + half;
    return change;
  }

  // The likelihood of every place of the change between these two levels.
  void locate(std::size_t begin, std::size_t end, double before, double after, ChangePoint& change) const {
    const double rho = noise_.rho;
    const double scale = 1 / std::sqrt(1 - rho * rho);
    const auto cost = [&](std::size_t i, double own, double previous) {
      const double past = i == 0 ? 0 : rho * (scaled_[i - 1] - previous);
      return squared_bounded((scaled_[i] - own - past) * scale);
    };
    double total = 0;
    for (std::size_t i = begin; i < end; ++i) total += cost(i, after, after);
    std::vector<double> costs(end - begin, std::numeric_limits<double>::infinity());
    double left = 0;
    double right = total;
    for (std::size_t at = begin + 1; at < end; ++at) {
      left += cost(at - 1, before, before);
      right -= cost(at - 1, after, after);
      costs[at - begin] = left + right - cost(at, after, after) + cost(at, after, before);
    }
    const double least = *std::min_element(costs.begin(), costs.end());
    change.onset_low = change.onset_high = change.index;
    for (std::size_t i = 0; i < costs.size(); ++i) {
      if (costs[i] > least + kOnsetCost) continue;
      change.onset_low = std::min(change.onset_low, begin + i);
      change.onset_high = std::max(change.onset_high, begin + i);
    }
  }

  void in_given_indexes(ChangePoint& change) const {
    change.index = present_.indexes[change.index];
    change.onset_low = present_.indexes[change.onset_low];
    change.onset_high = present_.indexes[change.onset_high];
  }

  const Present& present_;
  ChangePointOptions options_;
  Noise noise_;
  double sigma_ = 0;
  std::vector<double> scaled_;  // around 0, in sigma
  std::vector<double> white_;
};

}  // namespace

std::vector<ChangePoint> find_change_points(std::span<const double> values,
                                            const ChangePointOptions& options) {
  const Present present = present_of(values);
  if (options.exact) return exact_changes(present);
  if (present.values.size() < std::max({options.min_points, 2 * options.min_segment, std::size_t{2}}))
    return {};
  return Finder(present, options).find();
}

}  // namespace slmrig::analyse
