// The vector unit of block_formats_inl.h for 256-bit vectors: 8 rows at a time. Of Dot, which differs between
// AVX2 and AVX-VNNI, it needs
//   add(sums, unsigned bytes, signed bytes)   adds products of four to 32-bit sums; no intermediate saturates
//                                             where neighbours' products stay within 16 bits
//   wide(codes), dot_wide(codes [8], x)       of V
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "workloads/runtime/kernels/block_multiply_inl.h"
#include "workloads/runtime/kernels/x86/activations.h"

namespace slmrig::runtime::x86 {
namespace {

inline int32_t word_at(const void* from) {
  int32_t word = 0;
  std::memcpy(&word, from, 4);
  return word;
}

template <typename Dot>
struct V256 : OneTokenAtATime<ActivationBlock> {
  static constexpr uint32_t kGroups = 2;
  static constexpr uint32_t kShared = 4;
  using Codes = __m256i;
  using Ints = __m256i;
  using Floats = __m256;
  using Table = __m256i;
  using Sixteen = const int8_t*;
  using Block = ActivationBlock;
  using Places = Groups<V256>;

  static inline void load_runs(const Places& groups, size_t at, Codes* codes) {
    for (uint32_t run = 0; run < 4; ++run) {
      const auto* low = reinterpret_cast<const __m128i*>(groups.at[0] + at + 16 * run);
      const auto* high = reinterpret_cast<const __m128i*>(groups.at[1] + at + 16 * run);
      codes[run] =
          _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(low)), _mm_loadu_si128(high), 1);
    }
  }

  static inline Codes low_nibbles(Codes pairs) { return _mm256_and_si256(pairs, _mm256_set1_epi8(15)); }
  static inline Codes high_nibbles(Codes pairs) { return low_nibbles(_mm256_srli_epi16(pairs, 4)); }
  template <int kShift>
  static inline Codes crumbs(Codes fours) {
    return _mm256_and_si256(_mm256_srli_epi16(fours, kShift), _mm256_set1_epi8(3));
  }
  static inline Codes add_bytes(Codes codes, int value) {
    return _mm256_add_epi8(codes, _mm256_set1_epi8(static_cast<char>(value)));
  }
  static inline Codes wide(Codes codes) { return Dot::wide(codes); }
  static inline Table wide_table(const int8_t* values) {
    return wide(_mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(values))));
  }
  static inline Codes look_up(Table table, Codes nibbles) { return _mm256_shuffle_epi8(table, nibbles); }

  static inline Ints zero() { return _mm256_setzero_si256(); }
  template <int kShift>
  static inline Ints negated_sum(const Block& x) {
    return _mm256_slli_epi32(_mm256_set1_epi32(x.negated_sum), kShift);
  }
  static inline Sixteen codes(const Block& x, uint32_t at) { return x.codes + at; }
  static inline Floats scale(const Block& x) { return set(x.scale); }
  static inline Floats low_sum(const Block& x) { return set(x.low_sum); }
  static inline Floats high_sum(const Block& x) { return set(x.high_sum); }
  static inline Ints dot(const Codes* codes, Sixteen x, Ints sums) {
    for (uint32_t i = 0; i < 4; ++i) {
      sums = Dot::add(sums, codes[i], _mm256_set1_epi32(word_at(x + 4 * i)));
    }
    return sums;
  }
  static inline Ints dot_wide(const Codes* codes, const Block& x) { return Dot::dot_wide(codes, x); }

  static inline Floats halves(const Places& groups, size_t at) {
    const auto* low = reinterpret_cast<const __m128i*>(groups.at[0] + at);
    const auto* high = reinterpret_cast<const __m128i*>(groups.at[1] + at);
    return _mm256_cvtph_ps(_mm_unpacklo_epi64(_mm_loadl_epi64(low), _mm_loadl_epi64(high)));
  }
  // The bytes of 8 rows together.
  template <uint32_t kCount>
  struct Quads {
    alignas(32) uint8_t rows[kCount][8];
  };
  template <uint32_t kCount>
  static inline void load_quads(const Places& groups, size_t at, Quads<kCount>* quads) {
    for (uint32_t i = 0; i < kCount; i += 4) {
      const auto* low = reinterpret_cast<const __m128i*>(groups.at[0] + at + 4 * i);
      const auto* high = reinterpret_cast<const __m128i*>(groups.at[1] + at + 4 * i);
      const __m128i a = _mm_loadu_si128(low);
      const __m128i b = _mm_loadu_si128(high);
      _mm_store_si128(reinterpret_cast<__m128i*>(quads->rows[i]), _mm_unpacklo_epi32(a, b));
      _mm_store_si128(reinterpret_cast<__m128i*>(quads->rows[i + 2]), _mm_unpackhi_epi32(a, b));
    }
  }
  template <uint32_t kCount>
  static inline __m128i bytes(const Quads<kCount>& quads, uint32_t i) {
    return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(quads.rows[i]));
  }
  template <uint32_t kCount>
  static inline Floats unsigned_bytes(const Quads<kCount>& quads, uint32_t i) {
    return floats(_mm256_cvtepu8_epi32(bytes(quads, i)));
  }
  template <uint32_t kCount>
  static inline Floats signed_bytes(const Quads<kCount>& quads, uint32_t i) {
    return floats(_mm256_cvtepi8_epi32(bytes(quads, i)));
  }
  template <uint32_t kCount>
  static inline void nibbles_of_bytes(const Quads<kCount>& quads, uint32_t i, Floats* low, Floats* high) {
    const __m256i pairs = _mm256_cvtepu8_epi32(bytes(quads, i));
    *low = floats(_mm256_and_si256(pairs, _mm256_set1_epi32(15)));
    *high = floats(_mm256_srli_epi32(pairs, 4));
  }

  static inline Floats set(float value) { return _mm256_set1_ps(value); }
  static inline Floats floats(Ints ints) { return _mm256_cvtepi32_ps(ints); }
  static inline Floats add(Floats a, Floats b) { return _mm256_add_ps(a, b); }
  static inline Floats subtract(Floats a, Floats b) { return _mm256_sub_ps(a, b); }
  static inline Floats multiply(Floats a, Floats b) { return _mm256_mul_ps(a, b); }

  // Rows are 4 or 8.
  static inline Floats load(const float* y, uint32_t rows, size_t) {
    return rows == 8 ? _mm256_loadu_ps(y) : _mm256_castps128_ps256(_mm_loadu_ps(y));
  }
  static inline void store(Floats sums, uint32_t rows, float* y, size_t, uint32_t) {
    if (rows == 8) {
      _mm256_storeu_ps(y, sums);
    } else {
      _mm_storeu_ps(y, _mm256_castps256_ps128(sums));
    }
  }
};

}  // namespace
}  // namespace slmrig::runtime::x86
