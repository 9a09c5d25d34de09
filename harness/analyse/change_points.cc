#include "harness/analyse/change_points.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <boost/math/distributions/students_t.hpp>

#include "harness/analyse/internal/bounded_partition.h"
#include "harness/analyse/internal/largest_split.h"
#include "harness/analyse/internal/robust.h"
#include "harness/analyse/internal/swing.h"
#include "harness/analyse/noise.h"

namespace slmrig::analyse {
namespace {

using internal::bounded_square;
using internal::kBound;

constexpr std::size_t kSameChange = 3;  // points by which both voters' or both nights' changes may differ
constexpr std::size_t kReach = 128;     // points on each side of a change that the second voter looks at
constexpr std::size_t kAlertAfter = 4;  // points of a new level before it is an alert
// What a short history hides of rho, times the square of its nights: a partition of few nights takes
// correlated ones for levels, and what is left of them is less correlated. From simulated AR(0.4) nights:
// without it more than half of a year's false alerts come in its first 60 nights.
constexpr double kHiddenRho = 800;
// What it may hide at most: with more a first month would see nothing.
constexpr double kMostHiddenRho = 0.5;
constexpr double kLoudNights = 2.5;   // swings by which the variance may be larger than in a mean night
constexpr std::size_t kLocal = 25;    // points on each side of a change whose noise is its own
constexpr double kNightBefore = 0.5;  // of the penalty: what the change must have been worth a night ago
constexpr double kOnsetCost = 5.99;   // 95 % of chi squared with 2 degrees: costs that an onset may be off
constexpr double kRoundingSigma = 1e-13;  // of the largest value: less is no noise

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

// Where (nearly) all neighbours are alike there is no scale: any step that lasts is then a change. Zero for a
// constant series.
double usable_sigma(const Noise& noise, std::span<const double> values) {
  double smallest = std::numeric_limits<double>::infinity();
  double largest = std::abs(values[0]);
  for (std::size_t i = 1; i < values.size(); ++i) {
    largest = std::max(largest, std::abs(values[i]));
    const double step = std::abs(values[i] - values[i - 1]);
    if (step > 0) smallest = std::min(smallest, step);
  }
  if (noise.sigma > largest * kRoundingSigma) return noise.sigma;
  if (!std::isfinite(smallest)) return 0;
  return std::max(smallest / 10, largest * kRoundingSigma);
}

bool is_near(std::size_t a, std::size_t b) { return (a > b ? a - b : b - a) <= kSameChange; }

class Finder {
 public:
  Finder(const Present& present, const ChangePointOptions& options)
      : present_(present), options_(options), noise_(estimate_noise(present.values)) {
    sigma_ = usable_sigma(noise_, present.values);
    if (!(sigma_ > 0)) return;
    innovation_ = std::sqrt(1 - noise_.rho * noise_.rho);
    middle_ = internal::median_of(present.values);
    for (const double value : present.values) scaled_.push_back((value - middle_) / sigma_);
  }

  std::vector<ChangePoint> find() {
    if (!(sigma_ > 0)) return {};
    internal::PartitionOptions partition_options;
    partition_options.min_segment = options_.min_segment;
    partition_options.penalty = internal::partition_penalty(scaled_.size());
    partition_options.rho = noise_.rho;
    const internal::Partition partition = internal::partition_bounded(scaled_, partition_options);
    std::vector<std::size_t> edges = {0};
    edges.insert(edges.end(), partition.changes.begin(), partition.changes.end());
    edges.push_back(scaled_.size());
    swing_ = swing_between(edges);
    std::vector<ChangePoint> found;
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
      if (i > 0) found.push_back(voted({edges[i - 1], edges[i], edges[i + 1]}, partition.changes_before));
      if (options_.watch) watch_within(edges[i], edges[i + 1], found);
    }
    for (ChangePoint& change : found) in_given_indexes(change);
    return found;
  }

 private:
  // A change and the stretches on both sides of it.
  struct Place {
    std::size_t begin = 0;
    std::size_t at = 0;
    std::size_t end = 0;
  };

