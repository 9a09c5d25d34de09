// One model under one recipe: GGUF in, GGUF out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "workloads/forge/gguf.h"

namespace slmrig::forge {

// The recipes that quantize() knows, in the order in which help texts list them.
const std::vector<std::string>& recipe_names();

// What became of one tensor.
struct QuantizedTensor {
  std::string name;
  std::uint32_t type_before = 0;
  std::uint32_t type_after = 0;
  std::uint64_t bytes_before = 0;
  std::uint64_t bytes_after = 0;
  double relative_rmse = 0.0;  // of the weights
};

struct Quantized {
  GgufFile file;
  std::vector<QuantizedTensor> tensors;
};

// f32: every tensor as floats. int8: matrices as Q8_0, vectors (norms) as floats; a matrix whose rows are no
// whole number of blocks stays in floats, and the list says so. The result carries slmrig.variant.
base::Result<Quantized> quantize(const GgufFile& file, std::string_view recipe);

}  // namespace slmrig::forge
