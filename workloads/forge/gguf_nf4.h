// NF4 in a GGUF file. The format has no type for it, and readers refuse numbers that they do not know, so a
// matrix W [in, out] is kept as what any GGUF tool can parse:
//
//   tensor W          I8  [in / 2, out]   two codes a byte, the first weight of a pair in the high nibble
//   tensor W.absmax   F16 [in / 64, out]  the scale of each block of 64
//   slmrig.quant.W.scheme      "nf4"
//   slmrig.quant.W.block_size  u32 64
//   slmrig.quant.W.dims        array of u64: the dims of W itself
//   slmrig.quant.W.scales      "W.absmax"
//
// Packing and codes are those of bitsandbytes; the scale is a half, which costs nothing measurable.
// Pure functions, safe from many threads.
#pragma once

#include "harness/base/error.h"
#include "workloads/forge/gguf.h"

namespace slmrig::forge {

// I8 tensors with a scheme key become tensors of kGgmlNf4 with their own dims; their keys and scale tensors
// are gone. Refused, by tensor and key: another scheme or block size, dims or scales that do not fit, names
// that could not be written again.
base::Result<GgufFile> fold_nf4(GgufFile file);

// The other way round, for writing. A file without NF4 comes back as it is. The names of NF4 tensors must
// leave room for the suffix: at most 56 bytes, which quantize() sees to.
GgufFile unfold_nf4(const GgufFile& file);

constexpr std::size_t kMaxNf4NameBytes = 56;

}  // namespace slmrig::forge
