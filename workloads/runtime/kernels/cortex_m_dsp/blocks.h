// Activations as the kernels of block formats read them, widened to 16 bits once for a whole matrix.
//
// The kernels keep 4 integer sums, 4 words of weights and what they multiply with in the 14 registers that a
// core has, so a strip of 4 rows is one asm statement: what GCC makes of single instructions spills.
#pragma once

#include <cstddef>
#include <cstring>

#include "workloads/runtime/kernels/cortex_m_dsp/dsp.h"

namespace slmrig::runtime::dsp {

// One block of 32 columns. For each run of 4 columns: columns 0 and 2 in one word, 1 and 3 in the next, which
// is how SXTB16, or a mask, takes a word of weights apart.
struct PairBlock {
  float scale;
  uint32_t pairs[16];
  int32_t zero_8;   // -8 * the sum of the codes: what Q4_0's zero point takes off
  int32_t zero_1;   // -1 * the sum: TQ2_0's
  int32_t sums[2];  // of columns 0..15 and 16..31: Q2_K's minima
};
static_assert(sizeof(PairBlock) == 84, "the asm walks from block to block");

size_t pairs_prepared_bytes(uint32_t columns);
// Scale and pairs alone, for Q8_0.
Activations prepare_pairs(const float* x, uint32_t tokens, uint32_t columns, uint8_t* room);
Activations prepare_pairs_and_sums(const float* x, uint32_t tokens, uint32_t columns, uint8_t* room);

// One block of 32 columns for kernels that look a byte of weights up: columns c and 16 + c in a word, as
// nibbles stand in a byte. Runs of 4 words, the last run first: so the first byte of a block's weights is
// read last, by a load that steps to the next block.
struct LookupBlock {
  float scale;
  uint32_t pairs[16];
};
static_assert(sizeof(LookupBlock) == 68, "the asm walks from block to block");

size_t lookup_prepared_bytes(uint32_t columns);
Activations prepare_lookup(const float* x, uint32_t tokens, uint32_t columns, uint8_t* room);

// kStrips(first group, x, x's end, strips, y) multiplies the rows of so many strips with one token; kTwo,
// where a format has it, one strip with two tokens, whose blocks are a and b: y [2][4]. Tokens take turns
// strip by strip, so that a cache holds the weights.
template <typename Block, void (*kStrips)(const uint8_t*, const Block*, const Block*, uint32_t, float*),
          void (*kTwo)(const uint8_t*, const Block*, const Block*, const Block*, float*) = nullptr>
void multiply_tokens(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y,
                     size_t strip_bytes) {
  const uint32_t blocks = matrix.columns / kBlockColumns;
  const uint32_t strips = matrix.rows / kGroupRows;
  const auto x_of = [&](uint32_t token) {
    return reinterpret_cast<const Block*>(static_cast<const uint8_t*>(activations.data) +
                                          token * activations.token_stride_bytes);
  };
  if (tokens == 1) return kStrips(matrix.data, x_of(0), x_of(0) + blocks, strips, y);
  for (uint32_t strip = 0; strip < strips; ++strip) {
    const uint8_t* w = matrix.data + strip * strip_bytes;
    float* const y_strip = y + strip * kGroupRows;
    uint32_t token = 0;
    if constexpr (kTwo != nullptr) {
      for (; token + 2 <= tokens; token += 2) {
        float both[2][kGroupRows];
        kTwo(w, x_of(token), x_of(token + 1), x_of(token) + blocks, both[0]);
        std::memcpy(y_strip + token * matrix.rows, both[0], sizeof(both[0]));
        std::memcpy(y_strip + (token + 1) * matrix.rows, both[1], sizeof(both[1]));
      }
    }
    for (; token < tokens; ++token) {
      kStrips(w, x_of(token), x_of(token) + blocks, 1, y_strip + token * matrix.rows);
    }
  }
}

}  // namespace slmrig::runtime::dsp
