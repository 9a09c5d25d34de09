// How one block of a row is quantized: its scales are chosen, each weight takes the nearest level, and scales
// and codes are packed as GGUF stores them.
//
// One BlockCodec for each block type that slmforge writes. What rounds (block_encode), and what rounds column
// by column and lets later columns make up for the error (gptq), share it. Pure functions, safe from many
// threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace slmrig::forge {

// The values that a code can stand for, ascending, in units of the scale. Code 0 is the lowest.
struct Levels {
  const float* values = nullptr;
  int count = 0;
  bool uniform = true;  // neighbours are 1 apart
};

enum class ScaleChoice {
  kAbsmax,  // the extreme weights are met exactly
  kSearch,  // the least weighted squared error
};

constexpr std::size_t kMostSubBlocks = 16;

// The scales of one block as they are stored, and as a reader makes them out:
// weight = level * scale - offset, of the sub-block that the weight is in.
struct BlockScales {
  std::array<float, kMostSubBlocks> scale = {};
  std::array<float, kMostSubBlocks> offset = {};
  std::uint16_t d = 0;     // half
  std::uint16_t dmin = 0;  // half
  std::array<std::int8_t, kMostSubBlocks> scale_code = {};
  std::array<std::int8_t, kMostSubBlocks> offset_code = {};
};

struct BlockCodec {
  std::uint32_t type;         // GgmlType
  std::uint32_t columns;      // weights of a block
  std::uint32_t sub_columns;  // weights that share a scale; columns, where there are no sub-blocks
  std::uint32_t bytes;        // of a packed block
  Levels levels;

  // x, weight [columns] -> scales. weight: what a squared error counts, above zero.
  void (*choose)(const float* x, const float* weight, ScaleChoice choice, BlockScales* scales);

  // Chooses the scale of one sub-block again, x and weight [sub_columns], for what d and dmin are. Null where
  // there are no sub-blocks.
  void (*choose_sub)(const float* x, const float* weight, std::size_t sub_block, BlockScales* scales);

  // codes [columns] -> block [bytes]
  void (*pack)(const BlockScales& scales, const std::uint8_t* codes, std::uint8_t* block);
};

// Null for types that are not blocks or that slmforge only reads.
const BlockCodec* block_codec(std::uint32_t type);

// The code whose level is nearest to t; t = (x + offset) / scale.
int nearest_code(const Levels& levels, float t);

// The code of x in a sub-block, and what it stands for. A scale of zero has one value only.
struct Rounded {
  std::uint8_t code;
  float value;
};
inline Rounded round_weight(const Levels& levels, float scale, float offset, float x) {
  const int code = nearest_code(levels, scale == 0.0F ? 0.0F : (x + offset) / scale);
  return {static_cast<std::uint8_t>(code), levels.values[code] * scale - offset};
}

}  // namespace slmrig::forge
