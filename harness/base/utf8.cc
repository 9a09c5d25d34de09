#include "harness/base/utf8.h"

#include <cstdint>

namespace slmrig::base {
namespace {

struct Step {
  std::size_t bytes;  // at least 1
  bool valid;
};

bool within_range(uint8_t byte, uint8_t low, uint8_t high) { return byte >= low && byte <= high; }

// Table 3-7 of the Unicode standard: the second byte's range depends on the first.
Step step_at(std::string_view bytes, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < bytes.size() ? static_cast<uint8_t>(bytes[at + i]) : uint8_t{0};
  };
  const uint8_t first = byte(0);
  if (first < 0x80) return {1, true};
  std::size_t length = 0;
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
  if (within_range(first, 0xC2, 0xDF)) {
    length = 2;
  } else if (within_range(first, 0xE0, 0xEF)) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (within_range(first, 0xF0, 0xF4)) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return {1, false};
  }
  if (!within_range(byte(1), low, high)) return {1, false};
  for (std::size_t i = 2; i < length; ++i) {
    if (!within_range(byte(i), 0x80, 0xBF)) return {i, false};
  }
  return {length, true};
}

}  // namespace

std::string make_valid_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const Step step = step_at(bytes, at);
    text += step.valid ? bytes.substr(at, step.bytes) : std::string_view("\xEF\xBF\xBD");
    at += step.bytes;
  }
  return text;
}

bool is_valid_utf8(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const Step step = step_at(bytes, at);
    if (!step.valid) return false;
    at += step.bytes;
  }
  return true;
}

}  // namespace slmrig::base