  std::span<const double> stretch(std::size_t begin, std::size_t end) const {
    return std::span(scaled_).subspan(begin, end - begin);
  }

  // What value `i` tells beyond the one before it, in units of its own standard deviation. A spike before it
  // is no more than the bound, so that it does not make a second one.
  double innovation(std::size_t i, double level, double level_before) const {
    const double before = std::clamp(scaled_[i - 1] - level_before, -kBound, kBound);
    return (scaled_[i] - level - noise_.rho * before) / innovation_;
  }

  internal::Split split_of(std::size_t begin, std::size_t end) const {
    const double level = internal::median_of(stretch(begin, end));
    std::vector<double> white = {scaled_[begin] - level};
    for (std::size_t i = begin + 1; i < end; ++i) white.push_back(innovation(i, level, level));
    internal::SplitOptions split_options;
    split_options.min_segment = options_.min_segment;
    split_options.seed = options_.seed;
    internal::Split split = internal::largest_split(white, split_options);
    split.index += begin;
    return split;
  }

  // The second voter: a split in the same place, rarer than alpha.
  bool is_seconded(const internal::Split& split, const ChangePoint& change) const {
    if (split.p_value > options_.alpha) return false;
    return is_near(split.index, change.index) ||
           (split.index >= change.onset_low && split.index <= change.onset_high);
  }

  // Seen the night before, too, or nearly: the evidence of one night is not enough.
  bool is_confirmed(const Place& place, const std::vector<std::size_t>& night_before) const {
    if (!options_.confirm || place.end < scaled_.size()) return true;
    if (place.end - place.at < kAlertAfter) return false;
    if (std::any_of(night_before.begin(), night_before.end(),
                    [&](std::size_t each) { return is_near(each, place.at); })) {
      return true;
    }
    return worth({place.begin, place.at, place.end - 1}) >=
           kNightBefore * internal::partition_penalty(scaled_.size());
  }

  // By how much the variance of a mean could be larger than rho says.
  double doubt_of_rho() const {
    const auto long_run = [](double rho) { return (1 + rho) / (1 - rho); };
    const auto nights = static_cast<double>(scaled_.size());
    const double likely = noise_.rho + kHiddenRho / (nights * nights);
    return long_run(std::min(likely, std::max(kMostHiddenRho, noise_.rho))) / long_run(noise_.rho);
  }

  // Mean square of the innovations around the change, those on each side from their own level.
  double local_variance(const Place& place) const {
    const std::size_t first = place.at - std::min(place.at - place.begin, kLocal);
    const std::size_t last = std::min(place.end, place.at + kLocal);
    const double before = internal::bounded_mean(stretch(place.begin, place.at));
    const double after = internal::bounded_mean(stretch(place.at, place.end));
    double squares = 0;
    double count = 0;
    for (std::size_t i = std::max<std::size_t>(first, 1); i < last; ++i) {
      const double off = innovation(i, i < place.at ? before : after, i <= place.at ? before : after);
      if (std::abs(off) > kBound) continue;
      squares += off * off;
      count += 1;
    }
    return count < 1 ? 0 : squares / count;
  }

  // Where the nights around the change are noisier than others, or the noise is known to swing, it must stand
  // out of that; and where rho is hardly known, it must be worth more.
  bool stands_in_local_noise(const Place& place) const {
    const double variance = std::max(1 + kLoudNights * swing_, local_variance(place));
    return worth(place, std::sqrt(variance)) >= doubt_of_rho() * internal::partition_penalty(scaled_.size());
  }

  // What two levels explain better than one, in noise of `sigma` (in that of the series).
  double worth(const Place& place, double sigma = 1) const {
    const auto cost = [&](std::size_t begin, std::size_t end) {
      const double level = internal::bounded_mean(stretch(begin, end));
      double sum = bounded_square((scaled_[begin] - level) / sigma);
      for (std::size_t i = begin + 1; i < end; ++i)
        sum += bounded_square(innovation(i, level, level) / sigma);
      return sum;
    };
    return cost(place.begin, place.end) - cost(place.begin, place.at) - cost(place.at, place.end);
  }

