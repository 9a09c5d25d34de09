#include "harness/analyse/internal/swing.h"

#include <cmath>
#include <cstddef>
#include <vector>

#include "harness/analyse/internal/robust.h"

namespace slmrig::analyse::internal {
namespace {

constexpr std::size_t kStretch = 12;         // nights: few enough that sigma hardly moves in them
constexpr std::size_t kFewestStretches = 3;  // before that nothing is known of a swing
constexpr double kVarianceOfSquares =
    1.8;                            // of a normal distribution cut at kBound, over its variance squared
constexpr double kCredible = 1.25;  // standard errors of the variance of the variances

// Of each whole stretch, where at least half of it are no spikes.
std::vector<double> variances_of(std::span<const double> innovations) {
  std::vector<double> variances;
  for (std::size_t begin = 0; begin + kStretch <= innovations.size(); begin += kStretch) {
    double squares = 0;
    std::size_t count = 0;
    for (const double value : innovations.subspan(begin, kStretch)) {
      if (std::abs(value) > kBound) continue;
      squares += value * value;
      ++count;
    }
    if (count * 2 >= kStretch) variances.push_back(squares / static_cast<double>(count));
  }
  return variances;
}

}  // namespace

double noise_swing(std::span<const double> innovations) {
  const std::vector<double> variances = variances_of(innovations);
  if (variances.size() < kFewestStretches) return 0;
  const auto count = static_cast<double>(variances.size());
  double mean = 0;
  for (const double variance : variances) mean += variance / count;
  if (!(mean > 0)) return 0;
  double spread = 0;
  for (const double variance : variances) spread += std::pow(variance / mean - 1, 2) / (count - 1);
  const double by_chance = kVarianceOfSquares / kStretch * (1 + kCredible * std::sqrt(2 / (count - 1)));
  return spread > by_chance ? std::sqrt(spread - by_chance) : 0;
}

}  // namespace slmrig::analyse::internal
