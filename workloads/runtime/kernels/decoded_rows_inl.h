// Matrices whose rows are decoded to floats while multiplying, in terms of a vector unit E as in
// float_rows_inl.h: four rows and 256 columns are decoded at a time, for all tokens. Internal linkage: see
// block_formats_inl.h.
#pragma once

#include <cstdint>

#include "workloads/runtime/kernels/block_set.h"
#include "workloads/runtime/kernels/lanes.h"
#include "workloads/runtime/kernels/plain/plain.h"
#include "workloads/runtime/kernels/row_decoders_inl.h"

namespace slmrig::runtime {
namespace {

// Decoder: see row_decoders_inl.h.
template <typename E, typename Decoder>
struct DecodedRows {
  using Eight = typename E::Eight;
  static constexpr uint32_t kPanelColumns = 256;

  static void decode(const uint8_t* row, uint32_t first, uint32_t columns, float* y) {
    for (uint32_t done = 0; done < columns; done += kBlockColumns) {
      const uint32_t left = columns - done;
      Decoder::decode(row, (first + done) / kBlockColumns, left < kBlockColumns ? left : kBlockColumns,
                      y + done);
    }
  }

  // lanes [kRows] += weights [kRows, kPanelColumns] * x, of which `columns` count.
  template <uint32_t kRows>
  static inline void add(const float (&weights)[kRows][kPanelColumns], const float* x, uint32_t columns,
                         Eight* lanes) {
    Eight sums[kRows];
    for (uint32_t row = 0; row < kRows; ++row) sums[row] = lanes[row];
    uint32_t i = 0;
    for (; i + kLanes <= columns; i += kLanes) {
      const Eight values = E::load(x + i);
      for (uint32_t row = 0; row < kRows; ++row) {
        sums[row] = E::multiply_add(E::load(weights[row] + i), values, sums[row]);
      }
    }
    for (uint32_t row = 0; row < kRows; ++row) {
      if (i < columns) {
        float last[kLanes];
        E::store(sums[row], last);
        for (uint32_t j = i; j < columns; ++j) last[j - i] += weights[row][j] * x[j];
        sums[row] = E::load(last);
      }
      lanes[row] = sums[row];
    }
  }

  // kRows rows from `rows` on, at most kMaxBatchTokens tokens; y [tokens, y_stride].
  template <uint32_t kRows>
  static void multiply_rows(const uint8_t* rows, uint32_t n, const float* x, size_t stride, uint32_t tokens,
                            float* y, size_t y_stride) {
    Eight lanes[kMaxBatchTokens][kRows];
    for (uint32_t token = 0; token < tokens; ++token) {
      for (Eight& eight : lanes[token]) eight = E::zero();
    }
    for (uint32_t first = 0; first < n; first += kPanelColumns) {
      const uint32_t columns = n - first < kPanelColumns ? n - first : kPanelColumns;
      float weights[kRows][kPanelColumns];
      for (uint32_t row = 0; row < kRows; ++row) {
        decode(rows + row * Decoder::bytes(n), first, columns, weights[row]);
      }
      for (uint32_t token = 0; token < tokens; ++token) {
        add<kRows>(weights, x + token * stride + first, columns, lanes[token]);
      }
    }
    for (uint32_t token = 0; token < tokens; ++token) {
      for (uint32_t row = 0; row < kRows; ++row) y[token * y_stride + row] = E::fold(lanes[token][row]);
    }
  }

  static void multiply(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
    const auto* x = static_cast<const float*>(activations.data);
    const size_t stride = activations.token_stride_bytes / sizeof(float);
    const size_t row_bytes = Decoder::bytes(matrix.columns);
    for (uint32_t done = 0; done < tokens; done += kMaxBatchTokens) {
      const uint32_t now = tokens - done < kMaxBatchTokens ? tokens - done : kMaxBatchTokens;
      float* to = y + static_cast<size_t>(done) * matrix.rows;
      uint32_t row = 0;
      for (; row + 4 <= matrix.rows; row += 4) {
        multiply_rows<4>(matrix.data + row * row_bytes, matrix.columns, x + done * stride, stride, now,
                         to + row, matrix.rows);
      }
      for (; row < matrix.rows; ++row) {
        multiply_rows<1>(matrix.data + row * row_bytes, matrix.columns, x + done * stride, stride, now,
                         to + row, matrix.rows);
      }
    }
  }

  static void read_row(const Matrix& matrix, uint32_t row, float* y) {
    decode(matrix.data + row * Decoder::bytes(matrix.columns), 0, matrix.columns, y);
  }

  static constexpr FormatKernels kernels() {
    return {plain::floats_prepared_bytes, plain::prepare_floats, multiply, read_row};
  }
};

template <typename E>
constexpr DecodedFormats decoded_formats() {
  return {DecodedRows<E, Bf16Row>::kernels(), DecodedRows<E, Q4_1Row>::kernels(),
          DecodedRows<E, Q5_0Row>::kernels(), DecodedRows<E, Q5_1Row>::kernels(),
          DecodedRows<E, Q5_KRow>::kernels()};
}

}  // namespace
}  // namespace slmrig::runtime
