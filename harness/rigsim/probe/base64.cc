#include "harness/rigsim/probe/base64.h"

#include <array>

namespace slmrig::rigsim {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNoDigit = 0xFF;

constexpr std::array<uint8_t, 256> digit_values() {
  std::array<uint8_t, 256> values = {};
  for (uint8_t& value : values) value = kNoDigit;
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    values[static_cast<uint8_t>(kAlphabet[i])] = static_cast<uint8_t>(i);
  return values;
}
constexpr std::array<uint8_t, 256> kDigitValues = digit_values();

}  // namespace

std::string base64_encode(std::span<const uint8_t> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '=');
  char* out = text.data();
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const uint32_t group =
        bytes[i] << 16U | (left > 1 ? bytes[i + 1] : 0U) << 8U | (left > 2 ? bytes[i + 2] : 0U);
    *out++ = kAlphabet[group >> 18U];
    *out++ = kAlphabet[group >> 12U & 63U];
    if (left > 1) *out = kAlphabet[group >> 6U & 63U];
    ++out;
    if (left > 2) *out = kAlphabet[group & 63U];
    ++out;
  }
  return text;
}

bool base64_decode(std::string_view text, std::span<uint8_t> bytes) {
  if (text.size() != (bytes.size() + 2) / 3 * 4) return false;
  std::size_t out = 0;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    uint32_t group = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      // Padding stands for the bytes that `bytes` has not got.
      const uint8_t value = kDigitValues[static_cast<uint8_t>(text[i + k])];
      const bool padding = out + k > bytes.size();
      if (padding != (text[i + k] == '=') || (!padding && value == kNoDigit)) return false;
      group = group << 6U | (padding ? 0U : value);
    }
    for (uint32_t shift = 16; out < bytes.size(); shift -= 8) {
      bytes[out++] = static_cast<uint8_t>(group >> shift);
      if (shift == 0) break;
    }
  }
  return true;
}

}  // namespace slmrig::rigsim
