#include "harness/analyse/false_discovery.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "harness/base/error.h"

namespace slmrig::analyse {

std::vector<double> adjusted_p_values(std::span<const double> p_values, Dependence dependence) {
  const std::size_t count = p_values.size();
  std::vector<double> p(count);
  std::transform(p_values.begin(), p_values.end(), p.begin(),
                 [](double value) { return std::isfinite(value) ? std::clamp(value, 0.0, 1.0) : 1.0; });
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  double family = static_cast<double>(count);
  if (dependence == Dependence::kArbitrary) {
    double harmonic = 0;
    for (std::size_t i = 1; i <= count; ++i) harmonic += 1 / static_cast<double>(i);
    family *= harmonic;
  }
  std::vector<double> adjusted(count);
  double smallest = 1;
  for (std::size_t rank = count; rank > 0; --rank) {
    const std::size_t at = order[rank - 1];
    smallest = std::min(smallest, p[at] * family / static_cast<double>(rank));
    adjusted[at] = smallest;
  }
  return adjusted;
}

std::vector<double> adjusted_p_values_by_group(std::span<const double> p_values,
                                               std::span<const std::string> groups, Dependence dependence) {
  SLMRIG_CHECK(p_values.size() == groups.size());
  std::map<std::string, std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < groups.size(); ++i) members[groups[i]].push_back(i);
  std::vector<double> adjusted(p_values.size(), 1);
  for (const auto& [group, indexes] : members) {
    std::vector<double> family;
    for (const std::size_t i : indexes) family.push_back(p_values[i]);
    const std::vector<double> of_family = adjusted_p_values(family, dependence);
    for (std::size_t i = 0; i < indexes.size(); ++i) adjusted[indexes[i]] = of_family[i];
  }
  return adjusted;
}

}  // namespace slmrig::analyse
