// The canonical order in which floats are summed: eight lanes, folded as kernels.h says.
#pragma once

#include <cstdint>

namespace slmrig::runtime {

constexpr uint32_t kLanes = 8;

static inline float fold_lanes(const float* lanes) {
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

}  // namespace slmrig::runtime
