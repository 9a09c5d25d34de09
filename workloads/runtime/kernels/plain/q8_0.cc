#include "workloads/runtime/kernels/plain/groups.h"

namespace slmrig::runtime::plain {
namespace {

struct Q8_0 {
  static constexpr uint32_t kColumns = kBlockColumns;
  static constexpr uint32_t kBytes = kQ8GroupBytes;

  // Reads the codes as they are stored: on a core without vectors, taking rows apart first would double the
  // cost of a product.
  static void add(const uint8_t* group, const Q8Block* x, float* sums) {
    const auto* codes = reinterpret_cast<const int8_t*>(group + kHalvesBytes);
    int32_t dots[kGroupRows] = {};
    for (uint32_t column = 0; column < kBlockColumns; column += kRunColumns) {
      for (uint32_t row = 0; row < kGroupRows; ++row) {
        for (uint32_t i = 0; i < kRunColumns; ++i) dots[row] += *codes++ * x->codes[column + i];
      }
    }
    for (uint32_t row = 0; row < kGroupRows; ++row) {
      sums[row] += static_cast<float>(dots[row]) * (half_of_row(group, row) * x->scale);
    }
  }
};

}  // namespace

void read_q8_row(const Matrix& matrix, uint32_t row, float* y) {
  const uint32_t lane = row % kGroupRows;
  const uint8_t* group = strip_of<Q8_0>(matrix, row);
  for (uint32_t block = 0; block < matrix.columns / kBlockColumns; ++block, group += kQ8GroupBytes) {
    const float scale = half_of_row(group, lane);
    const auto* codes = reinterpret_cast<const int8_t*>(group + kHalvesBytes) + lane * kRunColumns;
    for (uint32_t column = 0; column < kBlockColumns; ++column) {
      const uint32_t at = column / kRunColumns * kRunBytes + column % kRunColumns;
      *y++ = static_cast<float>(codes[at]) * scale;
    }
  }
}

const FormatKernels kQ8Kernels = {blocks_prepared_bytes, prepare_blocks, multiply_groups<Q8_0>, read_q8_row};

}  // namespace slmrig::runtime::plain
