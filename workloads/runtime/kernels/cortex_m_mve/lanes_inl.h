// The eight canonical lanes as two vectors. Internal linkage.
#pragma once

#include <arm_mve.h>

namespace slmrig::runtime::mve {
namespace {

struct Lanes {
  float32x4_t low;
  float32x4_t high;
};

inline __attribute__((always_inline)) float fold(Lanes lanes) {
  const float32x4_t half = vaddq_f32(lanes.low, lanes.high);
  return (vgetq_lane_f32(half, 0) + vgetq_lane_f32(half, 2)) +
         (vgetq_lane_f32(half, 1) + vgetq_lane_f32(half, 3));
}

inline __attribute__((always_inline)) float32x4_t multiply_add(float32x4_t a, float32x4_t b,
                                                               float32x4_t sum) {
  return vaddq_f32(sum, vmulq_f32(a, b));
}

}  // namespace
}  // namespace slmrig::runtime::mve
