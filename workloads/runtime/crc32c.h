// CRC-32C (Castagnoli): the checksum of an image's parts.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slmrig::runtime {

// Of data [size_bytes]; `crc` continues an earlier call's result, 0 begins.
uint32_t crc32c(const uint8_t* data, size_t size_bytes, uint32_t crc = 0);

}  // namespace slmrig::runtime
