// One row's block of a GGUF matrix -> its places in a group of 4 rows, as runtime/kernels/kernels.h lays it
// out. Nothing is rounded on the way, NF4's scale excepted (absmax / 127 as a half).
#pragma once

#include <cstddef>
#include <cstdint>

#include "workloads/runtime/kernels/kernels.h"

namespace slmrig::forge {

// How a GGUF type of blocks stands in images.
struct BlockLayout {
  std::uint32_t ggml_type;
  runtime::Format format;
  // block: one GGUF block of the type. group: the group, zeros where nothing was put yet. lane: the row's
  // place in it, 0..3.
  void (*put)(const std::uint8_t* block, std::uint8_t* group, std::size_t lane);
};

// Null for types that images hold row by row, and for those they do not hold.
const BlockLayout* block_layout(std::uint32_t ggml_type);

}  // namespace slmrig::forge
