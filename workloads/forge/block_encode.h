// Weights -> GGUF blocks, each weight rounded to its nearest level.
//
// Pure functions, safe from many threads. Weights must be finite; those so large that their scale is no half
// any more come out as infinities, which quantize() refuses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "workloads/forge/block_codec.h"

namespace slmrig::forge {

struct EncodeOptions {
  ScaleChoice scales = ScaleChoice::kSearch;
  // [columns] mean square of each input of the layer: what an error of its weights counts. Empty: all alike.
  std::span<const float> importance;
};

// Whether encode_rows() writes the type: F32, F16 and the types of block_codec().
bool can_encode(std::uint32_t type);

// values [rows, columns], row after row; columns a whole number of the type's blocks. F32 and F16 have no
// options. Q8_0 by kAbsmax gives the bytes of llama.cpp's reference encoder.
std::vector<std::byte> encode_rows(std::uint32_t type, std::span<const float> values, std::size_t columns,
                                   const EncodeOptions& options);

// weight [x.size()] of a block whose columns have `importance` (empty: all alike):
// importance * sqrt(mean x^2 + x^2). Large weights count more, as they do in llama.cpp.
void search_weights(std::span<const float> x, std::span<const float> importance, std::span<float> weight);

}  // namespace slmrig::forge
