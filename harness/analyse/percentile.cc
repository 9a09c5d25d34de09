#include "harness/analyse/percentile.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace slmrig::analyse {

std::optional<double> percentile_of_sorted(std::span<const double> sorted, double percent) {
  if (sorted.empty()) return std::nullopt;
  const double position = std::clamp(percent, 0.0, 100.0) / 100.0 * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(position));
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double share = position - static_cast<double>(below);
  // Equal neighbours give exactly that value: instruction counts stay whole.
  return sorted[below] + share * (sorted[above] - sorted[below]);
}

std::optional<double> percentile(std::span<const double> values, double percent) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return percentile_of_sorted(sorted, percent);
}

}  // namespace slmrig::analyse
