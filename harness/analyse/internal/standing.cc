#include "harness/analyse/internal/standing.h"

#include <algorithm>
#include <cmath>

namespace slmrig::analyse {

bool stands(const std::vector<ChangePoint>& changes, std::size_t index, double level_now) {
  const ChangePoint& change = changes[index];
  const auto is_kept = [&](double level) { return (level - change.before) / change.effect >= 0.5; };
  return is_kept(level_now) &&
         std::all_of(changes.begin() + static_cast<std::ptrdiff_t>(index) + 1, changes.end(),
                     [&](const ChangePoint& later) { return is_kept(later.after); });
}

bool is_mended(const std::vector<ChangePoint>& changes, std::size_t index, base::Better better) {
  const ChangePoint& change = changes[index];
  if ((change.effect > 0) == (better == base::Better::kLower)) return false;
  return std::any_of(
      changes.begin(), changes.begin() + static_cast<std::ptrdiff_t>(index), [&](const ChangePoint& earlier) {
        const bool opposite = (earlier.effect > 0) != (change.effect > 0);
        return opposite && std::abs(change.after - earlier.before) < std::abs(change.effect) / 2;
      });
}

}  // namespace slmrig::analyse
