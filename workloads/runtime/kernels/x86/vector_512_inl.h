// The vector unit of block_formats_inl.h for AVX-512 with VNNI: 16 rows at a time.
//
// vpdpbusd wants one unsigned operand: signed codes get 128 added, which the sum of the activations takes
// back. Its other operand is 4 activations, broadcast from memory by the instruction itself.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "workloads/runtime/kernels/block_multiply_inl.h"
#include "workloads/runtime/kernels/x86/activations.h"

namespace slmrig::runtime::x86 {
namespace {

struct V512 : OneTokenAtATime<ActivationBlock> {
  static constexpr uint32_t kGroups = 4;
  static constexpr uint32_t kShared = 8;
  using Codes = __m512i;
  using Ints = __m512i;
  using Floats = __m512;
  using Table = __m512i;
  using Sixteen = const int8_t*;
  using Places = Groups<V512>;

  static inline int32_t word_at(const void* from) {
    int32_t word = 0;
    std::memcpy(&word, from, 4);
    return word;
  }

  static inline void load_runs(const Places& groups, size_t at, Codes* codes) {
    const __m512i a = _mm512_loadu_si512(groups.at[0] + at);
    const __m512i b = _mm512_loadu_si512(groups.at[1] + at);
    const __m512i c = _mm512_loadu_si512(groups.at[2] + at);
    const __m512i d = _mm512_loadu_si512(groups.at[3] + at);
    // A run of a group is a quarter of a vector: a transposition of quarters.
    const __m512i ab_low = _mm512_shuffle_i32x4(a, b, 0x44);
    const __m512i ab_high = _mm512_shuffle_i32x4(a, b, 0xEE);
    const __m512i cd_low = _mm512_shuffle_i32x4(c, d, 0x44);
    const __m512i cd_high = _mm512_shuffle_i32x4(c, d, 0xEE);
    codes[0] = _mm512_shuffle_i32x4(ab_low, cd_low, 0x88);
    codes[1] = _mm512_shuffle_i32x4(ab_low, cd_low, 0xDD);
    codes[2] = _mm512_shuffle_i32x4(ab_high, cd_high, 0x88);
    codes[3] = _mm512_shuffle_i32x4(ab_high, cd_high, 0xDD);
  }

  static inline Codes low_nibbles(Codes pairs) { return _mm512_and_si512(pairs, _mm512_set1_epi8(15)); }
  static inline Codes high_nibbles(Codes pairs) { return low_nibbles(_mm512_srli_epi16(pairs, 4)); }
  template <int kShift>
  static inline Codes crumbs(Codes fours) {
    return _mm512_and_si512(_mm512_srli_epi16(fours, kShift), _mm512_set1_epi8(3));
  }
  static inline Codes add_bytes(Codes codes, int value) {
    return _mm512_add_epi8(codes, _mm512_set1_epi8(static_cast<char>(value)));
  }
  static inline Codes wide(Codes codes) {
    return _mm512_xor_si512(codes, _mm512_set1_epi8(static_cast<char>(0x80)));
  }
  static inline Table wide_table(const int8_t* values) {
    return wide(_mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(values))));
  }
  static inline Codes look_up(Table table, Codes nibbles) { return _mm512_shuffle_epi8(table, nibbles); }

  static inline Ints zero() { return _mm512_setzero_si512(); }
  template <int kShift>
  static inline Ints negated_sum(const Block& x) {
    return _mm512_slli_epi32(_mm512_set1_epi32(x.negated_sum), kShift);
  }
  static inline Sixteen codes(const Block& x, uint32_t at) { return x.codes + at; }
  static inline Floats scale(const Block& x) { return set(x.scale); }
  static inline Floats low_sum(const Block& x) { return set(x.low_sum); }
  static inline Floats high_sum(const Block& x) { return set(x.high_sum); }
  static inline Ints dot(const Codes* codes, Sixteen x, Ints sums) {
    for (uint32_t i = 0; i < 4; ++i) {
      sums = _mm512_dpbusd_epi32(sums, codes[i], _mm512_set1_epi32(word_at(x + 4 * i)));
    }
    return sums;
  }
  static inline Ints dot_wide(const Codes* codes, const Block& x) { return dot_less<V512, 7>(codes, x); }

