#include "workloads/runtime/kernels/aarch64/activations.h"

#include <arm_neon.h>

namespace slmrig::runtime::aarch64 {
namespace {

// To the nearest even, 16 values: FCVTNS, then twice half the width.
inline int8x16_t codes_of(const float32x4_t* values, float32x4_t inverse) {
  int16x8_t halves[2];
  for (int i = 0; i < 2; ++i) {
    const int32x4_t low = vcvtnq_s32_f32(vmulq_f32(values[2 * i], inverse));
    const int32x4_t high = vcvtnq_s32_f32(vmulq_f32(values[2 * i + 1], inverse));
    halves[i] = vcombine_s16(vmovn_s32(low), vmovn_s32(high));
  }
  return vcombine_s8(vmovn_s16(halves[0]), vmovn_s16(halves[1]));
}

void prepare_block(const float* x, ActivationBlock* to) {
  float32x4_t values[8];
  float32x4_t most = vdupq_n_f32(0.0F);
  for (int i = 0; i < 8; ++i) {
    values[i] = vld1q_f32(x + 4 * i);
    most = vmaxq_f32(most, vabsq_f32(values[i]));
  }
  const float largest = vmaxvq_f32(most);
  const bool is_zero = !(largest > kQuantizeFloor);
  to->scale = is_zero ? 0.0F : largest * (1.0F / 127.0F);
  const float32x4_t inverse = vdupq_n_f32(is_zero ? 0.0F : 127.0F / largest);
  const int8x16_t low = codes_of(values, inverse);
  const int8x16_t high = codes_of(values + 4, inverse);
  vst1q_s8(to->codes, low);
  vst1q_s8(to->codes + 16, high);
  const int32_t low_sum = vaddlvq_s8(low);
  const int32_t high_sum = vaddlvq_s8(high);
  to->negated_sum = -(low_sum + high_sum);
  to->low_sum = static_cast<float>(low_sum);
  to->high_sum = static_cast<float>(high_sum);
}

}  // namespace

size_t blocks_prepared_bytes(uint32_t columns) {
  const size_t bytes = columns / kBlockColumns * sizeof(ActivationBlock);
  return (bytes + 31) / 32 * 32;
}

Activations prepare_blocks(const float* x, uint32_t tokens, uint32_t columns, uint8_t* room) {
  const size_t stride_bytes = blocks_prepared_bytes(columns);
  for (uint32_t token = 0; token < tokens; ++token) {
    auto* blocks = reinterpret_cast<ActivationBlock*>(room + token * stride_bytes);
    const float* values = x + static_cast<size_t>(token) * columns;
    for (uint32_t block = 0; block < columns / kBlockColumns; ++block) {
      prepare_block(values + size_t{block} * kBlockColumns, blocks + block);
    }
  }
  return {room, stride_bytes};
}

}  // namespace slmrig::runtime::aarch64
