#include "workloads/runtime/crc32c.h"

#include <cstring>

namespace slmrig::runtime {
namespace {

constexpr uint32_t kPolynomial = 0x82F63B78U;  // reflected

// Slicing by four: 4 kB of flash, about three instructions a byte on a Cortex-M4, where a megabyte of weights
// is checked at every cold start.
struct Tables {
  uint32_t entry[4][256];
};

constexpr Tables make_tables() {
  Tables tables = {};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? kPolynomial : 0U);
    tables.entry[0][i] = crc;
  }
  for (uint32_t i = 0; i < 256; ++i) {
    for (int slice = 1; slice < 4; ++slice) {
      const uint32_t previous = tables.entry[slice - 1][i];
      tables.entry[slice][i] = (previous >> 8) ^ tables.entry[0][previous & 0xFFU];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

uint32_t crc32c(const uint8_t* data, size_t size_bytes, uint32_t crc) {
  crc = ~crc;
  while (size_bytes >= 4) {
    uint32_t word = 0;
    std::memcpy(&word, data, 4);
    crc ^= word;
    crc = kTables.entry[3][crc & 0xFFU] ^ kTables.entry[2][(crc >> 8) & 0xFFU] ^
          kTables.entry[1][(crc >> 16) & 0xFFU] ^ kTables.entry[0][crc >> 24];
    data += 4;
    size_bytes -= 4;
  }
  while (size_bytes > 0) {
    crc = (crc >> 8) ^ kTables.entry[0][(crc ^ *data) & 0xFFU];
    ++data;
    --size_bytes;
  }
  return ~crc;
}

}  // namespace slmrig::runtime
