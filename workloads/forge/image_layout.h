// The storage formats of images: GGUF blocks -> the order in which kernels read (runtime/kernels/kernels.h).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "workloads/runtime/kernels/kernels.h"

namespace slmrig::forge {

// Q8_0 blocks of 34 bytes [rows, columns / 32] -> groups of 4 rows x 32 columns, 136 bytes. Rows are filled
// up with zeros to a multiple of 4.
std::vector<std::uint8_t> interleave_q8_0(std::span<const std::byte> blocks, std::uint32_t rows,
                                          std::uint32_t columns);

// Cosine and sine of every pair at every position, [context, head_dim], computed in double.
// `factors` [head_dim / 2] divide the angles; empty: none.
struct RopeOptions {
  std::uint32_t context_tokens = 0;
  std::uint32_t head_dim = 0;
  double base = 10000.0;
  double position_factor = 1.0;
  std::span<const float> factors;
};
std::vector<float> rope_table(const RopeOptions& options);

}  // namespace slmrig::forge
