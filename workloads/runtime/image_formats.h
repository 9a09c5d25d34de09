// What an image may hold in each weight format: sizes, and which bytes are no weights.
#pragma once

#include <cstddef>
#include <cstdint>

#include "workloads/runtime/kernels/kernels.h"

namespace slmrig::runtime {

// Rows of one group of a format and bytes of a tensor, as the image stores it. 0 where rows or columns do
// not fit the format's groups.
uint32_t rows_per_group(Format format);
uint32_t columns_per_group(Format format);
uint64_t stored_bytes(Format format, uint64_t rows, uint64_t columns);

// "Q8_0", as GGUF names it.
const char* format_name(Format format);

// Why a kernel set that lacks a format refuses an image; names the format.
const char* no_kernels_reason(Format format);

// Why `data` [bytes], stored_bytes() of some shape and aligned to 32, cannot be multiplied unchecked: a scale
// or a float that is not finite, or a code that the format does not have. Null when it can.
const char* weights_refusal(Format format, const uint8_t* data, uint64_t bytes);

}  // namespace slmrig::runtime
