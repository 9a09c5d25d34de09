// The values that the codes of each block type stand for, in units of the scale.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "workloads/forge/block_codec.h"
#include "workloads/runtime/kernels/kernels.h"

namespace slmrig::forge {

constexpr std::size_t kNf4Columns = 64;
// NF4's codes reach from -1 to 1 times a block's absmax. Kernels read them from a table of whole numbers up
// to 127, and so do we: an encoder must know the values that will run.
constexpr float kNf4Unit = 127.0F;

template <int kLowest, int kCount>
constexpr std::array<float, kCount> whole_numbers() {
  std::array<float, kCount> values = {};
  for (int i = 0; i < kCount; ++i) values[static_cast<std::size_t>(i)] = static_cast<float>(kLowest + i);
  return values;
}

constexpr std::array<float, 16> table_values(const std::int8_t (&codes)[16]) {
  std::array<float, 16> values = {};
  for (std::size_t i = 0; i < 16; ++i) values[i] = static_cast<float>(codes[i]);
  return values;
}

inline constexpr auto kQ8Values = whole_numbers<-127, 255>();
inline constexpr auto kQ6Values = whole_numbers<-32, 64>();
inline constexpr auto kQ4Values = whole_numbers<-8, 16>();
inline constexpr auto kTernaryValues = whole_numbers<-1, 3>();
inline constexpr auto kNibbleValues = whole_numbers<0, 16>();
inline constexpr auto kCrumbValues = whole_numbers<0, 4>();
inline constexpr auto kIq4NlValues = table_values(runtime::kIq4NlCodes);
inline constexpr auto kNf4Values = table_values(runtime::kNf4Codes);

inline constexpr Levels kQ8Levels = {kQ8Values.data(), 255, true};
inline constexpr Levels kQ6Levels = {kQ6Values.data(), 64, true};
inline constexpr Levels kQ4Levels = {kQ4Values.data(), 16, true};
inline constexpr Levels kTernaryLevels = {kTernaryValues.data(), 3, true};
inline constexpr Levels kNibbleLevels = {kNibbleValues.data(), 16, true};
inline constexpr Levels kCrumbLevels = {kCrumbValues.data(), 4, true};
inline constexpr Levels kIq4NlLevels = {kIq4NlValues.data(), 16, false};
inline constexpr Levels kNf4Levels = {kNf4Values.data(), 16, false};

}  // namespace slmrig::forge
