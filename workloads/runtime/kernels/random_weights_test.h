// Random weights of every format, for tests of kernels.
#pragma once

#include <cstring>
#include <initializer_list>
#include <random>
#include <vector>

#include "workloads/runtime/image_formats.h"

namespace slmrig::runtime::test {

// Aligned to 32 within a larger vector.
template <typename T>
class Buffer {
 public:
  explicit Buffer(size_t count) : storage_(count * sizeof(T) + 64), count_(count) {}
  T* data() { return reinterpret_cast<T*>((reinterpret_cast<uintptr_t>(storage_.data()) + 31) / 32 * 32); }
  T& operator[](size_t i) { return data()[i]; }
  size_t size() const { return count_; }

 private:
  std::vector<uint8_t> storage_;
  size_t count_;
};

enum class Codes { kRandom, kLowest, kHighest };

inline std::vector<Format> all_formats() {
  std::vector<Format> formats;
  for (size_t i = 0; i < kFormatCount; ++i) formats.push_back(static_cast<Format>(i));
  return formats;
}

// Scales around 0.01, sometimes 0, subnormal or the largest half.
inline uint16_t random_half(std::mt19937& random) {
  const auto kind = static_cast<uint32_t>(random() % 48);
  if (kind == 0) return 0;
  if (kind == 1) return 0x0003;
  if (kind == 2) return 0x7BFF;
  return static_cast<uint16_t>(0x1800 + random() % 0x1000 + (random() % 2 << 15));
}

// How many halves begin a group, and where its codes do.
struct GroupParts {
  uint32_t bytes;
  uint32_t halves;
  uint32_t codes_at;
};

inline GroupParts parts_of(Format format) {
  const uint64_t bytes = stored_bytes(format, rows_per_group(format), columns_per_group(format));
  GroupParts parts = {static_cast<uint32_t>(bytes), 4, 8};
  switch (format) {
    case Format::kF16: parts = {2, 1, 2}; break;
    case Format::kF32:
    case Format::kBf16: parts.halves = parts.codes_at = 0; break;
    case Format::kQ2_K: parts.halves = 8, parts.codes_at = 80; break;
    case Format::kQ4_K: parts.halves = 8, parts.codes_at = 80; break;
    case Format::kQ6_K: parts.codes_at = 72; break;
    case Format::kQ5_0: parts.halves = 1, parts.codes_at = 2; break;
    case Format::kQ4_1:
    case Format::kQ5_1: parts.halves = 2, parts.codes_at = 4; break;
    case Format::kQ5_K: parts.halves = 2, parts.codes_at = 16; break;
    default: break;
  }
  return parts;
}

// A byte of codes.
inline uint8_t random_byte(Format format, Codes codes, std::mt19937& random) {
  const auto any = static_cast<uint8_t>(codes == Codes::kRandom   ? random()
                                        : codes == Codes::kLowest ? 0
                                                                  : 255);
  switch (format) {
    case Format::kQ8_0:
      if (codes != Codes::kRandom) return codes == Codes::kLowest ? 0x81 : 127;
      return any == 0x80 ? 0x81 : any;
    case Format::kQ6_K:
      if (codes != Codes::kRandom) return static_cast<uint8_t>(codes == Codes::kLowest ? -32 : 31);
      return static_cast<uint8_t>(static_cast<int>(any % 64) - 32);
    case Format::kTq2_0: {
      uint8_t crumbs = 0;
      for (int shift = 0; shift < 8; shift += 2) {
        const unsigned long crumb = codes == Codes::kRandom ? random() % 3 : codes == Codes::kLowest ? 0 : 2;
        crumbs = static_cast<uint8_t>(crumbs | crumb << shift);
      }
      return crumbs;
    }
    default: return any;
  }
}

inline void fill_group(Format format, Codes codes, const GroupParts& parts, uint8_t* group,
                       std::mt19937& random) {
  std::normal_distribution<float> normal(0.0F, 0.2F);
  if (format == Format::kF32 || format == Format::kBf16) {
    const float value = normal(random);
    const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
    std::memcpy(group, bytes + 4 - parts.bytes, parts.bytes);
    return;
  }
  for (uint32_t i = 0; i < parts.halves; ++i) {
    const uint16_t half = random_half(random);
    std::memcpy(group + 2 * i, &half, 2);
  }
  for (uint32_t i = 2 * parts.halves; i < parts.bytes; ++i) {
    group[i] = i < parts.codes_at ? static_cast<uint8_t>(random()) : random_byte(format, codes, random);
    if (format == Format::kQ4_K && i < parts.codes_at) group[i] &= 63;
  }
}

// rows and columns must fit the format's groups.
inline Buffer<uint8_t> random_weights(Format format, uint32_t rows, uint32_t columns, Codes codes,
                                      std::mt19937& random) {
  Buffer<uint8_t> data(stored_bytes(format, rows, columns));
  const GroupParts parts = parts_of(format);
  for (size_t group = 0; group < data.size(); group += parts.bytes) {
    fill_group(format, codes, parts, data.data() + group, random);
  }
  return data;
}

}  // namespace slmrig::runtime::test
