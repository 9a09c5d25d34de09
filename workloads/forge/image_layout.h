// The storage formats of images: GGUF blocks -> the order in which kernels read (runtime/kernels/kernels.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/base/error.h"
#include "workloads/forge/gguf.h"
#include "workloads/runtime/kernels/kernels.h"

namespace slmrig::forge {

// A matrix as an image stores it.
struct StoredMatrix {
  runtime::Format format = runtime::Format::kF32;
  std::uint32_t rows = 0;  // those of the tensor, filled up with zeros to a whole group
  std::uint32_t columns = 0;
  std::vector<std::uint8_t> bytes;
};

// tensor: two dims, of any type that the runtime runs. Refused by name: other types, and rows that do not
// make whole groups unless `may_fill_up`.
base::Result<StoredMatrix> lay_out_matrix(const GgufTensor& tensor, bool may_fill_up);

// The data of a tensor whose rows (of a vector: elements) stand in heads of head_dim, in which pairs that are
// half a head apart belong together: the same rows, with those pairs as neighbours.
std::vector<std::byte> rows_in_neighbouring_pairs(const GgufTensor& tensor, std::uint32_t head_dim);

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
