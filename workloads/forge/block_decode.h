// GGUF blocks -> floats, for every type that slmforge reads. Pure functions, safe from many threads.
#pragma once

#include <cstdint>
#include <span>

namespace slmrig::forge {

// data: a whole number of blocks of `type` [values.size() / block size]. False for types that are not
// decoded: those whose values are no weights (I16, F64, ...), and those nobody here knows.
bool decode_blocks(std::uint32_t type, std::span<const std::byte> data, std::span<float> values);

}  // namespace slmrig::forge
