// Q4_0, IQ4_NL and NF4: nibbles that stand for sixteen integers, times a scale for each row and block.
#include "workloads/runtime/kernels/plain/groups.h"

namespace slmrig::runtime::plain {
namespace {

// kBlocks: blocks of 32 columns under one scale.
template <const int8_t (&kValues)[16], uint32_t kBlocks>
struct FourBit {
  static constexpr uint32_t kColumns = kBlocks * kBlockColumns;
  static constexpr uint32_t kBytes = kHalvesBytes + kBlocks * kNibbleRunsBytes;

  static void add(const uint8_t* group, const Q8Block* x, float* sums) {
    for (uint32_t block = 0; block < kBlocks; ++block) {
      BlockCodes codes;
      unpack_nibbles(group + kHalvesBytes + block * kNibbleRunsBytes, kValues, &codes);
      for (uint32_t row = 0; row < kGroupRows; ++row) {
        const int32_t sum = integer_dot(codes.row[row], x[block].codes, kBlockColumns);
        sums[row] += static_cast<float>(sum) * (half_of_row(group, row) * x[block].scale);
      }
    }
  }

  static void read_row(const Matrix& matrix, uint32_t row, float* y) {
    const uint8_t* group = strip_of<FourBit>(matrix, row);
    for (uint32_t column = 0; column < matrix.columns; column += kColumns, group += kBytes) {
      const float scale = half_of_row(group, row % kGroupRows);
      for (uint32_t block = 0; block < kBlocks; ++block) {
        BlockCodes codes;
        unpack_nibbles(group + kHalvesBytes + block * kNibbleRunsBytes, kValues, &codes);
        for (const int8_t code : codes.row[row % kGroupRows]) *y++ = static_cast<float>(code) * scale;
      }
    }
  }
};

using Q4_0 = FourBit<kQ4Codes, 1>;
using Iq4Nl = FourBit<kIq4NlCodes, 1>;
using Nf4 = FourBit<kNf4Codes, 2>;
static_assert(Q4_0::kBytes == kQ4GroupBytes && Nf4::kBytes == kNf4GroupBytes, "as images store them");

}  // namespace

void read_q4_0_row(const Matrix& matrix, uint32_t row, float* y) { Q4_0::read_row(matrix, row, y); }
void read_iq4_nl_row(const Matrix& matrix, uint32_t row, float* y) { Iq4Nl::read_row(matrix, row, y); }
void read_nf4_row(const Matrix& matrix, uint32_t row, float* y) { Nf4::read_row(matrix, row, y); }

const FormatKernels kQ4Kernels = {blocks_prepared_bytes, prepare_blocks, multiply_groups<Q4_0>,
                                  read_q4_0_row};
const FormatKernels kIq4NlKernels = {blocks_prepared_bytes, prepare_blocks, multiply_groups<Iq4Nl>,
                                     read_iq4_nl_row};
const FormatKernels kNf4Kernels = {blocks_prepared_bytes, prepare_blocks, multiply_groups<Nf4>, read_nf4_row};

}  // namespace slmrig::runtime::plain
