// GPTQ: rounds the weights of a linear layer column by column, and lets the columns still to come make up for
// the error of those before, as the calibration's inputs allow (Frantar et al., arXiv 2210.17323).
//
// Plain functions over buffers of the caller, safe from many threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/base/error.h"
#include "workloads/forge/block_codec.h"

namespace slmrig::forge {

struct GptqLayer {
  std::uint32_t type = 0;          // one that has a block_codec()
  std::span<const float> weights;  // [rows, columns]
  std::size_t columns = 0;
  // [columns, columns] mean over tokens of x x^T, symmetric.
  std::span<const float> hessian;
  // [columns] what an error of a column counts when scales are searched; usually the diagonal of hessian.
  std::span<const float> importance;
};

// The blocks of all rows, as encode_rows() would give them. Fails only where hessian is not finite.
base::Result<std::vector<std::byte>> gptq_encode(const GptqLayer& layer);

}  // namespace slmrig::forge
