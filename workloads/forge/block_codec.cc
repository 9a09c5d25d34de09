// The blocks of one scale: Q8_0, Q4_0, IQ4_NL, NF4, TQ2_0.
#include "workloads/forge/block_codec.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "workloads/forge/block_codec_k.h"
#include "workloads/forge/block_formats.h"
#include "workloads/forge/block_levels.h"
#include "workloads/forge/block_search.h"
#include "workloads/forge/gguf.h"

namespace slmrig::forge {

namespace {

float scale_of(const Levels& levels, const Piece& piece, ScaleChoice choice) {
  return choice == ScaleChoice::kSearch ? search_scale(levels, piece) : absmax_scale(levels, piece);
}

template <const Levels& kLevels, std::size_t kColumns>
void choose_scale(const float* x, const float* weight, ScaleChoice choice, BlockScales* scales) {
  scales->d = half_from_float(scale_of(kLevels, {x, weight, kColumns}, choice));
  scales->scale[0] = float_from_half(scales->d);
}

// NF4 stores the largest magnitude that its codes reach, not their unit.
void choose_nf4(const float* x, const float* weight, ScaleChoice choice, BlockScales* scales) {
  scales->d = half_from_float(scale_of(kNf4Levels, {x, weight, kNf4Columns}, choice) * kNf4Unit);
  scales->scale[0] = float_from_half(scales->d) / kNf4Unit;
}

void pack_q8_0(const BlockScales& scales, const std::uint8_t* codes, std::uint8_t* block) {
  std::memcpy(block, &scales.d, 2);
  for (std::size_t i = 0; i < 32; ++i) {
    block[2 + i] = static_cast<std::uint8_t>(static_cast<int>(codes[i]) - 127);
  }
}

// Columns i and 16 + i share a byte.
void pack_four_bit(const BlockScales& scales, const std::uint8_t* codes, std::uint8_t* block) {
  std::memcpy(block, &scales.d, 2);
  for (std::size_t i = 0; i < 16; ++i) {
    block[2 + i] = static_cast<std::uint8_t>(codes[i] | codes[16 + i] << 4);
  }
}

// Neighbours share a byte, the first one high.
void pack_nf4(const BlockScales& scales, const std::uint8_t* codes, std::uint8_t* block) {
  std::memcpy(block, &scales.d, 2);
  for (std::size_t i = 0; i < kNf4Columns / 2; ++i) {
    block[2 + i] = static_cast<std::uint8_t>(codes[2 * i] << 4 | codes[2 * i + 1]);
  }
}

void pack_tq2_0(const BlockScales& scales, const std::uint8_t* codes, std::uint8_t* block) {
  pack_crumbs(codes, block);
  std::memcpy(block + 64, &scales.d, 2);
}

constexpr BlockCodec kCodecs[] = {
    {kGgmlQ8_0, 32, 32, 34, kQ8Levels, choose_scale<kQ8Levels, 32>, nullptr, pack_q8_0},
    {kGgmlQ4_0, 32, 32, 18, kQ4Levels, choose_scale<kQ4Levels, 32>, nullptr, pack_four_bit},
    {kGgmlIq4Nl, 32, 32, 18, kIq4NlLevels, choose_scale<kIq4NlLevels, 32>, nullptr, pack_four_bit},
    {kGgmlNf4, kNf4Columns, kNf4Columns, 34, kNf4Levels, choose_nf4, nullptr, pack_nf4},
    {kGgmlTq2_0, 256, 256, 66, kTernaryLevels, choose_scale<kTernaryLevels, 256>, nullptr, pack_tq2_0},
};

}  // namespace

const BlockCodec* block_codec(std::uint32_t type) {
  const auto* codec = std::find_if(std::begin(kCodecs), std::end(kCodecs),
                                   [type](const BlockCodec& each) { return each.type == type; });
  return codec == std::end(kCodecs) ? k_block_codec(type) : codec;
}

int nearest_code(const Levels& levels, float t) {
  if (levels.uniform) {
    const float code = std::nearbyint(t - levels.values[0]);
    return static_cast<int>(std::clamp(code, 0.0F, static_cast<float>(levels.count - 1)));
  }
  const float* above = std::lower_bound(levels.values, levels.values + levels.count, t);
  const auto high = static_cast<int>(above - levels.values);
  if (high == 0) return 0;
  if (high == levels.count) return high - 1;
  return t - levels.values[high - 1] < levels.values[high] - t ? high - 1 : high;
}

}  // namespace slmrig::forge
