#include "reports/packed_integers.h"

#include <vector>

namespace slmrig::reports {
namespace {

constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void append_leb128(std::vector<uint8_t>& bytes, uint64_t value) {
  while (value >= 0x80) {
    bytes.push_back(static_cast<uint8_t>(value | 0x80));
    value >>= 7;
  }
  bytes.push_back(static_cast<uint8_t>(value));
}

}  // namespace

std::string pack_integers(std::span<const int64_t> values) {
  std::vector<uint8_t> bytes;
  int64_t previous = 0;
  for (const int64_t value : values) {
    const int64_t difference = value - previous;
    append_leb128(bytes, (static_cast<uint64_t>(difference) << 1) ^ static_cast<uint64_t>(difference >> 63));
    previous = value;
  }
  return base64(bytes);
}

std::string base64(std::span<const uint8_t> bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t left = bytes.size() - at;
    const uint32_t second = left > 1 ? bytes[at + 1] : 0;
    const uint32_t third = left > 2 ? bytes[at + 2] : 0;
    const uint32_t group = static_cast<uint32_t>(bytes[at]) << 16 | second << 8 | third;
    text += kDigits[group >> 18];
    text += kDigits[group >> 12 & 63];
    text += left > 1 ? kDigits[group >> 6 & 63] : '=';
    text += left > 2 ? kDigits[group & 63] : '=';
  }
  return text;
}

}  // namespace slmrig::reports
