// What the kernels of block formats share: activations, and taking groups of 4 rows apart.
#pragma once

#include <arm_mve.h>

#include "workloads/runtime/kernels/cortex_m_mve/mve.h"

namespace slmrig::runtime::mve {

// One block of 32 columns.
struct SumBlock {
  float scale;
  int32_t zero_8;  // -8 * the sum of the codes: what Q4_0's zero point takes off
  int8_t codes[kBlockColumns];
  int32_t zero_1;   // -1 * the sum: TQ2_0's
  int32_t sums[2];  // of columns 0..15 and 16..31: Q2_K's minima
};
static_assert(sizeof(SumBlock) == 52, "the asm walks from block to block");

// 32 values -> codes; returns their scale.
float quantize_block(const float* x, int8_t* codes);

size_t sums_prepared_bytes(uint32_t columns);
Activations prepare_sums(const float* x, uint32_t tokens, uint32_t columns, uint8_t* room);

// Sixteen bytes of each of four rows.
struct RowVectors {
  uint8x16_t row[kGroupRows];
};

// VLD4 takes runs of 4 bytes apart into rows.
inline __attribute__((always_inline)) RowVectors load_rows(const uint8_t* codes) {
  const uint32x4x4_t words = vld4q_u32(reinterpret_cast<const uint32_t*>(codes));
  return {{vreinterpretq_u8_u32(words.val[0]), vreinterpretq_u8_u32(words.val[1]),
           vreinterpretq_u8_u32(words.val[2]), vreinterpretq_u8_u32(words.val[3])}};
}

// Four halves as floats. Each half is widened into the low part of a word, where VCVTB looks for it.
//
// Not vcvtbq_f32_f16: the assembler of binutils 2.40 encodes the registers of a vector VCVTB doubled (q2
// becomes q4), which is right for q0 only. So the value is bound to q0 by its first part, s0.
inline __attribute__((always_inline)) float32x4_t load_scales(const uint8_t* halves) {
  register uint32x4_t words __asm__("s0") = vldrhq_u32(reinterpret_cast<const uint16_t*>(halves));
  __asm__("vcvtb.f32.f16 q0, q0" : "+w"(words));
  return vreinterpretq_f32_u32(words);
}

// kStrips(first group, x, groups of a row, strips, y) multiplies the rows of so many strips with one token.
// Several tokens take turns strip by strip, so that a cache holds the weights.
template <typename Block, void (*kStrips)(const uint8_t*, const Block*, uint32_t, uint32_t, float*)>
void multiply_tokens(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y,
                     uint32_t groups, size_t strip_bytes) {
  const uint32_t strips = matrix.rows / kGroupRows;
  const auto* x = static_cast<const uint8_t*>(activations.data);
  if (tokens == 1) return kStrips(matrix.data, reinterpret_cast<const Block*>(x), groups, strips, y);
  for (uint32_t strip = 0; strip < strips; ++strip) {
    for (uint32_t token = 0; token < tokens; ++token) {
      kStrips(matrix.data + strip * strip_bytes,
              reinterpret_cast<const Block*>(x + token * activations.token_stride_bytes), groups, 1,
              y + token * matrix.rows + strip * kGroupRows);
    }
  }
}

}  // namespace slmrig::runtime::mve
