// How GGUF's rows of halves and blocks that no kernel is tuned for become floats. Internal linkage: files
// that are compiled for different instruction sets include it, and vectorise it each for theirs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "workloads/runtime/kernels/kernels.h"
#include "workloads/runtime/math.h"

namespace slmrig::runtime {
namespace {

// GGUF blocks have no alignment.
inline uint16_t word_at(const uint8_t* bytes) {
  uint16_t word = 0;
  std::memcpy(&word, bytes, 2);
  return word;
}

inline float half_at(const uint8_t* bytes) { return float_from_half(word_at(bytes)); }

// A Row type has bytes(columns) of a row and decode(row, piece, count, y): the `count` (32, less at the end
// of a row of scalars) values of columns 32 * piece and on.
struct HalfRow {
  static size_t bytes(uint32_t columns) { return size_t{2} * columns; }
  static void decode(const uint8_t* row, uint32_t piece, uint32_t count, float* y) {
    const uint8_t* from = row + size_t{2} * kBlockColumns * piece;
    for (uint32_t i = 0; i < count; ++i) y[i] = half_at(from + size_t{2} * i);
  }
};

struct Bf16Row {
  static size_t bytes(uint32_t columns) { return size_t{2} * columns; }
  static void decode(const uint8_t* row, uint32_t piece, uint32_t count, float* y) {
    const uint8_t* from = row + size_t{2} * kBlockColumns * piece;
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t upper = word_at(from + size_t{2} * i);
      y[i] = float_of(static_cast<int32_t>(upper << 16));
    }
  }
};

// The legacy blocks of 32: a scale, perhaps a minimum, perhaps fifth bits, nibbles.
template <bool kHasMinimum, bool kHasFifthBit>
struct LegacyRow {
  static constexpr uint32_t kFifthBitsAt = kHasMinimum ? 4 : 2;
  static constexpr uint32_t kNibblesAt = kFifthBitsAt + (kHasFifthBit ? 4 : 0);
  static constexpr uint32_t kBytes = kNibblesAt + kBlockColumns / 2;
  static constexpr int kZero = kHasMinimum ? 0 : 16;

  static size_t bytes(uint32_t columns) { return size_t{kBytes} * (columns / kBlockColumns); }
  static void decode(const uint8_t* row, uint32_t piece, uint32_t, float* y) {
    const uint8_t* block = row + size_t{kBytes} * piece;
    const float scale = half_at(block);
    const float minimum = kHasMinimum ? half_at(block + 2) : 0.0F;
    uint32_t fifth_bits = 0;
    if (kHasFifthBit) std::memcpy(&fifth_bits, block + kFifthBitsAt, 4);
    // Low nibbles are columns 0..15, high ones 16..31: two loops without a choice in them become vector code.
    constexpr uint32_t kHalf = kBlockColumns / 2;
    for (uint32_t i = 0; i < kHalf; ++i) {
      const uint32_t fifth = (fifth_bits >> i & 1U) << 4;
      const uint32_t nibble = block[kNibblesAt + i] & 15U;
      y[i] = static_cast<float>(static_cast<int>(nibble | fifth) - kZero) * scale + minimum;
    }
    for (uint32_t i = 0; i < kHalf; ++i) {
      const uint32_t fifth = (fifth_bits >> (i + kHalf) & 1U) << 4;
      const uint32_t nibble = block[kNibblesAt + i] >> 4;
      y[kHalf + i] = static_cast<float>(static_cast<int>(nibble | fifth) - kZero) * scale + minimum;
    }
  }
};

struct Q5_KRow {
  static constexpr uint32_t kBytes = 176;
  static constexpr uint32_t kScalesAt = 4;
  static constexpr uint32_t kFifthBitsAt = 16;
  static constexpr uint32_t kNibblesAt = 48;

  static size_t bytes(uint32_t columns) { return size_t{kBytes} * (columns / kSuperColumns); }

  // Sub-block j's 6-bit scale and minimum out of 12 bytes.
  static void unpack(const uint8_t* s, uint32_t j, uint32_t* scale, uint32_t* minimum) {
    if (j < 4) {
      *scale = s[j] & 63U;
      *minimum = s[j + 4] & 63U;
    } else {
      *scale = (s[j + 4] & 15U) | (s[j - 4] >> 6 << 4);
      *minimum = (s[j + 4] >> 4) | (s[j] >> 6 << 4);
    }
  }

  static void decode(const uint8_t* row, uint32_t piece, uint32_t, float* y) {
    const uint32_t j = piece % (kSuperColumns / kBlockColumns);
    const uint8_t* block = row + size_t{kBytes} * (piece / (kSuperColumns / kBlockColumns));
    uint32_t scale = 0;
    uint32_t minimum = 0;
    unpack(block + kScalesAt, j, &scale, &minimum);
    const float d = half_at(block) * static_cast<float>(scale);
    const float m = half_at(block + 2) * static_cast<float>(minimum);
    const uint8_t* nibbles = block + kNibblesAt + j / 2 * kBlockColumns;
    for (uint32_t i = 0; i < kBlockColumns; ++i) {
      const uint32_t low = j % 2 == 0 ? nibbles[i] & 15U : nibbles[i] >> 4;
      const uint32_t fifth = block[kFifthBitsAt + i] >> j & 1U;
      y[i] = static_cast<float>(low | fifth << 4) * d - m;
    }
  }
};

using Q4_1Row = LegacyRow<true, false>;
using Q5_0Row = LegacyRow<false, true>;
using Q5_1Row = LegacyRow<true, true>;

}  // namespace
}  // namespace slmrig::runtime
