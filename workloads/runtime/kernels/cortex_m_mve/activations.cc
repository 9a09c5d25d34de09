#include "workloads/runtime/kernels/cortex_m_mve/blocks.h"

namespace slmrig::runtime::mve {

float quantize_block(const float* x, int8_t* codes) {
  float32x4_t values[kBlockColumns / 4];
  float32x4_t most = vdupq_n_f32(0.0F);
  for (uint32_t i = 0; i < kBlockColumns / 4; ++i) {
    values[i] = vldrwq_f32(x + 4 * i);
    most = vmaxnmaq_f32(most, values[i]);
  }
  const float largest = vmaxnmvq_f32(0.0F, most);
  const bool is_zero = !(largest > kQuantizeFloor);
  const float inverse = is_zero ? 0.0F : 127.0F / largest;
  for (uint32_t i = 0; i < kBlockColumns / 4; ++i) {
    vstrbq_s32(codes + 4 * i, vcvtnq_s32_f32(vmulq_n_f32(values[i], inverse)));
  }
  return is_zero ? 0.0F : largest * (1.0F / 127.0F);
}

size_t sums_prepared_bytes(uint32_t columns) {
  const size_t bytes = columns / kBlockColumns * sizeof(SumBlock);
  return (bytes + 31) / 32 * 32;
}

Activations prepare_sums(const float* x, uint32_t tokens, uint32_t columns, uint8_t* room) {
  const size_t stride_bytes = sums_prepared_bytes(columns);
  for (uint32_t token = 0; token < tokens; ++token) {
    auto* block = reinterpret_cast<SumBlock*>(room + token * stride_bytes);
    for (const float* const end = x + columns; x != end; x += kBlockColumns, ++block) {
      block->scale = quantize_block(x, block->codes);
      const int32_t low = vaddvq_s8(vldrbq_s8(block->codes));
      const int32_t high = vaddvq_s8(vldrbq_s8(block->codes + 16));
      block->zero_8 = -8 * (low + high);
      block->zero_1 = -(low + high);
      block->sums[0] = low;
      block->sums[1] = high;
    }
  }
  return {room, stride_bytes};
}

}  // namespace slmrig::runtime::mve
