// Which of many p-values are discoveries, when a known share of the discoveries may be false.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace slmrig::analyse {

enum class Dependence {
  kPositive,   // Benjamini and Hochberg: independent, or rising and falling together
  kArbitrary,  // Benjamini and Yekutieli: stricter by 1 + 1/2 + ... + 1/n
};

// The smallest rate at which each would be a discovery ("q-value"), in the order given. A p-value that is not
// finite is none and gets 1; it still counts as one of the family. Values below 0 or above 1 are clamped.
std::vector<double> adjusted_p_values(std::span<const double> p_values,
                                      Dependence dependence = Dependence::kPositive);

// Every group (a board, say) is a family of its own. `groups` [p_values.size()].
std::vector<double> adjusted_p_values_by_group(std::span<const double> p_values,
                                               std::span<const std::string> groups,
                                               Dependence dependence = Dependence::kPositive);

}  // namespace slmrig::analyse
