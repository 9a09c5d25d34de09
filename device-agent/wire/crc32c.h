// CRC-32C (Castagnoli; reflected polynomial 0x82F63B78, initial and final value all ones).
//
// On top of what any 32-bit CRC catches (every burst of up to 32 bits, all but 2^-32 of the rest), this
// polynomial catches every 5 bit errors in up to 655 bytes and every 3 in any frame of ours, and every odd
// number of them at any length.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slmrig::wire {

// Continues `crc` (the result of an earlier call; 0 at first) over data [size_bytes].
uint32_t crc32c(const uint8_t* data, size_t size_bytes, uint32_t crc = 0);

}  // namespace slmrig::wire
