// Matrix products over the tiles of block_formats_inl.h. Internal linkage: see there.
#pragma once

#include <cstdint>

#include "workloads/runtime/kernels/block_formats_inl.h"

namespace slmrig::runtime {
namespace {

// Unpacked at a time when several tokens share the work: 512 columns, a few kilobytes of stack.
constexpr uint32_t kPanelBlocks = 16;

// So far ahead weights are asked for: what a core reads in the latency of a last-level cache.
constexpr size_t kPrefetchBytes = 8192;
constexpr size_t kCacheLineBytes = 64;

// What a vector unit that serves one token at a time has besides V.
template <typename BlockType>
struct OneTokenAtATime {
  using Block = BlockType;
  using Row = const Block*;
  static constexpr uint32_t kTokenLanes = 1;

  static inline Row row(const uint8_t* data, size_t) { return reinterpret_cast<Row>(data); }
  static inline const Block& block(Row row, uint32_t index) { return row[index]; }
};

// V besides what the formats use:
//   kTokenLanes    how many tokens it serves at a time
//   kShared        how many times as many share the registers that hold a tile
//   Row, row(data, stride_bytes), block(row, index)    the activations of kTokenLanes tokens
//   load(y, rows, y_stride), store(floats, rows, y, y_stride, tokens)
template <typename V, template <typename> class FormatOf>
struct BlockMultiply {
  using Format = FormatOf<V>;
  using Floats = typename V::Floats;
  using Tile = typename Format::Tile;
  static constexpr uint32_t kTileRows = V::kGroups * kGroupRows;
  static constexpr uint32_t kGroupBlocks = Format::kColumns / kBlockColumns;
  static_assert(kGroupBlocks == Format::kUnits * Format::kUnitBlocks, "a group is made of units");
  static_assert(kPanelBlocks % kGroupBlocks == 0, "a panel is made of groups");

  // Where the results of one tile's rows go. y [tokens, stride]
  struct Output {
    float* y;
    uint32_t rows;
    size_t stride;

    Output from(uint32_t token) const { return {y + token * stride, rows, stride}; }
  };

  // Asks for unit `unit` of what comes kPrefetchBytes after the groups at `begin`. The groups of several rows
  // are read side by side, which hardware takes for many short streams; together they are one long one.
  static inline void prefetch(const uint8_t* begin, uint32_t unit) {
    constexpr size_t kBytes = V::kGroups * Format::kBytes;
    for (size_t at = unit * kBytes / Format::kUnits; at < (unit + 1) * kBytes / Format::kUnits;
         at += kCacheLineBytes) {
      __builtin_prefetch(begin + kPrefetchBytes + at);
    }
  }

  static Floats one_token(Groups<V> groups, uint32_t count, typename V::Row x) {
    Floats sums = V::set(0.0F);
    uint32_t block = 0;
    const uint8_t* begin = groups.at[0];
    for (uint32_t group = 0; group < count; ++group, groups.advance(Format::kBytes)) {
      const typename Format::Head head = Format::head(groups);
      for (uint32_t unit = 0; unit < Format::kUnits; ++unit) {
        prefetch(begin, unit);
        Tile tiles[Format::kUnitBlocks];
        Format::unpack(groups, head, unit, tiles);
        for (const Tile& tile : tiles) sums = Format::apply(tile, V::block(x, block++), sums);
      }
      begin += V::kGroups * Format::kBytes;
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

  // kCount times `lanes` tokens from x on. The first panel begins at 0, the others go on from what is there.
  template <uint32_t kCount>
  static void add_panel(const Tile* tiles, uint32_t first, uint32_t blocks, const Activations& x,
                        uint32_t lanes, Output out) {
    const auto* data = static_cast<const uint8_t*>(x.data);
    Floats sums[kCount];
    typename V::Row rows[kCount];
    for (uint32_t i = 0; i < kCount; ++i) {
      const Output to = out.from(i * lanes);
      sums[i] = first == 0 ? V::set(0.0F) : V::load(to.y, to.rows, lanes > 1 ? to.stride : 0);
      rows[i] = V::row(data + i * lanes * x.token_stride_bytes, lanes > 1 ? x.token_stride_bytes : 0);
    }
    for (uint32_t block = 0; block < blocks; ++block) {
      for (uint32_t i = 0; i < kCount; ++i) {
        sums[i] = Format::apply(tiles[block], V::block(rows[i], first + block), sums[i]);
      }
    }
    for (uint32_t i = 0; i < kCount; ++i) {
      const Output to = out.from(i * lanes);
      V::store(sums[i], to.rows, to.y, to.stride, lanes);
    }
  }

  static Activations from(const Activations& x, uint32_t token) {
    return {static_cast<const uint8_t*>(x.data) + token * x.token_stride_bytes, x.token_stride_bytes};
  }

  // One tile's rows for all tokens.
  static void many_tokens(Groups<V> groups, uint32_t blocks, const Activations& x, uint32_t tokens,
                          Output out) {
    constexpr uint32_t kLanes = V::kTokenLanes;
    constexpr uint32_t kAtOnce = kLanes * V::kShared;
    Tile tiles[kPanelBlocks];
    for (uint32_t first = 0; first < blocks; first += kPanelBlocks) {
      const uint32_t now = blocks - first < kPanelBlocks ? blocks - first : kPanelBlocks;
      unpack_panel(groups, now, tiles);
      groups.advance(size_t{now / kGroupBlocks} * Format::kBytes);
      uint32_t token = 0;
      for (; token + kAtOnce <= tokens; token += kAtOnce) {
        add_panel<V::kShared>(tiles, first, now, from(x, token), kLanes, out.from(token));
      }
      while (token < tokens) {
        // A last token that is alone fills all lanes, and is stored once.
        const uint32_t lanes = tokens - token < kLanes ? 1 : kLanes;
        add_panel<1>(tiles, first, now, from(x, token), lanes, out.from(token));
        token += lanes;
      }
    }
  }

  static void multiply(const Matrix& matrix, const Activations& x, uint32_t tokens, float* y) {
    const uint32_t count = matrix.columns / Format::kColumns;
    const size_t strip_bytes = static_cast<size_t>(count) * Format::kBytes;
    const uint8_t* const last = matrix.data + (matrix.rows / kGroupRows - 1) * strip_bytes;
    const uint8_t* strip = matrix.data;
    for (uint32_t row = 0; row < matrix.rows; row += kTileRows, strip += V::kGroups * strip_bytes) {
      // Groups beyond the last row read it again, and are not stored.
      Groups<V> groups;
      for (uint32_t i = 0; i < V::kGroups; ++i) {
        groups.at[i] = strip + i * strip_bytes < last ? strip + i * strip_bytes : last;
      }
      const uint32_t rows = matrix.rows - row < kTileRows ? matrix.rows - row : kTileRows;
      const Output out = {y + row, rows, matrix.rows};
      if (tokens == 1) {
        V::store(one_token(groups, count, V::row(static_cast<const uint8_t*>(x.data), 0)), rows, out.y, 0, 1);
      } else {
        many_tokens(groups, count * kGroupBlocks, x, tokens, out);
      }
    }
  }
};

}  // namespace
}  // namespace slmrig::runtime
