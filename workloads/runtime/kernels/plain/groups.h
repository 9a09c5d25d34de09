// What the plain kernels of grouped formats share: walking over groups of 4 rows, and taking codes out of
// runs. kernels.h describes the layouts.
#pragma once

#include <cstring>

#include "workloads/runtime/kernels/plain/plain.h"
#include "workloads/runtime/math.h"

namespace slmrig::runtime::plain {

constexpr uint32_t kRunColumns = 4;  // columns that stand together, row after row, in a group
constexpr uint32_t kRunBytes = kRunColumns * kGroupRows;
constexpr uint32_t kHalvesBytes = 2 * kGroupRows;  // one half for each row
constexpr uint32_t kNibbleRunsBytes = kBlockColumns / 2 * kGroupRows;
constexpr uint32_t kSuperBlocks = kSuperColumns / kBlockColumns;

// The codes of 4 rows over one block of 32 columns.
struct BlockCodes {
  int8_t row[kGroupRows][kBlockColumns];
};

// The half of a row among the four that begin at `halves`.
static inline float half_of_row(const uint8_t* halves, uint32_t row) {
  uint16_t half = 0;
  std::memcpy(&half, halves + 2 * row, 2);
  return float_from_half(half);
}

// The 4 runs [64 bytes] of a block's nibble pairs, each nibble replaced by its value.
static inline void unpack_nibbles(const uint8_t* runs, const int8_t* values, BlockCodes* codes) {
  for (uint32_t column = 0; column < kBlockColumns / 2; column += kRunColumns) {
    for (uint32_t row = 0; row < kGroupRows; ++row) {
      for (uint32_t i = 0; i < kRunColumns; ++i) {
        const uint8_t pair = *runs++;
        codes->row[row][column + i] = values[pair & 15U];
        codes->row[row][kBlockColumns / 2 + column + i] = values[pair >> 4];
      }
    }
  }
}

// Block 0..7 of the crumbs [256 bytes] of 256 columns, `zero` subtracted from each.
static inline void unpack_crumbs(const uint8_t* crumbs, uint32_t block, int zero, BlockCodes* codes) {
  const uint8_t* runs = crumbs + block / 2 * kNibbleRunsBytes;
  const uint32_t shift = block % 2 * 4;
  for (uint32_t column = 0; column < kBlockColumns / 2; column += kRunColumns) {
    for (uint32_t row = 0; row < kGroupRows; ++row) {
      for (uint32_t i = 0; i < kRunColumns; ++i) {
        const int two = *runs++ >> shift;
        codes->row[row][column + i] = static_cast<int8_t>((two & 3) - zero);
        codes->row[row][kBlockColumns / 2 + column + i] = static_cast<int8_t>(((two >> 2) & 3) - zero);
      }
    }
  }
}

static inline int32_t integer_dot(const int8_t* a, const int8_t* b, uint32_t n) {
  int32_t sum = 0;
  for (uint32_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

static inline int32_t integer_sum(const int8_t* x, uint32_t n) {
  int32_t sum = 0;
  for (uint32_t i = 0; i < n; ++i) sum += x[i];
  return sum;
}

// Format: kColumns and kBytes of a group; add(group, x, sums) adds the products of one group with the
// kColumns / 32 blocks at x to sums [4].
template <typename Format>
void multiply_groups(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  const uint32_t groups = matrix.columns / Format::kColumns;
  const size_t strip_bytes = static_cast<size_t>(groups) * Format::kBytes;
  const uint8_t* strip = matrix.data;
  for (uint32_t row = 0; row < matrix.rows; row += kGroupRows, strip += strip_bytes) {
    for (uint32_t token = 0; token < tokens; ++token) {
      const auto* x = reinterpret_cast<const Q8Block*>(static_cast<const uint8_t*>(activations.data) +
                                                       token * activations.token_stride_bytes);
      float sums[kGroupRows] = {};
      for (uint32_t group = 0; group < groups; ++group) {
        Format::add(strip + group * Format::kBytes, x + group * (Format::kColumns / kBlockColumns), sums);
      }
      std::memcpy(y + static_cast<size_t>(token) * matrix.rows + row, sums, sizeof(sums));
    }
  }
}

// The first group of the strip of 4 rows that holds `row`.
template <typename Format>
const uint8_t* strip_of(const Matrix& matrix, uint32_t row) {
  return matrix.data +
         static_cast<size_t>(row / kGroupRows) * (matrix.columns / Format::kColumns) * Format::kBytes;
}

}  // namespace slmrig::runtime::plain
