// Which of a series' changes are still there. Part of findings.cc.
#pragma once

#include <cstddef>
#include <vector>

#include "harness/analyse/change_points.h"
#include "harness/base/metrics.h"

namespace slmrig::analyse {

// Whether the level has been nearer to what the change brought than to what was before, ever since.
bool stands(const std::vector<ChangePoint>& changes, std::size_t index, double level_now);

// An improvement that takes a regression back is its end, and no gain.
bool is_mended(const std::vector<ChangePoint>& changes, std::size_t index, base::Better better);

}  // namespace slmrig::analyse
