// Rows that are decoded to floats while multiplying: halves, and GGUF blocks that no kernel is tuned for.
#include "workloads/runtime/kernels/lanes.h"
#include "workloads/runtime/kernels/plain/plain.h"
#include "workloads/runtime/kernels/row_decoders_inl.h"

namespace slmrig::runtime::plain {
namespace {

constexpr uint32_t kTokensAtOnce = 4;  // that share the decoding of a weight

template <typename Row>
void read_row(const Matrix& matrix, uint32_t row, float* y) {
  const uint8_t* data = matrix.data + row * Row::bytes(matrix.columns);
  for (uint32_t column = 0; column < matrix.columns; column += kBlockColumns) {
    const uint32_t left = matrix.columns - column;
    Row::decode(data, column / kBlockColumns, left < kBlockColumns ? left : kBlockColumns, y + column);
  }
}

// x: at most kTokensAtOnce tokens. y [tokens, y_stride]
template <typename Row>
void multiply_row(const uint8_t* data, uint32_t columns, const Activations& x, uint32_t tokens, float* y,
                  uint32_t y_stride) {
  float lanes[kTokensAtOnce][kLanes] = {};
  for (uint32_t column = 0; column < columns; column += kBlockColumns) {
    const uint32_t left = columns - column;
    const uint32_t count = left < kBlockColumns ? left : kBlockColumns;
    float weights[kBlockColumns];
    Row::decode(data, column / kBlockColumns, count, weights);
    for (uint32_t token = 0; token < tokens; ++token) {
      const auto* values =
          reinterpret_cast<const float*>(static_cast<const uint8_t*>(x.data) + token * x.token_stride_bytes);
      add_products(weights, values + column, count, lanes[token]);
    }
  }
  for (uint32_t token = 0; token < tokens; ++token) {
    y[static_cast<size_t>(token) * y_stride] = fold_lanes(lanes[token]);
  }
}

template <typename Row>
void multiply(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  const size_t row_bytes = Row::bytes(matrix.columns);
  for (uint32_t row = 0; row < matrix.rows; ++row) {
    for (uint32_t done = 0; done < tokens; done += kTokensAtOnce) {
      const uint32_t now = tokens - done < kTokensAtOnce ? tokens - done : kTokensAtOnce;
      const Activations x = {
          static_cast<const uint8_t*>(activations.data) + done * activations.token_stride_bytes,
          activations.token_stride_bytes};
      multiply_row<Row>(matrix.data + row * row_bytes, matrix.columns, x, now,
                        y + static_cast<size_t>(done) * matrix.rows + row, matrix.rows);
    }
  }
}

template <typename Row>
constexpr FormatKernels kernels_of() {
  return {floats_prepared_bytes, prepare_floats, multiply<Row>, read_row<Row>};
}

}  // namespace

const FormatKernels kF16Kernels = kernels_of<HalfRow>();
const FormatKernels kBf16Kernels = kernels_of<Bf16Row>();
const FormatKernels kQ4_1Kernels = kernels_of<Q4_1Row>();
const FormatKernels kQ5_0Kernels = kernels_of<Q5_0Row>();
const FormatKernels kQ5_1Kernels = kernels_of<Q5_1Row>();
const FormatKernels kQ5_KKernels = kernels_of<Q5_KRow>();

}  // namespace slmrig::runtime::plain
