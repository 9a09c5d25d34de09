// Eight floats at a time, by the orders and formulas of kernels.h and math.h. Everything here has internal
// linkage: see x86.h.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "workloads/runtime/math.h"

namespace slmrig::runtime::x86 {

constexpr uint32_t kWidth = 8;

// a*b rounded, then added.
static inline __m256 multiply_add(__m256 a, __m256 b, __m256 sum) {
  return _mm256_add_ps(sum, _mm256_mul_ps(a, b));
}

// Lanes 0..3 plus lanes 4..7: the first step of the canonical fold.
static inline __m128 fold_half(__m256 lanes) {
  return _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
}

// The canonical folds of four accumulators at once.
static inline __m128 fold_four(__m256 a, __m256 b, __m256 c, __m256 d) {
  const __m128 ha = fold_half(a);
  const __m128 hb = fold_half(b);
  const __m128 hc = fold_half(c);
  const __m128 hd = fold_half(d);
  // [a0+a2, b0+b2, a1+a3, b1+b3], and the same of c and d.
  const __m128 ab = _mm_add_ps(_mm_unpacklo_ps(ha, hb), _mm_unpackhi_ps(ha, hb));
  const __m128 cd = _mm_add_ps(_mm_unpacklo_ps(hc, hd), _mm_unpackhi_ps(hc, hd));
  return _mm_add_ps(_mm_movelh_ps(ab, cd), _mm_movehl_ps(cd, ab));
}

static inline float fold_one(__m256 lanes) {
  const __m128 half = fold_half(lanes);
  const __m128 pairs = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(pairs, _mm_shuffle_ps(pairs, pairs, 1)));
}

// exp_clamped of math.h.
static inline __m256 exp_eight(__m256 x) {
  const __m256 magic = _mm256_set1_ps(kRoundMagic);
  x = _mm256_min_ps(_mm256_max_ps(x, _mm256_set1_ps(kExpLowest)), _mm256_set1_ps(kExpHighest));
  const __m256 shifted = _mm256_add_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504F)), magic);
  const __m256 n = _mm256_sub_ps(shifted, magic);
  const __m256 r = _mm256_sub_ps(_mm256_sub_ps(x, _mm256_mul_ps(n, _mm256_set1_ps(0.693359375F))),
                                 _mm256_mul_ps(n, _mm256_set1_ps(-2.12194440e-4F)));
  __m256 p = _mm256_set1_ps(1.9875691500e-4F);
  p = _mm256_add_ps(_mm256_mul_ps(p, r), _mm256_set1_ps(1.3981999507e-3F));
  p = _mm256_add_ps(_mm256_mul_ps(p, r), _mm256_set1_ps(8.3334519073e-3F));
  p = _mm256_add_ps(_mm256_mul_ps(p, r), _mm256_set1_ps(4.1665795894e-2F));
  p = _mm256_add_ps(_mm256_mul_ps(p, r), _mm256_set1_ps(1.6666665459e-1F));
  p = _mm256_add_ps(_mm256_mul_ps(p, r), _mm256_set1_ps(5.0000001201e-1F));
  const __m256 fraction =
      _mm256_add_ps(_mm256_add_ps(_mm256_mul_ps(p, _mm256_mul_ps(r, r)), r), _mm256_set1_ps(1.0F));
  const __m256i exponent = _mm256_sub_epi32(_mm256_castps_si256(shifted), _mm256_set1_epi32(kRoundMagicBits));
  const __m256i power = _mm256_slli_epi32(_mm256_add_epi32(exponent, _mm256_set1_epi32(127)), 23);
  return _mm256_mul_ps(fraction, _mm256_castsi256_ps(power));
}

namespace {

// The vector unit of float_rows_inl.h and attention_inl.h.
struct Avx2 {
  using Eight = __m256;

  static inline Eight zero() { return _mm256_setzero_ps(); }
  static inline Eight set(float value) { return _mm256_set1_ps(value); }
  static inline Eight load(const float* from) { return _mm256_loadu_ps(from); }
  static inline Eight load_halves(const uint8_t* from) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  static inline Eight load_bytes(const uint8_t* from) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
  }
  static inline void store(Eight eight, float* to) { _mm256_storeu_ps(to, eight); }
  static inline Eight multiply_add(Eight a, Eight b, Eight sum) { return x86::multiply_add(a, b, sum); }
  static inline float fold(Eight lanes) { return fold_one(lanes); }
  static inline void fold_four(const Eight* lanes, float* to) {
    _mm_storeu_ps(to, x86::fold_four(lanes[0], lanes[1], lanes[2], lanes[3]));
  }
};

}  // namespace
}  // namespace slmrig::runtime::x86
