#include <cstring>

#include "workloads/runtime/kernels/lanes.h"
#include "workloads/runtime/kernels/plain/plain.h"

namespace slmrig::runtime::plain {
namespace {

void multiply(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  const auto* weights = reinterpret_cast<const float*>(matrix.data);
  for (uint32_t row = 0; row < matrix.rows; ++row, weights += matrix.columns) {
    for (uint32_t token = 0; token < tokens; ++token) {
      const auto* x = reinterpret_cast<const float*>(static_cast<const uint8_t*>(activations.data) +
                                                     token * activations.token_stride_bytes);
      y[static_cast<size_t>(token) * matrix.rows + row] = dot(weights, x, matrix.columns);
    }
  }
}

}  // namespace

size_t floats_prepared_bytes(uint32_t) { return 0; }

Activations prepare_floats(const float* x, uint32_t, uint32_t columns, uint8_t*) {
  return {x, columns * sizeof(float)};
}

void add_products(const float* a, const float* b, uint32_t n, float* lanes) {
  uint32_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (uint32_t lane = 0; lane < kLanes; ++lane) lanes[lane] += a[i + lane] * b[i + lane];
  }
  for (uint32_t lane = 0; i < n; ++i, ++lane) lanes[lane] += a[i] * b[i];
}

float dot(const float* a, const float* b, uint32_t n) {
  float lanes[kLanes] = {};
  add_products(a, b, n, lanes);
  return fold_lanes(lanes);
}

void read_f32_row(const Matrix& matrix, uint32_t row, float* y) {
  const size_t row_bytes = matrix.columns * sizeof(float);
  std::memcpy(y, matrix.data + row * row_bytes, row_bytes);
}

const FormatKernels kF32Kernels = {floats_prepared_bytes, prepare_floats, multiply, read_f32_row};

}  // namespace slmrig::runtime::plain
