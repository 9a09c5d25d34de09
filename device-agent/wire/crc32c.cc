#include "device-agent/wire/crc32c.h"

#if defined(__x86_64__)
#include <nmmintrin.h>

#include <cstring>
#endif

namespace slmrig::wire {
namespace {

struct Table {
  uint32_t entry[256];
};

constexpr Table make_table() {
  Table table{};
  for (uint32_t index = 0; index < 256; ++index) {
    uint32_t value = index;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value & 1U) != 0 ? (value >> 1) ^ 0x82F63B78U : value >> 1;
    }
    table.entry[index] = value;
  }
  return table;
}

constexpr Table kTable = make_table();

#if defined(__x86_64__)
// The instruction of SSE 4.2 computes this very polynomial, eight bytes at once.
__attribute__((target("sse4.2"))) uint32_t crc32c_by_instruction(const uint8_t* data, size_t size_bytes,
                                                                 uint32_t crc) {
  uint64_t wide = crc;
  size_t at = 0;
  for (; size_bytes - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, data + at, sizeof word);
    wide = _mm_crc32_u64(wide, word);
  }
  auto narrow = static_cast<uint32_t>(wide);
  for (; at < size_bytes; ++at) narrow = _mm_crc32_u8(narrow, data[at]);
  return narrow;
}
#endif

}  // namespace

uint32_t crc32c(const uint8_t* data, size_t size_bytes, uint32_t crc) {
  crc = ~crc;
#if defined(__x86_64__)
  static const bool kHasInstruction = __builtin_cpu_supports("sse4.2") != 0;
  if (kHasInstruction) return ~crc32c_by_instruction(data, size_bytes, crc);
#endif
  for (size_t i = 0; i < size_bytes; ++i) {
    crc = (crc >> 8) ^ kTable.entry[(crc ^ data[i]) & 0xFFU];
  }
  return ~crc;
}

}  // namespace slmrig::wire
