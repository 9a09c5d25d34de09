// Q8_0 on 256-bit vectors, for the files that supply Dot, the product of four unsigned by four signed bytes
// added to eight 32-bit sums. Internal linkage throughout: see x86.h.
//
// A run of a group (4 columns x 4 rows, 16 bytes) is half a vector, so a vector of weights holds two runs,
// and the activations are laid out to match: each of the two runs' 4 columns repeated for the 4 rows. maddubs
// and dpbusd want one unsigned operand: the magnitude of x, with the sign of x moved onto w. No intermediate
// saturates, since codes lie in -127..127.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "workloads/runtime/kernels/kernels.h"
#include "workloads/runtime/kernels/plain/plain.h"
#include "workloads/runtime/kernels/x86/vector_math.h"

namespace slmrig::runtime::x86 {
namespace {

constexpr uint32_t kVectorsPerBlock = 4;
constexpr size_t kGroupScaleBytes = 8;

// One block of one token's activations.
struct WideBlock {
  int8_t codes[kVectorsPerBlock][32];
  uint8_t magnitudes[kVectorsPerBlock][32];
  float scale;
  float unused[7];
};
static_assert(sizeof(WideBlock) == 288, "blocks stay aligned to 32 bytes");

size_t prepared_bytes(uint32_t columns) { return columns / kBlockColumns * sizeof(WideBlock); }

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

Activations prepare(const float* x, uint32_t tokens, uint32_t columns, uint8_t* room) {
  const size_t stride_bytes = prepared_bytes(columns);
  for (uint32_t token = 0; token < tokens; ++token) {
    auto* blocks = reinterpret_cast<WideBlock*>(room + token * stride_bytes);
    const float* values = x + static_cast<size_t>(token) * columns;
    for (uint32_t block = 0; block < columns / kBlockColumns; ++block, values += kBlockColumns) {
      WideBlock& to = blocks[block];
      const __m256i codes = quantize_block(values, &to.scale);
      for (uint32_t k = 0; k < kVectorsPerBlock; ++k) {
        const int even = static_cast<int>(2 * k);
        const __m256i order =
            _mm256_setr_epi32(even, even, even, even, even + 1, even + 1, even + 1, even + 1);
        const __m256i wide = _mm256_permutevar8x32_epi32(codes, order);
        _mm256_store_si256(reinterpret_cast<__m256i*>(to.codes[k]), wide);
        _mm256_store_si256(reinterpret_cast<__m256i*>(to.magnitudes[k]), _mm256_abs_epi8(wide));
      }
    }
  }
  return {room, stride_bytes};
}

// Eight rows: the four of `first` and the four of `second`, against one block. Adds to `sums`.
template <typename Dot>
inline __attribute__((always_inline)) __m256 add_block(const uint8_t* first, const uint8_t* second,
                                                       const WideBlock& x, __m256 sums) {
  __m256i a = _mm256_setzero_si256();
  __m256i b = a;
  for (uint32_t k = 0; k < kVectorsPerBlock; ++k) {
    const __m256i codes = _mm256_load_si256(reinterpret_cast<const __m256i*>(x.codes[k]));
    const __m256i magnitudes = _mm256_load_si256(reinterpret_cast<const __m256i*>(x.magnitudes[k]));
    const size_t at = kGroupScaleBytes + 32 * k;
    const __m256i wa = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(first + at));
    const __m256i wb = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(second + at));
    a = Dot::add(a, magnitudes, _mm256_sign_epi8(wa, codes));
    b = Dot::add(b, magnitudes, _mm256_sign_epi8(wb, codes));
  }
  const __m256i dots =
      _mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x20), _mm256_permute2x128_si256(a, b, 0x31));
  const __m128i halves = _mm_unpacklo_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(first)),
                                            _mm_loadl_epi64(reinterpret_cast<const __m128i*>(second)));
  const __m256 scales = _mm256_mul_ps(_mm256_cvtph_ps(halves), _mm256_set1_ps(x.scale));
  return _mm256_add_ps(sums, _mm256_mul_ps(_mm256_cvtepi32_ps(dots), scales));
}

// Rows 8 at a time against kTokens tokens. `second` may be `first` when only four rows are left.
template <typename Dot, uint32_t kTokens>
void multiply_pair(const uint8_t* first, const uint8_t* second, uint32_t blocks, const uint8_t* x,
                   size_t stride_bytes, __m256* sums) {
  __m256 local[kTokens];
  for (uint32_t token = 0; token < kTokens; ++token) local[token] = _mm256_setzero_ps();
  for (uint32_t block = 0; block < blocks; ++block) {
    for (uint32_t token = 0; token < kTokens; ++token) {
      const auto& activations = reinterpret_cast<const WideBlock*>(x + token * stride_bytes)[block];
      local[token] = add_block<Dot>(first, second, activations, local[token]);
    }
    first += kQ8GroupBytes;
    second += kQ8GroupBytes;
  }
  for (uint32_t token = 0; token < kTokens; ++token) sums[token] = local[token];
}

template <typename Dot, uint32_t kTokens>
void multiply_tokens(const Matrix& matrix, const uint8_t* x, size_t stride_bytes, float* y) {
  const uint32_t blocks = matrix.columns / kBlockColumns;
  const size_t group_bytes = static_cast<size_t>(blocks) * kQ8GroupBytes;
  const uint8_t* group = matrix.data;
  for (uint32_t row = 0; row < matrix.rows; row += 8, group += 2 * group_bytes) {
    const bool is_half = row + 4 >= matrix.rows;
    __m256 sums[kTokens];
    multiply_pair<Dot, kTokens>(group, is_half ? group : group + group_bytes, blocks, x, stride_bytes, sums);
    for (uint32_t token = 0; token < kTokens; ++token) {
      float* to = y + static_cast<size_t>(token) * matrix.rows + row;
      if (is_half) {
        _mm_storeu_ps(to, _mm256_castps256_ps128(sums[token]));
      } else {
        _mm256_storeu_ps(to, sums[token]);
      }
    }
  }
}

template <typename Dot>
void multiply(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  const size_t stride_bytes = activations.token_stride_bytes;
  const auto* x = static_cast<const uint8_t*>(activations.data);
  for (; tokens >= 4; tokens -= 4, x += 4 * stride_bytes, y += size_t{4} * matrix.rows) {
    multiply_tokens<Dot, 4>(matrix, x, stride_bytes, y);
  }
  for (; tokens > 0; --tokens, x += stride_bytes, y += matrix.rows) {
    multiply_tokens<Dot, 1>(matrix, x, stride_bytes, y);
  }
}

}  // namespace
}  // namespace slmrig::runtime::x86
