#include "workloads/forge/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "harness/base/error.h"
#include "workloads/forge/random.h"

namespace slmrig::forge {

namespace {

constexpr std::uint64_t kSeed = 5001;
constexpr double kTail = 0.025;

}  // namespace

Interval bootstrap_ratio(std::span<const double> numerators, std::span<const double> denominators) {
  SLMRIG_CHECK(!numerators.empty() && numerators.size() == denominators.size());
  Random random(kSeed);
  std::vector<double> ratios(kBootstrapResamples);
  for (double& ratio : ratios) {
    double numerator = 0.0;
    double denominator = 0.0;
    for (std::size_t i = 0; i < numerators.size(); ++i) {
      const std::size_t unit = random.below(numerators.size());
      numerator += numerators[unit];
      denominator += denominators[unit];
    }
    ratio = numerator / denominator;
  }
  std::sort(ratios.begin(), ratios.end());
  const auto low = static_cast<std::size_t>(kTail * kBootstrapResamples);
  return {ratios[low], ratios[kBootstrapResamples - 1 - low]};
}

Interval bootstrap_mean(std::span<const double> values) {
  const std::vector<double> ones(values.size(), 1.0);
  return bootstrap_ratio(values, ones);
}

}  // namespace slmrig::forge
