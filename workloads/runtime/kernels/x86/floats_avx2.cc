// Matrices of rows of floats and of halves, on AVX2.
#include <cstring>

#include "workloads/runtime/kernels/plain/plain.h"
#include "workloads/runtime/kernels/x86/vector_math.h"
#include "workloads/runtime/kernels/x86/x86.h"

namespace slmrig::runtime::x86 {
namespace {

struct F32Row {
  static constexpr size_t kBytes = 4;

  static inline __m256 load(const uint8_t* row, size_t i) {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(row) + i);
  }
  static void read(const uint8_t* row, uint32_t n, float* y) { std::memcpy(y, row, n * sizeof(float)); }
};

struct F16Row {
  static constexpr size_t kBytes = 2;

  static inline __m256 load(const uint8_t* row, size_t i) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(row + 2 * i)));
  }
  static void read(const uint8_t* row, uint32_t n, float* y) {
    uint32_t i = 0;
    for (; i + kWidth <= n; i += kWidth) _mm256_storeu_ps(y + i, load(row, i));
    for (; i < n; ++i) {
      uint16_t half = 0;
      std::memcpy(&half, row + size_t{2} * i, 2);
      y[i] = _cvtsh_ss(half);
    }
  }
};

template <typename Row>
inline __m256 load_tail(const uint8_t* row, uint32_t i, uint32_t count) {
  uint8_t last[kWidth * sizeof(float)] = {};
  std::memcpy(last, row + i * Row::kBytes, count * Row::kBytes);
  return Row::load(last, 0);
}

// kRows rows by kTokens tokens in registers; x [kTokens, stride], y [kTokens, y_stride].
template <typename Row, uint32_t kRows, uint32_t kTokens>
inline void multiply_tile(const uint8_t* rows, uint32_t n, const float* x, size_t stride, float* y,
                          size_t y_stride) {
  const size_t row_bytes = n * Row::kBytes;
  __m256 lanes[kRows][kTokens];
  for (auto& row : lanes) {
    for (__m256& sums : row) sums = _mm256_setzero_ps();
  }
  uint32_t i = 0;
  for (; i + kWidth <= n; i += kWidth) {
    __m256 weights[kRows];
    for (uint32_t row = 0; row < kRows; ++row) weights[row] = Row::load(rows + row * row_bytes, i);
    for (uint32_t token = 0; token < kTokens; ++token) {
      const __m256 values = _mm256_loadu_ps(x + token * stride + i);
      for (uint32_t row = 0; row < kRows; ++row) {
        lanes[row][token] = multiply_add(weights[row], values, lanes[row][token]);
      }
    }
  }
  if (i < n) {
    // The last elements fill the first lanes, as in the plain dot.
    const __m256i mask = tail_mask(n - i);
    for (uint32_t row = 0; row < kRows; ++row) {
      const __m256 weights = load_tail<Row>(rows + row * row_bytes, i, n - i);
      for (uint32_t token = 0; token < kTokens; ++token) {
        const __m256 values = _mm256_maskload_ps(x + token * stride + i, mask);
        const __m256 sums = multiply_add(weights, values, lanes[row][token]);
        lanes[row][token] = _mm256_blendv_ps(lanes[row][token], sums, _mm256_castsi256_ps(mask));
      }
    }
  }
  for (uint32_t token = 0; token < kTokens; ++token) {
    for (uint32_t row = 0; row < kRows; ++row) y[token * y_stride + row] = fold_one(lanes[row][token]);
  }
}

// kRows rows against all tokens.
template <typename Row, uint32_t kRows>
void multiply_rows(const uint8_t* rows, uint32_t n, const float* x, size_t stride, uint32_t tokens, float* y,
                   size_t y_stride) {
  constexpr uint32_t kTokens = 4;
  for (; tokens >= kTokens; tokens -= kTokens, x += kTokens * stride, y += kTokens * y_stride) {
    multiply_tile<Row, kRows, kTokens>(rows, n, x, stride, y, y_stride);
  }
  for (; tokens > 0; --tokens, x += stride, y += y_stride) {
    multiply_tile<Row, kRows, 1>(rows, n, x, stride, y, y_stride);
  }
}

template <typename Row>
void multiply(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  const auto* x = static_cast<const float*>(activations.data);
  const size_t stride = activations.token_stride_bytes / sizeof(float);
  const size_t row_bytes = matrix.columns * Row::kBytes;
  const uint8_t* rows = matrix.data;
  uint32_t row = 0;
  if (tokens == 1) {
    for (; row + 4 <= matrix.rows; row += 4, rows += 4 * row_bytes) {
      multiply_rows<Row, 4>(rows, matrix.columns, x, stride, tokens, y + row, matrix.rows);
    }
  }
  // Two rows by four tokens are as many accumulators as 16 registers leave room for.
  for (; row + 2 <= matrix.rows; row += 2, rows += 2 * row_bytes) {
    multiply_rows<Row, 2>(rows, matrix.columns, x, stride, tokens, y + row, matrix.rows);
  }
  if (row < matrix.rows) {
    multiply_rows<Row, 1>(rows, matrix.columns, x, stride, tokens, y + row, matrix.rows);
  }
}

template <typename Row>
void read_row(const Matrix& matrix, uint32_t row, float* y) {
  Row::read(matrix.data + row * (matrix.columns * Row::kBytes), matrix.columns, y);
}

template <typename Row>
constexpr FormatKernels kernels_of() {
  return {plain::floats_prepared_bytes, plain::prepare_floats, multiply<Row>, read_row<Row>};
}

}  // namespace

const FormatKernels& avx2_f32() {
  static constexpr FormatKernels kKernels = kernels_of<F32Row>();
  return kKernels;
}

const FormatKernels& avx2_f16() {
  static constexpr FormatKernels kKernels = kernels_of<F16Row>();
  return kKernels;
}

}  // namespace slmrig::runtime::x86
