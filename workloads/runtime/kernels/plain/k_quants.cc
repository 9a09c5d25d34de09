// Q4_K and Q6_K: groups of 256 columns with integer scales of sub-blocks.
#include "workloads/runtime/kernels/plain/groups.h"

namespace slmrig::runtime::plain {
namespace {

constexpr int8_t kNibbleValues[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

struct Q4_K {
  static constexpr uint32_t kColumns = kSuperColumns;
  static constexpr uint32_t kBytes = kQ4KGroupBytes;
  static constexpr uint32_t kScalesAt = 2 * kHalvesBytes;
  static constexpr uint32_t kMinimaAt = kScalesAt + kSuperBlocks * kGroupRows;
  static constexpr uint32_t kRunsAt = kMinimaAt + kSuperBlocks * kGroupRows;
  static_assert(kRunsAt + kSuperBlocks * kNibbleRunsBytes == kBytes, "as images store it");

  static void add(const uint8_t* group, const Q8Block* x, float* sums) {
    for (uint32_t block = 0; block < kSuperBlocks; ++block) {
      BlockCodes codes;
      unpack_nibbles(group + kRunsAt + block * kNibbleRunsBytes, kNibbleValues, &codes);
      const int32_t x_sum = integer_sum(x[block].codes, kBlockColumns);
      for (uint32_t row = 0; row < kGroupRows; ++row) {
        const int32_t a = group[kScalesAt + block * kGroupRows + row];
        const int32_t m = group[kMinimaAt + block * kGroupRows + row];
        const int32_t sum = integer_dot(codes.row[row], x[block].codes, kBlockColumns);
        sums[row] += static_cast<float>(a * sum) * (half_of_row(group, row) * x[block].scale);
        sums[row] -=
            static_cast<float>(m * x_sum) * (half_of_row(group + kHalvesBytes, row) * x[block].scale);
      }
    }
  }
};

struct Q6_K {
  static constexpr uint32_t kColumns = kSuperColumns;
  static constexpr uint32_t kBytes = kQ6KGroupBytes;
  static constexpr uint32_t kSubColumns = 16;
  static constexpr uint32_t kScalesAt = kHalvesBytes;
  static constexpr uint32_t kCodesAt = kScalesAt + kSuperColumns / kSubColumns * kGroupRows;
  static_assert(kCodesAt + kSuperColumns * kGroupRows == kBytes, "as images store it");

  static int32_t scale(const uint8_t* group, uint32_t sub_block, uint32_t row) {
    return static_cast<int8_t>(group[kScalesAt + sub_block * kGroupRows + row]);
  }

  // One sub-block of one row. x [16]
  static int32_t dot(const uint8_t* group, uint32_t sub_block, uint32_t row, const int8_t* x) {
    const uint8_t* codes = group + kCodesAt + sub_block * kSubColumns * kGroupRows + row * kRunColumns;
    int32_t sum = 0;
    for (uint32_t i = 0; i < kSubColumns; i += kRunColumns, codes += kRunBytes) {
      sum += integer_dot(reinterpret_cast<const int8_t*>(codes), x + i, kRunColumns);
    }
    return sum;
  }

  static void add(const uint8_t* group, const Q8Block* x, float* sums) {
    for (uint32_t block = 0; block < kSuperBlocks; ++block) {
      const int8_t* codes = x[block].codes;
      for (uint32_t row = 0; row < kGroupRows; ++row) {
        const int32_t sum =
            scale(group, 2 * block, row) * dot(group, 2 * block, row, codes) +
            scale(group, 2 * block + 1, row) * dot(group, 2 * block + 1, row, codes + kSubColumns);
        sums[row] += static_cast<float>(sum) * (half_of_row(group, row) * x[block].scale);
      }
    }
  }
};

}  // namespace

void read_q4_k_row(const Matrix& matrix, uint32_t row, float* y) {
  const uint32_t lane = row % kGroupRows;
  const uint8_t* group = strip_of<Q4_K>(matrix, row);
  for (uint32_t column = 0; column < matrix.columns; column += kSuperColumns, group += kQ4KGroupBytes) {
    const float d = half_of_row(group, lane);
    const float dmin = half_of_row(group + kHalvesBytes, lane);
    for (uint32_t block = 0; block < kSuperBlocks; ++block) {
      BlockCodes codes;
      unpack_nibbles(group + Q4_K::kRunsAt + block * kNibbleRunsBytes, kNibbleValues, &codes);
      const float scale = d * static_cast<float>(group[Q4_K::kScalesAt + block * kGroupRows + lane]);
      const float minimum = dmin * static_cast<float>(group[Q4_K::kMinimaAt + block * kGroupRows + lane]);
      for (const int8_t code : codes.row[lane]) *y++ = static_cast<float>(code) * scale - minimum;
    }
  }
}

void read_q6_k_row(const Matrix& matrix, uint32_t row, float* y) {
  const uint32_t lane = row % kGroupRows;
  const uint8_t* group = strip_of<Q6_K>(matrix, row);
  for (uint32_t column = 0; column < matrix.columns; column += kSuperColumns, group += kQ6KGroupBytes) {
    const float d = half_of_row(group, lane);
    const auto* codes = reinterpret_cast<const int8_t*>(group + Q6_K::kCodesAt) + lane * kRunColumns;
    for (uint32_t i = 0; i < kSuperColumns; ++i) {
      const float scale = d * static_cast<float>(Q6_K::scale(group, i / Q6_K::kSubColumns, lane));
      const uint32_t at = i / kRunColumns * kRunBytes + i % kRunColumns;
      *y++ = static_cast<float>(codes[at]) * scale;
    }
  }
}

const FormatKernels kQ4KKernels = {blocks_prepared_bytes, prepare_blocks, multiply_groups<Q4_K>,
                                   read_q4_k_row};
const FormatKernels kQ6KKernels = {blocks_prepared_bytes, prepare_blocks, multiply_groups<Q6_K>,
                                   read_q6_k_row};

}  // namespace slmrig::runtime::plain
