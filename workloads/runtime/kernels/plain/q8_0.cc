#include <cstring>

#include "workloads/runtime/kernels/plain/plain.h"
#include "workloads/runtime/math.h"

namespace slmrig::runtime::plain {
namespace {

constexpr uint32_t kRunColumns = 4;  // columns that stand together, row after row, in a group
constexpr size_t kScaleBytes = 2 * kQ8GroupRows;

float group_scale(const uint8_t* group, uint32_t row) {
  uint16_t half = 0;
  std::memcpy(&half, group + 2 * row, 2);
  return float_from_half(half);
}

size_t prepared_bytes(uint32_t columns) {
  const size_t bytes = columns / kBlockColumns * sizeof(Q8Block);
  return (bytes + 31) / 32 * 32;
}

Activations prepare(const float* x, uint32_t tokens, uint32_t columns, uint8_t* room) {
  const size_t stride_bytes = prepared_bytes(columns);
  for (uint32_t token = 0; token < tokens; ++token) {
    auto* blocks = reinterpret_cast<Q8Block*>(room + token * stride_bytes);
    const float* values = x + static_cast<size_t>(token) * columns;
    for (uint32_t block = 0; block < columns / kBlockColumns; ++block, values += kBlockColumns) {
      const BlockScale scale = block_scale(values);
      blocks[block].scale = scale.scale;
      for (uint32_t i = 0; i < kBlockColumns; ++i) {
        blocks[block].codes[i] = static_cast<int8_t>(round_to_even(values[i] * scale.inverse));
      }
    }
  }
  return {room, stride_bytes};
}

// Four rows at once, as they are stored. y [4]
void multiply_group(const uint8_t* group, const Q8Block* x, uint32_t blocks, float* y) {
  float sums[kQ8GroupRows] = {};
  for (uint32_t block = 0; block < blocks; ++block, group += kQ8GroupBytes, ++x) {
    const auto* codes = reinterpret_cast<const int8_t*>(group + kScaleBytes);
    int32_t dots[kQ8GroupRows] = {};
    for (uint32_t column = 0; column < kBlockColumns; column += kRunColumns) {
      for (uint32_t row = 0; row < kQ8GroupRows; ++row) {
        for (uint32_t i = 0; i < kRunColumns; ++i) dots[row] += *codes++ * x->codes[column + i];
      }
    }
    for (uint32_t row = 0; row < kQ8GroupRows; ++row) {
      sums[row] += static_cast<float>(dots[row]) * (group_scale(group, row) * x->scale);
    }
  }
  for (uint32_t row = 0; row < kQ8GroupRows; ++row) y[row] = sums[row];
}

void multiply(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  const uint32_t blocks = matrix.columns / kBlockColumns;
  const uint8_t* group = matrix.data;
  for (uint32_t row = 0; row < matrix.rows; row += kQ8GroupRows, group += blocks * kQ8GroupBytes) {
    for (uint32_t token = 0; token < tokens; ++token) {
      const auto* x = reinterpret_cast<const Q8Block*>(static_cast<const uint8_t*>(activations.data) +
                                                       token * activations.token_stride_bytes);
      multiply_group(group, x, blocks, y + static_cast<size_t>(token) * matrix.rows + row);
    }
  }
}

}  // namespace

BlockScale block_scale(const float* x) {
  // Doubled bits drop the sign, and magnitudes compare like integers: shorter than a float comparison on
  // cores that move flags between units.
  uint32_t most = 0;
  for (uint32_t i = 0; i < kBlockColumns; ++i) {
    const uint32_t doubled = static_cast<uint32_t>(bits_of(x[i])) << 1;
    if (doubled > most) most = doubled;
  }
  const float largest = float_of(static_cast<int32_t>(most >> 1));
  if (!(largest > kQuantizeFloor)) return {0.0F, 0.0F};
  return {largest * (1.0F / 127.0F), 127.0F / largest};
}

void read_q8_row(const Matrix& matrix, uint32_t row, float* y) {
  const uint32_t blocks = matrix.columns / kBlockColumns;
  const uint32_t lane = row % kQ8GroupRows;
  const uint8_t* group = matrix.data + static_cast<size_t>(row / kQ8GroupRows) * blocks * kQ8GroupBytes;
  for (uint32_t block = 0; block < blocks; ++block, group += kQ8GroupBytes) {
    const float scale = group_scale(group, lane);
    const auto* codes = reinterpret_cast<const int8_t*>(group + kScaleBytes) + lane * kRunColumns;
    for (uint32_t column = 0; column < kBlockColumns; ++column) {
      const uint32_t run = column / kRunColumns;
      *y++ = static_cast<float>(codes[run * kRunColumns * kQ8GroupRows + column % kRunColumns]) * scale;
    }
  }
}

const FormatKernels kQ8Kernels = {prepared_bytes, prepare, multiply, read_q8_row};

}  // namespace slmrig::runtime::plain
