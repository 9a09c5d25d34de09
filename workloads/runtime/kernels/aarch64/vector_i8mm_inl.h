// The vector unit of block_formats_inl.h for i8mm: 4 rows and 2 tokens at a time. One SMMLA multiplies 8
// columns of 2 rows with 8 columns of 2 tokens.
#pragma once

#include "workloads/runtime/kernels/aarch64/vector_neon_inl.h"

namespace slmrig::runtime::aarch64 {
namespace {

struct I8mmPair : NeonCodes<I8mmPair> {
  static constexpr uint32_t kGroups = 1;
  static constexpr uint32_t kShared = 4;
  static constexpr uint32_t kTokenLanes = 2;
  using Codes = int8x16_t;
  // Rows 0 and 1, rows 2 and 3: [row, token].
  struct Ints {
    int32x4_t low, high;
  };
  // A vector of rows for each token.
  struct Floats {
    float32x4_t a, b;
  };
  struct Block {
    const ActivationBlock *a, *b;
  };
  struct Sixteen {
    const int8_t *a, *b;
  };
  struct Row {
    const ActivationBlock *a, *b;
  };
  using Places = Groups<I8mmPair>;

  static inline Row row(const uint8_t* data, size_t stride_bytes) {
    return {reinterpret_cast<const ActivationBlock*>(data),
            reinterpret_cast<const ActivationBlock*>(data + stride_bytes)};
  }
  static inline Block block(Row row, uint32_t index) { return {row.a + index, row.b + index}; }

  // Of two runs: 8 columns of rows 0 and 1, 8 columns of rows 2 and 3.
  static inline void load_runs(const Places& groups, size_t at, Codes* codes) {
    const uint8_t* from = groups.at[0] + at;
    for (uint32_t i = 0; i < 4; i += 2) {
      const int32x4_t even = vreinterpretq_s32_u8(vld1q_u8(from + 16 * i));
      const int32x4_t odd = vreinterpretq_s32_u8(vld1q_u8(from + 16 * i + 16));
      codes[i] = vreinterpretq_s8_s32(vzip1q_s32(even, odd));
      codes[i + 1] = vreinterpretq_s8_s32(vzip2q_s32(even, odd));
    }
  }

  static inline Ints zero() { return {vdupq_n_s32(0), vdupq_n_s32(0)}; }
  static inline Sixteen codes(const Block& x, uint32_t at) { return {x.a->codes + at, x.b->codes + at}; }
  static inline Floats scale(const Block& x) { return {vdupq_n_f32(x.a->scale), vdupq_n_f32(x.b->scale)}; }
  static inline Floats low_sum(const Block& x) {
    return {vdupq_n_f32(x.a->low_sum), vdupq_n_f32(x.b->low_sum)};
  }
  static inline Floats high_sum(const Block& x) {
    return {vdupq_n_f32(x.a->high_sum), vdupq_n_f32(x.b->high_sum)};
  }
  template <int kShift>
  static inline Ints negated_sum(const Block& x) {
    const int32x4_t sums = vzip1q_s32(vdupq_n_s32(x.a->negated_sum), vdupq_n_s32(x.b->negated_sum));
    const int32x4_t shifted = vshlq_n_s32(sums, kShift);
    return {shifted, shifted};
  }
  static inline Ints dot(const Codes* codes, Sixteen x, Ints sums) {
    for (uint32_t i = 0; i < 2; ++i) {
      const int8x16_t values = vcombine_s8(vld1_s8(x.a + 8 * i), vld1_s8(x.b + 8 * i));
      sums.low = vmmlaq_s32(sums.low, codes[2 * i], values);
      sums.high = vmmlaq_s32(sums.high, codes[2 * i + 1], values);
    }
    return sums;
  }
  static inline Ints dot_wide(const Codes* weights, const Block& x) {
    return dot(weights + 4, codes(x, 16), dot(weights, codes(x, 0), zero()));
  }

  static inline Floats both(float32x4_t rows) { return {rows, rows}; }
  static inline Floats halves(const Places& groups, size_t at) {
    return both(four_halves(groups.at[0] + at));
  }
  // As they stand in the one group.
  template <uint32_t kCount>
  using Quads = const uint8_t*;
  static inline void load_quads(const Places& groups, size_t at, const uint8_t** quads) {
    *quads = groups.at[0] + at;
  }
  static inline Floats unsigned_bytes(const uint8_t* quads, uint32_t i) {
    return both(vcvtq_f32_u32(four_bytes(quads + 4 * i)));
  }
  static inline Floats signed_bytes(const uint8_t* quads, uint32_t i) {
    return both(four_signed_bytes(quads + 4 * i));
  }
  static inline void nibbles_of_bytes(const uint8_t* quads, uint32_t i, Floats* low, Floats* high) {
    const uint32x4_t pairs = four_bytes(quads + 4 * i);
    *low = both(vcvtq_f32_u32(vandq_u32(pairs, vdupq_n_u32(15))));
    *high = both(vcvtq_f32_u32(vshrq_n_u32(pairs, 4)));
  }

  static inline Floats set(float value) { return both(vdupq_n_f32(value)); }
  static inline Floats floats(Ints ints) {
    return {vcvtq_f32_s32(vuzp1q_s32(ints.low, ints.high)), vcvtq_f32_s32(vuzp2q_s32(ints.low, ints.high))};
  }
  static inline Floats add(Floats x, Floats y) { return {vaddq_f32(x.a, y.a), vaddq_f32(x.b, y.b)}; }
  static inline Floats subtract(Floats x, Floats y) { return {vsubq_f32(x.a, y.a), vsubq_f32(x.b, y.b)}; }
  static inline Floats multiply(Floats x, Floats y) { return {vmulq_f32(x.a, y.a), vmulq_f32(x.b, y.b)}; }

  static inline Floats load(const float* y, uint32_t, size_t y_stride) {
    return {vld1q_f32(y), vld1q_f32(y + y_stride)};
  }
  static inline void store(Floats sums, uint32_t, float* y, size_t y_stride, uint32_t tokens) {
    vst1q_f32(y, sums.a);
    if (tokens > 1) vst1q_f32(y + y_stride, sums.b);
  }
};

}  // namespace
}  // namespace slmrig::runtime::aarch64
