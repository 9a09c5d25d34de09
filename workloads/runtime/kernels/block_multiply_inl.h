// Matrix products over the tiles of block_formats_inl.h. Internal linkage: see there.
#pragma once

#include <cstdint>

#include "workloads/runtime/kernels/block_formats_inl.h"

namespace slmrig::runtime {
namespace {

// Unpacked at a time when several tokens share the work: 512 columns, a few kilobytes of stack.
constexpr uint32_t kPanelBlocks = 16;

// V besides what the formats use: kTokens (how many share the registers), load and store(floats, rows, y).
template <typename V, template <typename> class FormatOf>
struct BlockMultiply {
  using Format = FormatOf<V>;
  using Block = typename V::Block;
  using Floats = typename V::Floats;
  using Tile = typename Format::Tile;
  static constexpr uint32_t kTileRows = V::kGroups * kGroupRows;
  static constexpr uint32_t kGroupBlocks = Format::kColumns / kBlockColumns;
  static_assert(kGroupBlocks == Format::kUnits * Format::kUnitBlocks, "a group is made of units");
  static_assert(kPanelBlocks % kGroupBlocks == 0, "a panel is made of groups");

  // Activations [tokens, blocks].
  struct Tokens {
    const uint8_t* data;
    size_t stride_bytes;

    const Block* of(uint32_t token) const {
      return reinterpret_cast<const Block*>(data + token * stride_bytes);
    }
    Tokens from(uint32_t token) const { return {data + token * stride_bytes, stride_bytes}; }
  };

  static Floats one_token(Groups<V> groups, uint32_t count, const Block* x) {
    Floats sums = V::set(0.0F);
    for (uint32_t group = 0; group < count; ++group, groups.advance(Format::kBytes)) {
      const typename Format::Head head = Format::head(groups);
      for (uint32_t unit = 0; unit < Format::kUnits; ++unit) {
        Tile tiles[Format::kUnitBlocks];
        Format::unpack(groups, head, unit, tiles);
        for (const Tile& tile : tiles) sums = Format::apply(tile, *x++, sums);
      }
    }
    return sums;
  }

  static void unpack_panel(Groups<V> groups, uint32_t blocks, Tile* tiles) {
    for (uint32_t done = 0; done < blocks; done += kGroupBlocks, groups.advance(Format::kBytes)) {
      const typename Format::Head head = Format::head(groups);
      for (uint32_t unit = 0; unit < Format::kUnits; ++unit, tiles += Format::kUnitBlocks) {
        Format::unpack(groups, head, unit, tiles);
      }
    }
  }

  // y [kCount, y_stride]: begins at 0 with the first panel, goes on from what is there with the others.
  template <uint32_t kCount>
  static void add_panel(const Tile* tiles, uint32_t blocks, Tokens x, uint32_t first_block, uint32_t rows,
                        uint32_t y_stride, float* y) {
    Floats sums[kCount];
    const Block* of[kCount];
    for (uint32_t token = 0; token < kCount; ++token) {
      sums[token] =
          first_block == 0 ? V::set(0.0F) : V::load(y + static_cast<size_t>(token) * y_stride, rows);
      of[token] = x.of(token) + first_block;
    }
    for (uint32_t block = 0; block < blocks; ++block) {
      for (uint32_t token = 0; token < kCount; ++token) {
        sums[token] = Format::apply(tiles[block], of[token][block], sums[token]);
      }
    }
    for (uint32_t token = 0; token < kCount; ++token) {
      V::store(sums[token], rows, y + static_cast<size_t>(token) * y_stride);
    }
  }

  // One tile's rows for all tokens. y [tokens, y_stride]
  static void many_tokens(Groups<V> groups, uint32_t blocks, Tokens x, uint32_t tokens, uint32_t rows,
                          uint32_t y_stride, float* y) {
    Tile tiles[kPanelBlocks];
    for (uint32_t first = 0; first < blocks; first += kPanelBlocks) {
      const uint32_t now = blocks - first < kPanelBlocks ? blocks - first : kPanelBlocks;
      unpack_panel(groups, now, tiles);
      groups.advance(size_t{now / kGroupBlocks} * Format::kBytes);
      uint32_t token = 0;
      for (; token + V::kTokens <= tokens; token += V::kTokens) {
        add_panel<V::kTokens>(tiles, now, x.from(token), first, rows, y_stride,
                              y + static_cast<size_t>(token) * y_stride);
      }
      for (; token < tokens; ++token) {
        add_panel<1>(tiles, now, x.from(token), first, rows, y_stride,
                     y + static_cast<size_t>(token) * y_stride);
      }
    }
  }

  static void multiply(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
    const uint32_t count = matrix.columns / Format::kColumns;
    const size_t strip_bytes = static_cast<size_t>(count) * Format::kBytes;
    const Tokens x = {static_cast<const uint8_t*>(activations.data), activations.token_stride_bytes};
    const uint8_t* const last = matrix.data + (matrix.rows / kGroupRows - 1) * strip_bytes;
    const uint8_t* strip = matrix.data;
    for (uint32_t row = 0; row < matrix.rows; row += kTileRows, strip += V::kGroups * strip_bytes) {
      // Groups beyond the last row read it again, and are not stored.
      Groups<V> groups;
      for (uint32_t i = 0; i < V::kGroups; ++i) {
        groups.at[i] = strip + i * strip_bytes < last ? strip + i * strip_bytes : last;
      }
      const uint32_t rows = matrix.rows - row < kTileRows ? matrix.rows - row : kTileRows;
      if (tokens == 1) {
        V::store(one_token(groups, count, x.of(0)), rows, y + row);
      } else {
        many_tokens(groups, count * kGroupBlocks, x, tokens, rows, matrix.rows, y + row);
      }
    }
  }
};

}  // namespace
}  // namespace slmrig::runtime
