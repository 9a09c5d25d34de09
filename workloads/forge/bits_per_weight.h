// The size of a model's weights, as tables of variants give it.
#pragma once

#include "workloads/forge/gguf.h"

namespace slmrig::forge {

// Over all tensors, scales, norms and embedding included; a file with NF4 as load_gguf() gives it.
inline double bits_per_weight(const GgufFile& file) {
  double bits = 0.0;
  double weights = 0.0;
  for (const GgufTensor& tensor : file.tensors()) {
    bits += 8.0 * static_cast<double>(tensor.data.size());
    weights += static_cast<double>(tensor.element_count());
  }
  return bits / weights;
}

}  // namespace slmrig::forge
