// How weights become the blocks of a GGUF tensor, and floats again.
//
// Rows are independent: a block never crosses one. Pure functions, safe from many threads.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "workloads/forge/gguf.h"

namespace slmrig::forge {

// IEEE half, to nearest even; magnitudes beyond the largest half become infinity.
std::uint16_t half_from_float(float value);
float float_from_half(std::uint16_t half);

// All weights of a tensor, row after row. Refuses types that are not decoded: kUnsupported with the name.
base::Result<std::vector<float>> dequantize(const GgufTensor& tensor);

// x, a whole number of blocks of 32 -> 34 bytes a block. The bytes are those of llama.cpp's reference
// encoder: scale = largest magnitude / 127 as a half, codes from the unrounded scale, half away from zero.
std::vector<std::byte> quantize_q8_0(std::span<const float> x);

// sqrt(sum (a - b)^2 / sum a^2); 0 for all zeros that are met exactly.
double relative_rmse(std::span<const float> exact, std::span<const float> approximate);

}  // namespace slmrig::forge
