#include "device-agent/wire/crc32c.h"

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

}  // namespace

uint32_t crc32c(const uint8_t* data, size_t size_bytes, uint32_t crc) {
  crc = ~crc;
  for (size_t i = 0; i < size_bytes; ++i) {
    crc = (crc >> 8) ^ kTable.entry[(crc ^ data[i]) & 0xFFU];
  }
  return ~crc;
}

}  // namespace slmrig::wire
