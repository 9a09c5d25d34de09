// The vector unit of block_formats_inl.h for NEON: 4 rows at a time, as they stand in a group. Dot supplies
//   dot(codes [4], sixteen activations, sums)
// for signed codes whose products with a signed activation, two together, fit 16 bits.
#pragma once

#include <arm_neon.h>

#include <cstdint>
#include <cstring>

#include "workloads/runtime/kernels/aarch64/activations.h"
#include "workloads/runtime/kernels/block_multiply_inl.h"

namespace slmrig::runtime::aarch64 {
namespace {

// What does not depend on how dots are taken, nor on how many tokens share them.
template <typename V>
struct NeonCodes {
  using Codes = int8x16_t;
  using Table = int8x16_t;

  static inline Codes masked(uint8x16_t codes, uint8_t mask) {
    return vreinterpretq_s8_u8(vandq_u8(codes, vdupq_n_u8(mask)));
  }
  static inline Codes low_nibbles(Codes pairs) { return masked(vreinterpretq_u8_s8(pairs), 15); }
  static inline Codes high_nibbles(Codes pairs) {
    return vreinterpretq_s8_u8(vshrq_n_u8(vreinterpretq_u8_s8(pairs), 4));
  }
  template <int kShift>
  static inline Codes crumbs(Codes fours) {
    if constexpr (kShift == 0) {
      return masked(vreinterpretq_u8_s8(fours), 3);
    } else {
      return masked(vshrq_n_u8(vreinterpretq_u8_s8(fours), kShift), 3);
    }
  }
  static inline Codes add_bytes(Codes codes, int8_t value) { return vaddq_s8(codes, vdupq_n_s8(value)); }
  static inline Codes wide(Codes codes) { return codes; }
  static inline Table wide_table(const int8_t* values) { return vld1q_s8(values); }
  static inline Codes look_up(Table table, Codes nibbles) {
    return vqtbl1q_s8(table, vreinterpretq_u8_s8(nibbles));
  }
};

// Four rows' scales.
inline float32x4_t four_halves(const uint8_t* from) {
  uint16x4_t halves = vdup_n_u16(0);
  std::memcpy(&halves, from, sizeof(halves));
  return vcvt_f32_f16(vreinterpret_f16_u16(halves));
}

inline uint32x4_t four_bytes(const uint8_t* from) {
  uint32_t word = 0;
  std::memcpy(&word, from, 4);
  return vmovl_u16(vget_low_u16(vmovl_u8(vcreate_u8(word))));
}

inline float32x4_t four_signed_bytes(const uint8_t* from) {
  uint32_t word = 0;
  std::memcpy(&word, from, 4);
  return vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(vcreate_s8(word)))));
}

template <typename Dot>
struct V128 : NeonCodes<V128<Dot>>, OneTokenAtATime<ActivationBlock> {
  static constexpr uint32_t kGroups = 1;
  static constexpr uint32_t kShared = 8;
  using Codes = int8x16_t;
  using Ints = int32x4_t;
  using Floats = float32x4_t;
  using Block = ActivationBlock;
  using Sixteen = const int8_t*;
  using Places = Groups<V128>;

  static inline void load_runs(const Places& groups, size_t at, Codes* codes) {
    const auto* from = reinterpret_cast<const int8_t*>(groups.at[0] + at);
    for (uint32_t run = 0; run < 4; ++run) codes[run] = vld1q_s8(from + 16 * run);
  }

  static inline Ints zero() { return vdupq_n_s32(0); }
  static inline Sixteen codes(const Block& x, uint32_t at) { return x.codes + at; }
  static inline Floats scale(const Block& x) { return set(x.scale); }
  static inline Floats low_sum(const Block& x) { return set(x.low_sum); }
  static inline Floats high_sum(const Block& x) { return set(x.high_sum); }
  template <int kShift>
  static inline Ints negated_sum(const Block& x) {
    return vshlq_n_s32(vdupq_n_s32(x.negated_sum), kShift);
  }
  static inline Ints dot(const Codes* codes, Sixteen x, Ints sums) { return Dot::dot(codes, x, sums); }
  static inline Ints dot_wide(const Codes* codes, const Block& x) {
    return dot(codes + 4, x.codes + 16, dot(codes, x.codes, zero()));
  }

  static inline Floats halves(const Places& groups, size_t at) { return four_halves(groups.at[0] + at); }
  // As they stand in the one group.
  template <uint32_t kCount>
  using Quads = const uint8_t*;
  static inline void load_quads(const Places& groups, size_t at, const uint8_t** quads) {
    *quads = groups.at[0] + at;
  }
  static inline Floats unsigned_bytes(const uint8_t* quads, uint32_t i) {
    return vcvtq_f32_u32(four_bytes(quads + 4 * i));
  }
  static inline Floats signed_bytes(const uint8_t* quads, uint32_t i) {
    return four_signed_bytes(quads + 4 * i);
  }
  static inline void nibbles_of_bytes(const uint8_t* quads, uint32_t i, Floats* low, Floats* high) {
    const uint32x4_t pairs = four_bytes(quads + 4 * i);
    *low = vcvtq_f32_u32(vandq_u32(pairs, vdupq_n_u32(15)));
    *high = vcvtq_f32_u32(vshrq_n_u32(pairs, 4));
  }

  static inline Floats set(float value) { return vdupq_n_f32(value); }
  static inline Floats floats(Ints ints) { return vcvtq_f32_s32(ints); }
  static inline Floats add(Floats a, Floats b) { return vaddq_f32(a, b); }
  static inline Floats subtract(Floats a, Floats b) { return vsubq_f32(a, b); }
  static inline Floats multiply(Floats a, Floats b) { return vmulq_f32(a, b); }

  static inline Floats load(const float* y, uint32_t, size_t) { return vld1q_f32(y); }
  static inline void store(Floats sums, uint32_t, float* y, size_t, uint32_t) { vst1q_f32(y, sums); }
};

}  // namespace
}  // namespace slmrig::runtime::aarch64