  static inline Floats halves(const Places& groups, size_t at) {
    int64_t fours[kGroups];
    for (uint32_t i = 0; i < kGroups; ++i) std::memcpy(&fours[i], groups.at[i] + at, 8);
    return _mm512_cvtph_ps(_mm256_setr_epi64x(fours[0], fours[1], fours[2], fours[3]));
  }
  // The bytes of 16 rows together.
  template <uint32_t kCount>
  struct Quads {
    alignas(64) uint8_t rows[kCount][16];
  };
  static inline __m512i two_places(const uint8_t* low, const uint8_t* high) {
    return _mm512_inserti64x4(
        _mm512_castsi256_si512(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(low))),
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(high)), 1);
  }
  template <uint32_t kCount>
  static inline void load_quads(const Places& groups, size_t at, Quads<kCount>* quads) {
    const __m512i first = _mm512_setr_epi32(0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27);
    const __m512i second = _mm512_add_epi32(first, _mm512_set1_epi32(4));
    for (uint32_t i = 0; i < kCount; i += 8) {
      const __m512i ab = two_places(groups.at[0] + at + 4 * i, groups.at[1] + at + 4 * i);
      const __m512i cd = two_places(groups.at[2] + at + 4 * i, groups.at[3] + at + 4 * i);
      _mm512_store_si512(quads->rows[i], _mm512_permutex2var_epi32(ab, first, cd));
      _mm512_store_si512(quads->rows[i + 4], _mm512_permutex2var_epi32(ab, second, cd));
    }
  }
  template <uint32_t kCount>
  static inline __m128i bytes(const Quads<kCount>& quads, uint32_t i) {
    return _mm_load_si128(reinterpret_cast<const __m128i*>(quads.rows[i]));
  }
  template <uint32_t kCount>
  static inline Floats unsigned_bytes(const Quads<kCount>& quads, uint32_t i) {
    return floats(_mm512_cvtepu8_epi32(bytes(quads, i)));
  }
  template <uint32_t kCount>
  static inline Floats signed_bytes(const Quads<kCount>& quads, uint32_t i) {
    return floats(_mm512_cvtepi8_epi32(bytes(quads, i)));
  }
  template <uint32_t kCount>
  static inline void nibbles_of_bytes(const Quads<kCount>& quads, uint32_t i, Floats* low, Floats* high) {
    const __m512i pairs = _mm512_cvtepu8_epi32(bytes(quads, i));
    *low = floats(_mm512_and_si512(pairs, _mm512_set1_epi32(15)));
    *high = floats(_mm512_srli_epi32(pairs, 4));
  }

  static inline Floats set(float value) { return _mm512_set1_ps(value); }
  static inline Floats floats(Ints ints) { return _mm512_cvtepi32_ps(ints); }
  static inline Floats add(Floats a, Floats b) { return _mm512_add_ps(a, b); }
  static inline Floats subtract(Floats a, Floats b) { return _mm512_sub_ps(a, b); }
  static inline Floats multiply(Floats a, Floats b) { return _mm512_mul_ps(a, b); }

  static inline __mmask16 first(uint32_t rows) { return static_cast<__mmask16>((1U << rows) - 1U); }
  static inline Floats load(const float* y, uint32_t rows, size_t) {
    return _mm512_maskz_loadu_ps(first(rows), y);
  }
  static inline void store(Floats sums, uint32_t rows, float* y, size_t, uint32_t) {
    _mm512_mask_storeu_ps(y, first(rows), sums);
  }
};

}  // namespace
}  // namespace slmrig::runtime::x86