  // Of all nights, each from the level of its stretch.
  double swing_between(const std::vector<std::size_t>& edges) const {
    std::vector<double> innovations;
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
      const double level = internal::bounded_mean(stretch(edges[i], edges[i + 1]));
      for (std::size_t at = edges[i] + 1; at < edges[i + 1]; ++at)
        innovations.push_back(innovation(at, level, level));
    }
    return internal::noise_swing(innovations);
  }

  ChangePoint voted(const Place& place, const std::vector<std::size_t>& night_before) const {
    ChangePoint change = described(place);
    const internal::Split split =
        split_of(place.at - std::min(place.at - place.begin, kReach), std::min(place.end, place.at + kReach));
    change.p_value = split.p_value;
    if (is_seconded(split, change) && is_confirmed(place, night_before) && stands_in_local_noise(place))
      change.level = ChangeLevel::kAlert;
    return change;
  }

  void watch_within(std::size_t begin, std::size_t end, std::vector<ChangePoint>& found) const {
    if (end - begin < std::max(options_.min_points, 2 * options_.min_segment)) return;
    const internal::Split split = split_of(begin, end);
    if (split.p_value > options_.alpha) return;
    found.push_back(described({begin, split.index, end}));
    found.back().p_value = split.p_value;
  }

  ChangePoint described(const Place& place) const {
    const double before = internal::bounded_mean(stretch(place.begin, place.at));
    const double after = internal::bounded_mean(stretch(place.at, place.end));
    ChangePoint change;
    change.index = place.at;
    locate(place, before, after, change);
    change.before = middle_ + before * sigma_;
    change.after = middle_ + after * sigma_;
    change.effect = (after - before) * sigma_;
    const auto n = static_cast<double>(place.at - place.begin);
    const auto m = static_cast<double>(place.end - place.at);
    const double student = boost::math::quantile(boost::math::students_t(std::max(1.0, n + m - 2)), 0.975);
    const double long_run = sigma_ * std::sqrt((1 + noise_.rho) / (1 - noise_.rho));
    const double half = student * long_run * std::sqrt(1 / n + 1 / m);
    change.effect_low = change.effect - half;
    change.effect_high = change.effect + half;
    return change;
  }

  // All places whose cost with these two levels is near that of the best.
  void locate(const Place& place, double before, double after, ChangePoint& change) const {
    const std::size_t begin = place.begin;
    std::vector<double> costs;  // of a change at begin + 1, begin + 2, ...
    double left = bounded_square(scaled_[begin] - before);
    double right = 0;
    for (std::size_t i = begin + 1; i < place.end; ++i) right += bounded_square(innovation(i, after, after));
    for (std::size_t at = begin + 1; at < place.end; ++at) {
      right -= bounded_square(innovation(at, after, after));
      costs.push_back(left + bounded_square(innovation(at, after, before)) + right);
      left += bounded_square(innovation(at, before, before));
    }
    const double least = *std::min_element(costs.begin(), costs.end());
    change.onset_low = change.onset_high = change.index;
    for (std::size_t i = 0; i < costs.size(); ++i) {
      if (costs[i] > least + kOnsetCost) continue;
      change.onset_low = std::min(change.onset_low, begin + 1 + i);
      change.onset_high = std::max(change.onset_high, begin + 1 + i);
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
  double innovation_ = 1;  // standard deviation of what a value tells beyond the one before, in sigma
  double swing_ = 0;       // of the noise (internal/swing.h)
  double middle_ = 0;
  std::vector<double> scaled_;  // around the median, in sigma
};

}  // namespace

std::vector<ChangePoint> find_change_points(std::span<const double> values,
                                            const ChangePointOptions& options) {
  const Present present = present_of(values);
  if (options.exact) return exact_changes(present);
  const std::size_t needed = std::max({options.min_points, 2 * options.min_segment, std::size_t{2}});
  if (options.min_segment == 0 || present.values.size() < needed) return {};
  return Finder(present, options).find();
}

}  // namespace slmrig::analyse
