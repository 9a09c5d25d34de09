// The dot of V128 by SDOT, which takes 4 activations from a lane.
#pragma once

#include "workloads/runtime/kernels/aarch64/vector_neon_inl.h"

namespace slmrig::runtime::aarch64 {
namespace {

struct SdotDot {
  static inline int32x4_t dot(const int8x16_t* codes, const int8_t* x, int32x4_t sums) {
    const int8x16_t values = vld1q_s8(x);
    sums = vdotq_laneq_s32(sums, codes[0], values, 0);
    sums = vdotq_laneq_s32(sums, codes[1], values, 1);
    sums = vdotq_laneq_s32(sums, codes[2], values, 2);
    return vdotq_laneq_s32(sums, codes[3], values, 3);
  }
};

}  // namespace
}  // namespace slmrig::runtime::aarch64
