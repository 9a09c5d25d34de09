#include "harness/analyse/internal/largest_split.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "harness/analyse/internal/random.h"

namespace slmrig::analyse::internal {
namespace {

// Both distribution functions are compared at these places, a third of a sigma apart, around the median; what
// is further out counts as being at the end. A spike is then no more than a value of 4 sigma.
constexpr std::size_t kPlaces = 24;
constexpr double kReach = 4;
using Row = std::array<float, kPlaces>;

double median_of(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

// How many places a value lies below: [0, kPlaces].
std::vector<uint8_t> bins_of(std::span<const double> values) {
  const double median = median_of(values);
  std::vector<uint8_t> bins;
  bins.reserve(values.size());
  for (const double value : values) {
    const double place = (value - median + kReach) / (2 * kReach) * kPlaces;
    bins.push_back(static_cast<uint8_t>(std::clamp(std::ceil(place), 0.0, static_cast<double>(kPlaces))));
  }
  return bins;
}

class Splitter {
 public:
  Splitter(const std::vector<uint8_t>& bins, std::size_t min_segment) : min_segment_(min_segment) {
    const auto count = static_cast<float>(bins.size());
    Row total{};
    for (const uint8_t bin : bins) {
      for (std::size_t place = bin; place < kPlaces; ++place) total[place] += 1;
    }
    // What one more value before the split adds to (values before, up to the place) - (expected ones).
    for (std::size_t bin = 0; bin <= kPlaces; ++bin) {
      for (std::size_t place = 0; place < kPlaces; ++place) {
        steps_[bin][place] = (place >= bin ? 1.0F : 0.0F) - total[place] / count;
      }
    }
    weights_.resize(bins.size() + 1);
    const auto n = static_cast<double>(bins.size());
    for (std::size_t before = 1; before < bins.size(); ++before) {
      const auto k = static_cast<double>(before);
      weights_[before] = static_cast<float>(2 * (2 * kReach / kPlaces) * n / (k * (n - k)));
    }
  }

  Split best(const std::vector<uint8_t>& bins) const {
    Split split;
    float largest = -1;
    Row off{};
    for (std::size_t before = 1; before + min_segment_ <= bins.size(); ++before) {
      const Row& step = steps_[bins[before - 1]];
      std::array<float, 4> sums{};
      for (std::size_t place = 0; place < kPlaces; place += 4) {
        for (std::size_t lane = 0; lane < 4; ++lane) {
          off[place + lane] += step[place + lane];
          sums[lane] += off[place + lane] * off[place + lane];
        }
      }
      const float statistic = weights_[before] * ((sums[0] + sums[1]) + (sums[2] + sums[3]));
      if (before >= min_segment_ && statistic > largest) {
        largest = statistic;
        split.index = before;
      }
    }
    split.statistic = static_cast<double>(largest);
    return split;
  }

 private:
  std::size_t min_segment_;
  std::array<Row, kPlaces + 1> steps_{};
  std::vector<float> weights_;  // [n + 1]
};

// ln of the number of ways to choose k of n.
double log_choices(std::size_t n, std::size_t k) {
  return std::lgamma(static_cast<double>(n) + 1) - std::lgamma(static_cast<double>(k) + 1) -
         std::lgamma(static_cast<double>(n - k) + 1);
}

// The largest tenth of `drawn` as an exponential tail. The statistic is a sum of squares, whose tail falls
// at least as fast.
double tail_p(std::vector<double>& drawn, double statistic) {
  const std::size_t top = std::max<std::size_t>(1, drawn.size() / 10);
  const auto edge = drawn.end() - static_cast<std::ptrdiff_t>(top) - 1;
  std::nth_element(drawn.begin(), edge, drawn.end());
  const double threshold = *edge;
  double excess = 0;
  for (auto it = edge + 1; it != drawn.end(); ++it) excess += (*it - threshold) / static_cast<double>(top);
  if (!(excess > 0) || statistic <= threshold) return 1;
  return static_cast<double>(top) / static_cast<double>(drawn.size()) *
         std::exp(-(statistic - threshold) / excess);
}

void shuffle(std::vector<uint8_t>& bins, Random& random) {
  for (std::size_t i = bins.size(); i > 1; --i) std::swap(bins[i - 1], bins[random.below(i)]);
}

}  // namespace

Split largest_split(std::span<const double> values, const SplitOptions& options) {
  if (options.min_segment == 0 || values.size() < 2 * options.min_segment) return {};
  std::vector<uint8_t> bins = bins_of(values);
  const Splitter splitter(bins, options.min_segment);
  Split split = splitter.best(bins);
  Random random(options.seed);
  std::vector<double> drawn;
  std::size_t reached = 0;
  while (drawn.size() < options.permutations && reached < options.enough) {
    shuffle(bins, random);
    drawn.push_back(splitter.best(bins).statistic);
    if (drawn.back() >= split.statistic * (1 - 1e-6)) ++reached;
  }
  if (reached >= options.enough) {
    split.p_value = static_cast<double>(reached) / static_cast<double>(drawn.size());
    return split;
  }
  const double counted = static_cast<double>(reached + 1) / static_cast<double>(drawn.size() + 1);
  const double smallest =
      std::exp(-log_choices(values.size(), std::min(split.index, values.size() - split.index)));
  split.p_value = std::clamp(std::min(counted, tail_p(drawn, split.statistic)), smallest, 1.0);
  return split;
}

}  // namespace slmrig::analyse::internal
