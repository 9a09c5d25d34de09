// TQ2_0 (ternary) and Q2_K: crumbs of two bits in groups of 256 columns.
#include "workloads/runtime/kernels/plain/groups.h"

namespace slmrig::runtime::plain {
namespace {

struct Tq2_0 {
  static constexpr uint32_t kColumns = kSuperColumns;
  static constexpr uint32_t kBytes = kTq2GroupBytes;
  static constexpr int kZero = 1;

  static void add(const uint8_t* group, const Q8Block* x, float* sums) {
    for (uint32_t block = 0; block < kSuperBlocks; ++block) {
      BlockCodes codes;
      unpack_crumbs(group + kHalvesBytes, block, kZero, &codes);
      for (uint32_t row = 0; row < kGroupRows; ++row) {
        const int32_t sum = integer_dot(codes.row[row], x[block].codes, kBlockColumns);
        sums[row] += static_cast<float>(sum) * (half_of_row(group, row) * x[block].scale);
      }
    }
  }
};

struct Q2_K {
  static constexpr uint32_t kColumns = kSuperColumns;
  static constexpr uint32_t kBytes = kQ2KGroupBytes;
  static constexpr uint32_t kSubColumns = 16;
  static constexpr uint32_t kSubScalesAt = 2 * kHalvesBytes;
  static constexpr uint32_t kCrumbsAt = kSubScalesAt + kSuperColumns / kSubColumns * kGroupRows;
  static_assert(kCrumbsAt + kSuperColumns / 4 * kGroupRows == kBytes, "as images store it");

  // Of the sub-block of 16 columns that begins with half `half` of a block: scale a and minimum m.
  static int32_t scale(const uint8_t* group, uint32_t block, uint32_t half, uint32_t row) {
    return group[kSubScalesAt + (2 * block + half) * kGroupRows + row] & 15;
  }
  static int32_t minimum(const uint8_t* group, uint32_t block, uint32_t half, uint32_t row) {
    return group[kSubScalesAt + (2 * block + half) * kGroupRows + row] >> 4;
  }

  static void add(const uint8_t* group, const Q8Block* x, float* sums) {
    for (uint32_t block = 0; block < kSuperBlocks; ++block) {
      BlockCodes codes;
      unpack_crumbs(group + kCrumbsAt, block, 0, &codes);
      const int8_t* low = x[block].codes;
      const int8_t* high = low + kSubColumns;
      const int32_t low_sum = integer_sum(low, kSubColumns);
      const int32_t high_sum = integer_sum(high, kSubColumns);
      for (uint32_t row = 0; row < kGroupRows; ++row) {
        const int32_t product =
            scale(group, block, 0, row) * integer_dot(codes.row[row], low, kSubColumns) +
            scale(group, block, 1, row) * integer_dot(codes.row[row] + kSubColumns, high, kSubColumns);
        const int32_t offset =
            minimum(group, block, 0, row) * low_sum + minimum(group, block, 1, row) * high_sum;
        sums[row] += static_cast<float>(product) * (half_of_row(group, row) * x[block].scale);
        sums[row] -= static_cast<float>(offset) * (half_of_row(group + kHalvesBytes, row) * x[block].scale);
      }
    }
  }
};

}  // namespace

void read_tq2_0_row(const Matrix& matrix, uint32_t row, float* y) {
  const uint32_t lane = row % kGroupRows;
  const uint8_t* group = strip_of<Tq2_0>(matrix, row);
  for (uint32_t column = 0; column < matrix.columns; column += kSuperColumns, group += kTq2GroupBytes) {
    const float scale = half_of_row(group, lane);
    for (uint32_t block = 0; block < kSuperBlocks; ++block) {
      BlockCodes codes;
      unpack_crumbs(group + kHalvesBytes, block, Tq2_0::kZero, &codes);
      for (const int8_t code : codes.row[lane]) *y++ = static_cast<float>(code) * scale;
    }
  }
}

void read_q2_k_row(const Matrix& matrix, uint32_t row, float* y) {
  const uint32_t lane = row % kGroupRows;
  const uint8_t* group = strip_of<Q2_K>(matrix, row);
  for (uint32_t column = 0; column < matrix.columns; column += kSuperColumns, group += kQ2KGroupBytes) {
    const float d = half_of_row(group, lane);
    const float dmin = half_of_row(group + kHalvesBytes, lane);
    for (uint32_t block = 0; block < kSuperBlocks; ++block) {
      BlockCodes codes;
      unpack_crumbs(group + Q2_K::kCrumbsAt, block, 0, &codes);
      for (uint32_t i = 0; i < kBlockColumns; ++i) {
        const uint32_t half = i / Q2_K::kSubColumns;
        const float scale = d * static_cast<float>(Q2_K::scale(group, block, half, lane));
        const float minimum = dmin * static_cast<float>(Q2_K::minimum(group, block, half, lane));
        *y++ = static_cast<float>(codes.row[lane][i]) * scale - minimum;
      }
    }
  }
}

const FormatKernels kTq2Kernels = {blocks_prepared_bytes, prepare_blocks, multiply_groups<Tq2_0>,
                                   read_tq2_0_row};
const FormatKernels kQ2KKernels = {blocks_prepared_bytes, prepare_blocks, multiply_groups<Q2_K>,
                                   read_q2_k_row};

}  // namespace slmrig::runtime::plain
