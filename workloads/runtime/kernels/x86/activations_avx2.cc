#include <immintrin.h>

#include "workloads/runtime/kernels/x86/activations.h"

namespace slmrig::runtime::x86 {
namespace {

// Codes of 32 values in order; their scale.
__m256i quantize_block(const float* x, float* scale) {
  __m256 values[4];
  const __m256 sign = _mm256_set1_ps(-0.0F);
  __m256 most = _mm256_setzero_ps();
  for (int i = 0; i < 4; ++i) {
    values[i] = _mm256_loadu_ps(x + 8 * i);
    most = _mm256_max_ps(most, _mm256_andnot_ps(sign, values[i]));
  }
  __m128 half = _mm_max_ps(_mm256_castps256_ps128(most), _mm256_extractf128_ps(most, 1));
  half = _mm_max_ps(half, _mm_movehl_ps(half, half));
  half = _mm_max_ss(half, _mm_shuffle_ps(half, half, 1));
  const float largest = _mm_cvtss_f32(half);
  const bool is_zero = !(largest > kQuantizeFloor);
  *scale = is_zero ? 0.0F : largest * (1.0F / 127.0F);
  const __m256 inverse = _mm256_set1_ps(is_zero ? 0.0F : 127.0F / largest);
  __m256i words[4];
  for (int i = 0; i < 4; ++i) words[i] = _mm256_cvtps_epi32(_mm256_mul_ps(values[i], inverse));
  const __m256i bytes =
      _mm256_packs_epi16(_mm256_packs_epi32(words[0], words[1]), _mm256_packs_epi32(words[2], words[3]));
  // The packs work within halves; this puts the eight groups of four back in order.
  return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

void prepare_block(const float* x, ActivationBlock* to) {
  const __m256i codes = quantize_block(x, &to->scale);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to->codes), codes);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to->magnitudes), _mm256_abs_epi8(codes));
  const __m256i quads =
      _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_set1_epi8(1), codes), _mm256_set1_epi16(1));
  __m256i sums = _mm256_add_epi32(quads, _mm256_shuffle_epi32(quads, 0x4E));
  sums = _mm256_add_epi32(sums, _mm256_shuffle_epi32(sums, 0xB1));
  const int32_t low = _mm256_cvtsi256_si32(sums);
  const int32_t high = _mm256_extract_epi32(sums, 4);
  to->negated_sum = -(low + high);
  to->low_sum = static_cast<float>(low);
  to->high_sum = static_cast<float>(high);
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

}  // namespace slmrig::runtime::x86
