#include "workloads/forge/block_codec_k.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "workloads/forge/block_formats.h"
#include "workloads/forge/block_levels.h"
#include "workloads/forge/block_search.h"
#include "workloads/forge/gguf.h"

namespace slmrig::forge {

namespace {

// What tells Q2_K and Q4_K apart: weight = d * scale_code * level - dmin * offset_code.
struct AffineKind {
  const Levels& levels;
  std::size_t sub_columns;
  float highest_code;  // of scales and offsets

  std::size_t sub_count() const { return kSuperBlock / sub_columns; }
  float highest_level() const { return static_cast<float>(levels.count - 1); }
};
constexpr AffineKind kQ2K = {kCrumbLevels, 16, 15.0F};
constexpr AffineKind kQ4K = {kNibbleLevels, 32, 63.0F};

void set_affine(std::size_t sub, int scale_code, int offset_code, BlockScales* scales) {
  scales->scale_code[sub] = static_cast<std::int8_t>(scale_code);
  scales->offset_code[sub] = static_cast<std::int8_t>(offset_code);
  scales->scale[sub] = float_from_half(scales->d) * static_cast<float>(scale_code);
  scales->offset[sub] = float_from_half(scales->dmin) * static_cast<float>(offset_code);
}

int code_of(float value, float unit, float highest) {
  return unit == 0.0F ? 0 : static_cast<int>(std::clamp(std::nearbyint(value / unit), 0.0F, highest));
}

// The stored pair nearest to `wanted`, or the one beside it that loses least once rounding is done.
void choose_stored_pair(const AffineKind& kind, const Piece& piece, const AffineScale& wanted, bool search,
                        std::size_t sub, BlockScales* scales) {
  const float d = float_from_half(scales->d);
  const float dmin = float_from_half(scales->dmin);
  const int highest = static_cast<int>(kind.highest_code);
  const int scale_code = code_of(wanted.scale, d, kind.highest_code);
  const int offset_code = code_of(wanted.offset, dmin, kind.highest_code);
  int best_scale = scale_code;
  int best_offset = offset_code;
  if (search) {
    double best = INFINITY;
    for (int s = std::max(scale_code - 1, 0); s <= std::min(scale_code + 1, highest); ++s) {
      for (int o = std::max(offset_code - 1, 0); o <= std::min(offset_code + 1, highest); ++o) {
        const double loss =
            rounding_loss(kind.levels, piece, d * static_cast<float>(s), dmin * static_cast<float>(o));
        if (loss >= best) continue;
        best = loss;
        best_scale = s;
        best_offset = o;
      }
    }
  }
  set_affine(sub, best_scale, best_offset, scales);
}

template <const AffineKind& kKind>
void choose_affine_sub(const float* x, const float* weight, std::size_t sub, BlockScales* scales) {
  const Piece piece = {x, weight, kKind.sub_columns};
  choose_stored_pair(kKind, piece, search_affine_scale(kKind.highest_level(), piece), true, sub, scales);
}

template <const AffineKind& kKind>
void choose_affine(const float* x, const float* weight, ScaleChoice choice, BlockScales* scales) {
  const bool search = choice == ScaleChoice::kSearch;
  const std::size_t count = kKind.sub_count();
  AffineScale wanted[kMostSubBlocks];
  float scale_values[kMostSubBlocks];
  float offset_values[kMostSubBlocks];
  float sub_weights[kMostSubBlocks];
  for (std::size_t sub = 0; sub < count; ++sub) {
    const Piece piece = {x + sub * kKind.sub_columns, weight + sub * kKind.sub_columns, kKind.sub_columns};
    wanted[sub] = search ? search_affine_scale(kKind.highest_level(), piece)
                         : minmax_scale(kKind.highest_level(), piece);
    scale_values[sub] = wanted[sub].scale;
    offset_values[sub] = wanted[sub].offset;
    sub_weights[sub] = 0.0F;
    for (std::size_t i = 0; i < piece.count; ++i) sub_weights[sub] += piece.weight[i];
  }
  const auto unit = [&](const float* values) {
    if (search) return search_unit(kKind.highest_code, {values, sub_weights, count});
    return *std::max_element(values, values + count) / kKind.highest_code;
  };
  scales->d = half_from_float(unit(scale_values));
  scales->dmin = half_from_float(unit(offset_values));
  for (std::size_t sub = 0; sub < count; ++sub) {
    const Piece piece = {x + sub * kKind.sub_columns, weight + sub * kKind.sub_columns, kKind.sub_columns};
    choose_stored_pair(kKind, piece, wanted[sub], search, sub, scales);
  }
}

constexpr std::size_t kQ6SubColumns = 16;

void set_q6_k(std::size_t sub, int code, BlockScales* scales) {
  scales->scale_code[sub] = static_cast<std::int8_t>(code);
  scales->scale[sub] = float_from_half(scales->d) * static_cast<float>(code);
}

void choose_stored_q6_k(const Piece& piece, float wanted, bool search, std::size_t sub, BlockScales* scales) {
  const float d = float_from_half(scales->d);
  const float code = d == 0.0F ? 0.0F : std::clamp(std::nearbyint(wanted / d), -127.0F, 127.0F);
  int best_code = static_cast<int>(code);
  if (search) {
    double best = INFINITY;
    for (float near = std::max(code - 1.0F, -127.0F); near <= std::min(code + 1.0F, 127.0F); ++near) {
      const double loss = rounding_loss(kQ6Levels, piece, d * near, 0.0F);
      if (loss >= best) continue;
      best = loss;
      best_code = static_cast<int>(near);
    }
  }
  set_q6_k(sub, best_code, scales);
}

void choose_q6_k_sub(const float* x, const float* weight, std::size_t sub, BlockScales* scales) {
  const Piece piece = {x, weight, kQ6SubColumns};
  choose_stored_q6_k(piece, search_scale(kQ6Levels, piece), true, sub, scales);
}

void choose_q6_k(const float* x, const float* weight, ScaleChoice choice, BlockScales* scales) {
  const bool search = choice == ScaleChoice::kSearch;
  float wanted[kMostSubBlocks];
  float largest = 0.0F;
  const auto piece_of = [&](std::size_t sub) {
    return Piece{x + sub * kQ6SubColumns, weight + sub * kQ6SubColumns, kQ6SubColumns};
  };
  for (std::size_t sub = 0; sub < kMostSubBlocks; ++sub) {
    const Piece piece = piece_of(sub);
    wanted[sub] = search ? search_scale(kQ6Levels, piece) : absmax_scale(kQ6Levels, piece);
    largest = std::max(largest, std::fabs(wanted[sub]));
  }
  scales->d = half_from_float(largest / 127.0F);
  for (std::size_t sub = 0; sub < kMostSubBlocks; ++sub) {
    choose_stored_q6_k(piece_of(sub), wanted[sub], search, sub, scales);
  }
}

void pack_q2_k(const BlockScales& scales, const std::uint8_t* codes, std::uint8_t* block) {
  for (std::size_t sub = 0; sub < 16; ++sub) {
    block[sub] = static_cast<std::uint8_t>(scales.scale_code[sub] | scales.offset_code[sub] << 4);
  }
  pack_crumbs(codes, block + 16);
  std::memcpy(block + 80, &scales.d, 2);
  std::memcpy(block + 82, &scales.dmin, 2);
}

void pack_q4_k(const BlockScales& scales, const std::uint8_t* codes, std::uint8_t* block) {
  std::memcpy(block, &scales.d, 2);
  std::memcpy(block + 2, &scales.dmin, 2);
  // Sub-blocks 0..3 have six bits of a byte each; those of 4..7 fill the gaps, high bits on top.
  std::uint8_t* s = block + 4;
  for (std::size_t j = 0; j < 4; ++j) {
    const auto scale = static_cast<unsigned>(scales.scale_code[4 + j]);
    const auto offset = static_cast<unsigned>(scales.offset_code[4 + j]);
    s[j] = static_cast<std::uint8_t>(static_cast<unsigned>(scales.scale_code[j]) | scale >> 4 << 6);
    s[4 + j] = static_cast<std::uint8_t>(static_cast<unsigned>(scales.offset_code[j]) | offset >> 4 << 6);
    s[8 + j] = static_cast<std::uint8_t>((scale & 15U) | (offset & 15U) << 4);
  }
  for (std::size_t pair = 0; pair < 4; ++pair) {
    for (std::size_t i = 0; i < 32; ++i) {
      block[16 + 32 * pair + i] =
          static_cast<std::uint8_t>(codes[64 * pair + i] | codes[64 * pair + 32 + i] << 4);
    }
  }
}

void pack_q6_k(const BlockScales& scales, const std::uint8_t* codes, std::uint8_t* block) {
  for (std::size_t half = 0; half < 2; ++half) {
    const std::uint8_t* from = codes + 128 * half;
    for (std::size_t i = 0; i < 64; ++i) {
      block[64 * half + i] = static_cast<std::uint8_t>((from[i] & 15) | (from[64 + i] & 15) << 4);
    }
    for (std::size_t i = 0; i < 32; ++i) {
      block[128 + 32 * half + i] = static_cast<std::uint8_t>(from[i] >> 4 | from[32 + i] >> 4 << 2 |
                                                             from[64 + i] >> 4 << 4 | from[96 + i] >> 4 << 6);
    }
  }
  std::memcpy(block + 192, scales.scale_code.data(), 16);
  std::memcpy(block + 208, &scales.d, 2);
}

constexpr BlockCodec kCodecs[] = {
    {kGgmlQ2_K, kSuperBlock, 16, 84, kCrumbLevels, choose_affine<kQ2K>, choose_affine_sub<kQ2K>, pack_q2_k},
    {kGgmlQ4_K, kSuperBlock, 32, 144, kNibbleLevels, choose_affine<kQ4K>, choose_affine_sub<kQ4K>, pack_q4_k},
    {kGgmlQ6_K, kSuperBlock, 16, 210, kQ6Levels, choose_q6_k, choose_q6_k_sub, pack_q6_k},
};

}  // namespace

const BlockCodec* k_block_codec(std::uint32_t type) {
  const auto* codec = std::find_if(std::begin(kCodecs), std::end(kCodecs),
                                   [type](const BlockCodec& each) { return each.type == type; });
  return codec == std::end(kCodecs) ? nullptr : codec;
}

void pack_crumbs(const std::uint8_t* codes, std::uint8_t* bytes) {
  for (std::size_t half = 0; half < 2; ++half) {
    const std::uint8_t* from = codes + 128 * half;
    for (std::size_t i = 0; i < 32; ++i) {
      bytes[32 * half + i] =
          static_cast<std::uint8_t>(from[i] | from[32 + i] << 2 | from[64 + i] << 4 | from[96 + i] << 6);
    }
  }
}

}  // namespace slmrig::forge
