// Matrices of rows of floats and of halves, in terms of a vector unit E that holds the eight lanes of
// kernels.h. Internal linkage: see block_formats_inl.h.
//
// E has Eight, zero(), load(const float*), load_halves(const uint8_t*), store(Eight, float*),
// multiply_add(a, b, sum) with two roundings, fold(Eight).
#pragma once

#include <cstdint>
#include <cstring>

#include "workloads/runtime/kernels/lanes.h"
#include "workloads/runtime/kernels/plain/plain.h"
#include "workloads/runtime/math.h"

namespace slmrig::runtime {
namespace {

template <typename E>
struct F32Row {
  static constexpr size_t kBytes = 4;

  static inline typename E::Eight load(const uint8_t* row, size_t i) {
    return E::load(reinterpret_cast<const float*>(row) + i);
  }
  static inline float at(const uint8_t* row, size_t i) { return reinterpret_cast<const float*>(row)[i]; }
};

template <typename E>
struct F16Row {
  static constexpr size_t kBytes = 2;

  static inline typename E::Eight load(const uint8_t* row, size_t i) { return E::load_halves(row + 2 * i); }
  static inline float at(const uint8_t* row, size_t i) {
    uint16_t half = 0;
    std::memcpy(&half, row + 2 * i, 2);
    return float_from_half(half);
  }
};

template <typename E, template <typename> class RowOf>
struct FloatRows {
  using Row = RowOf<E>;
  using Eight = typename E::Eight;

  // The lanes of a row and x with what is left from element i on; folded.
  static float finish(Eight sums, const uint8_t* row, const float* x, uint32_t i, uint32_t n) {
    float lanes[kLanes];
    E::store(sums, lanes);
    for (uint32_t lane = 0; i < n; ++i, ++lane) lanes[lane] += Row::at(row, i) * x[i];
    return fold_lanes(lanes);
  }

  // kRows rows by kTokens tokens in registers; x [kTokens, stride], y [kTokens, y_stride].
  template <uint32_t kRows, uint32_t kTokens>
  static void multiply_tile(const uint8_t* rows, uint32_t n, const float* x, size_t stride, float* y,
                            size_t y_stride) {
    const size_t row_bytes = n * Row::kBytes;
    Eight sums[kRows][kTokens];
    for (auto& row : sums) {
      for (Eight& lanes : row) lanes = E::zero();
    }
    uint32_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      Eight weights[kRows];
      for (uint32_t row = 0; row < kRows; ++row) weights[row] = Row::load(rows + row * row_bytes, i);
      for (uint32_t token = 0; token < kTokens; ++token) {
        const Eight values = E::load(x + token * stride + i);
        for (uint32_t row = 0; row < kRows; ++row) {
          sums[row][token] = E::multiply_add(weights[row], values, sums[row][token]);
        }
      }
    }
    for (uint32_t token = 0; token < kTokens; ++token) {
      for (uint32_t row = 0; row < kRows; ++row) {
        y[token * y_stride + row] =
            i == n ? E::fold(sums[row][token])
                   : finish(sums[row][token], rows + row * row_bytes, x + token * stride, i, n);
      }
    }
  }

  // Of floats.
  static float dot(const float* a, const float* b, uint32_t n) {
    float sum = 0.0F;
    multiply_tile<1, 1>(reinterpret_cast<const uint8_t*>(a), n, b, 0, &sum, 0);
    return sum;
  }

  // kRows rows against all tokens.
  template <uint32_t kRows>
  static void multiply_rows(const uint8_t* rows, uint32_t n, const float* x, size_t stride, uint32_t tokens,
                            float* y, size_t y_stride) {
    constexpr uint32_t kTokens = 4;
    for (; tokens >= kTokens; tokens -= kTokens, x += kTokens * stride, y += kTokens * y_stride) {
      multiply_tile<kRows, kTokens>(rows, n, x, stride, y, y_stride);
    }
    for (; tokens > 0; --tokens, x += stride, y += y_stride) {
      multiply_tile<kRows, 1>(rows, n, x, stride, y, y_stride);
    }
  }

  static void multiply(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
    const auto* x = static_cast<const float*>(activations.data);
    const size_t stride = activations.token_stride_bytes / sizeof(float);
    const size_t row_bytes = matrix.columns * Row::kBytes;
    const uint8_t* rows = matrix.data;
    uint32_t row = 0;
    if (tokens == 1) {
      for (; row + 4 <= matrix.rows; row += 4, rows += 4 * row_bytes) {
        multiply_tile<4, 1>(rows, matrix.columns, x, stride, y + row, matrix.rows);
      }
    }
    // Two rows by four tokens are as many accumulators as 16 registers leave room for.
    for (; row + 2 <= matrix.rows; row += 2, rows += 2 * row_bytes) {
      multiply_rows<2>(rows, matrix.columns, x, stride, tokens, y + row, matrix.rows);
    }
    if (row < matrix.rows) {
      multiply_rows<1>(rows, matrix.columns, x, stride, tokens, y + row, matrix.rows);
    }
  }

  static void read_row(const Matrix& matrix, uint32_t row, float* y) {
    const uint8_t* from = matrix.data + row * (matrix.columns * Row::kBytes);
    uint32_t i = 0;
    for (; i + kLanes <= matrix.columns; i += kLanes) E::store(Row::load(from, i), y + i);
    for (; i < matrix.columns; ++i) y[i] = Row::at(from, i);
  }

  static constexpr FormatKernels kernels() {
    return {plain::floats_prepared_bytes, plain::prepare_floats, multiply, read_row};
  }
};

}  // namespace
}  // namespace slmrig::runtime
