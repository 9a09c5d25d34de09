#include "harness/analyse/internal/robust.h"

#include <cmath>
#include <cstddef>
#include <vector>

namespace slmrig::analyse::internal {

double median_of(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  if (sorted.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(sorted.begin(), middle)) / 2;
}

double bounded_mean(std::span<const double> values) {
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

}  // namespace slmrig::analyse::internal
