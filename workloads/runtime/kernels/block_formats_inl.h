// The block formats in terms of a vector unit V, for every instruction set that takes 4, 8 or 16 rows at a
// time. Included by one file for each instruction set, hence internal linkage throughout: two copies of one
// function compiled for different processors must not meet in the linker.
//
// A tile is one block of 32 columns of kGroups groups of 4 rows, unpacked: eight vectors of codes, vector k
// holding columns 4k..4k+3 of all rows, so that one dot instruction with 4 activations serves all rows; and
// the scales of the rows. Products of integers that kernels.h adds before it converts are here converted
// before they are multiplied: both are exact, see there.
//
// V has
//   kGroups, Codes (bytes), Ints and Floats (a lane for each row), Block (one block of activations)
//   load_runs(groups, at, codes)   the 4 runs [64 bytes] that begin at `at` of each group -> codes [4]
//   low_nibbles, high_nibbles, crumbs<s>, add_bytes(codes)
//   wide(codes)                    signed codes in the form that dot_wide reads
//   Table, wide_table(values), look_up(table, nibbles)   wide(values[nibble])
//   codes(x, at)                   Sixteen: the block's activations from `at` on
//   scale, low_sum, high_sum(x)    Floats; the sums are those of activations 0..15 and 16..31
//   negated_sum<s>(x)              Ints: -(sum of the block's activations << s)
//   dot_wide(codes [8], x)         Ints: signed codes in -127..127 with a block
//   dot(codes [4], sixteen, sums)  Ints: sums + unsigned codes in 0..63 with 16 activations
//   halves(groups, at)             one for each row -> Floats
//   Quads<n>, load_quads(groups, at, quads)   n times 4 bytes of each group, one for each row; n = 8 or 16
//   unsigned_bytes, signed_bytes(quads, i)    the i-th, one for each row -> Floats
//   nibbles_of_bytes(quads, i, low, high)
//   set(float), floats(Ints), add, subtract, multiply
// It may serve several tokens at a time: then Block stands for one block of each, and Ints and Floats have a
// lane for each row and token.
#pragma once

#include <cstdint>

#include "workloads/runtime/kernels/kernels.h"

namespace slmrig::runtime {
namespace {

constexpr uint32_t kTileCodes = 8;
constexpr uint32_t kRunsBytes = 64;  // 4 runs of 4 rows
constexpr uint32_t kHalvesBytes = 8;
constexpr int8_t kQ4_0Codes[16] = {-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7};

// The same places in each of V::kGroups groups.
template <typename V>
struct Groups {
  const uint8_t* at[V::kGroups];

  void advance(size_t bytes) {
    for (const uint8_t*& group : at) group += bytes;
  }
};

template <typename V>
struct Tile {
  typename V::Codes codes[kTileCodes];
  typename V::Floats d;
};

template <typename V>
inline typename V::Floats add_scaled(typename V::Floats sums, typename V::Floats product,
                                     typename V::Floats d, const typename V::Block& x) {
  return V::add(sums, V::multiply(product, V::multiply(d, V::scale(x))));
}

// A format has kColumns and kBytes of a group, Head (what is read once for a group), and Tile. A group is
// kUnits units of kUnitBlocks blocks; unpack(groups, head, unit, tiles) makes a unit's tiles [kUnitBlocks];
// apply(tile, x, sums) adds its products with one block to sums.
template <typename V>
struct Q8_0 {
  static constexpr uint32_t kColumns = kBlockColumns;
  static constexpr uint32_t kBytes = kQ8GroupBytes;
  static constexpr uint32_t kUnits = 1;
  static constexpr uint32_t kUnitBlocks = 1;
  using Tile = runtime::Tile<V>;
  using Head = typename V::Floats;

  static Head head(const Groups<V>& groups) { return V::halves(groups, 0); }

  static inline void unpack(const Groups<V>& groups, Head head, uint32_t, Tile* tile) {
    V::load_runs(groups, kHalvesBytes, tile->codes);
    V::load_runs(groups, kHalvesBytes + kRunsBytes, tile->codes + 4);
    for (typename V::Codes& codes : tile->codes) codes = V::wide(codes);
    tile->d = head;
  }

  static inline typename V::Floats apply(const Tile& tile, const typename V::Block& x,
                                         typename V::Floats sums) {
    return add_scaled<V>(sums, V::floats(V::dot_wide(tile.codes, x)), tile.d, x);
  }
};

template <typename V>
inline void unpack_nibbles(const Groups<V>& groups, size_t at, typename V::Codes* codes) {
  typename V::Codes pairs[4];
  V::load_runs(groups, at, pairs);
  for (uint32_t run = 0; run < 4; ++run) {
    codes[run] = V::low_nibbles(pairs[run]);
    codes[run + 4] = V::high_nibbles(pairs[run]);
  }
}

// Nibbles that stand for 16 values; kBlocks blocks under one scale.
template <typename V, const int8_t (&kValues)[16], uint32_t kBlocks>
struct LookedUp {
  static constexpr uint32_t kColumns = kBlocks * kBlockColumns;
  static constexpr uint32_t kBytes = kHalvesBytes + kBlocks * kRunsBytes;
  static constexpr uint32_t kUnits = kBlocks;
  static constexpr uint32_t kUnitBlocks = 1;
  using Tile = runtime::Tile<V>;
  using Head = typename V::Floats;

  static Head head(const Groups<V>& groups) { return V::halves(groups, 0); }

  static inline void unpack(const Groups<V>& groups, Head head, uint32_t unit, Tile* tile) {
    const typename V::Table table = V::wide_table(kValues);
    unpack_nibbles<V>(groups, kHalvesBytes + unit * kRunsBytes, tile->codes);
    for (typename V::Codes& codes : tile->codes) codes = V::look_up(table, codes);
    tile->d = head;
  }

  static inline typename V::Floats apply(const Tile& tile, const typename V::Block& x,
                                         typename V::Floats sums) {
    return Q8_0<V>::apply(tile, x, sums);
  }
};

template <typename V>
using Iq4Nl = LookedUp<V, kIq4NlCodes, 1>;
template <typename V>
using Nf4 = LookedUp<V, kNf4Codes, 2>;

// All eight vectors of unsigned codes with a block, less the sum of the activations times 1 << kShift.
template <typename V, int kShift>
inline typename V::Ints dot_less(const typename V::Codes* codes, const typename V::Block& x) {
  return V::dot(codes + 4, V::codes(x, 16),
                V::dot(codes, V::codes(x, 0), V::template negated_sum<kShift>(x)));
}

template <typename V>
struct Q4_0 {
  static constexpr uint32_t kColumns = kBlockColumns;
  static constexpr uint32_t kBytes = kQ4GroupBytes;
  static constexpr uint32_t kUnits = 1;
  static constexpr uint32_t kUnitBlocks = 1;
  using Tile = runtime::Tile<V>;
  using Head = typename V::Floats;

  static Head head(const Groups<V>& groups) { return V::halves(groups, 0); }

  static inline void unpack(const Groups<V>& groups, Head head, uint32_t, Tile* tile) {
    unpack_nibbles<V>(groups, kHalvesBytes, tile->codes);
    tile->d = head;
  }

  static inline typename V::Floats apply(const Tile& tile, const typename V::Block& x,
                                         typename V::Floats sums) {
    return add_scaled<V>(sums, V::floats(dot_less<V, 3>(tile.codes, x)), tile.d, x);
  }
};

// Codes of the two blocks of a unit of 64 columns.
template <typename V, typename Tile>
inline void unpack_crumbs(const Groups<V>& groups, size_t at, Tile* tiles) {
  typename V::Codes fours[4];
  V::load_runs(groups, at, fours);
  for (uint32_t run = 0; run < 4; ++run) {
    tiles[0].codes[run] = V::template crumbs<0>(fours[run]);
    tiles[0].codes[run + 4] = V::template crumbs<2>(fours[run]);
    tiles[1].codes[run] = V::template crumbs<4>(fours[run]);
    tiles[1].codes[run + 4] = V::template crumbs<6>(fours[run]);
  }
}

template <typename V>
struct Tq2_0 {
  static constexpr uint32_t kColumns = kSuperColumns;
  static constexpr uint32_t kBytes = kTq2GroupBytes;
  static constexpr uint32_t kUnits = 4;
  static constexpr uint32_t kUnitBlocks = 2;
  using Tile = runtime::Tile<V>;
  using Head = typename V::Floats;

  static Head head(const Groups<V>& groups) { return V::halves(groups, 0); }

  static inline void unpack(const Groups<V>& groups, Head head, uint32_t unit, Tile* tiles) {
    unpack_crumbs<V>(groups, kHalvesBytes + unit * kRunsBytes, tiles);
    tiles[0].d = tiles[1].d = head;
  }

  static inline typename V::Floats apply(const Tile& tile, const typename V::Block& x,
                                         typename V::Floats sums) {
    return add_scaled<V>(sums, V::floats(dot_less<V, 0>(tile.codes, x)), tile.d, x);
  }
};

template <typename V>
struct TwoScales {
  typename V::Floats d;
  typename V::Floats dmin;
};

template <typename V>
inline TwoScales<V> two_scales(const Groups<V>& groups) {
  return {V::halves(groups, 0), V::halves(groups, kHalvesBytes)};
}

template <typename V>
struct Q2_K {
  static constexpr uint32_t kColumns = kSuperColumns;
  static constexpr uint32_t kBytes = kQ2KGroupBytes;
  static constexpr uint32_t kUnits = 4;
  static constexpr uint32_t kUnitBlocks = 2;
  static constexpr size_t kSubScalesAt = size_t{2} * kHalvesBytes;
  static constexpr size_t kCrumbsAt = kSubScalesAt + 64;
  struct Head {
    TwoScales<V> scales;
    typename V::template Quads<16> quads;
  };
  // Of the two sub-blocks of 16 columns: scales a, minima m.
  struct Tile {
    typename V::Codes codes[kTileCodes];
    typename V::Floats d, dmin, a[2], m[2];
  };

  static inline Head head(const Groups<V>& groups) {
    Head head;
    head.scales = two_scales<V>(groups);
    V::load_quads(groups, kSubScalesAt, &head.quads);
    return head;
  }

  static inline void unpack(const Groups<V>& groups, const Head& head, uint32_t unit, Tile* tiles) {
    unpack_crumbs<V>(groups, kCrumbsAt + unit * kRunsBytes, tiles);
    for (uint32_t sub = 0; sub < 4; ++sub) {
      Tile& tile = tiles[sub / 2];
      V::nibbles_of_bytes(head.quads, 4 * unit + sub, &tile.a[sub % 2], &tile.m[sub % 2]);
    }
    for (uint32_t block = 0; block < 2; ++block) {
      tiles[block].d = head.scales.d;
      tiles[block].dmin = head.scales.dmin;
    }
  }

  static inline typename V::Floats apply(const Tile& tile, const typename V::Block& x,
                                         typename V::Floats sums) {
    const typename V::Floats low = V::floats(V::dot(tile.codes, V::codes(x, 0), V::zero()));
    const typename V::Floats high = V::floats(V::dot(tile.codes + 4, V::codes(x, 16), V::zero()));
    const typename V::Floats product = V::add(V::multiply(low, tile.a[0]), V::multiply(high, tile.a[1]));
    const typename V::Floats offset =
        V::add(V::multiply(tile.m[0], V::low_sum(x)), V::multiply(tile.m[1], V::high_sum(x)));
    sums = add_scaled<V>(sums, product, tile.d, x);
    return V::subtract(sums, V::multiply(offset, V::multiply(tile.dmin, V::scale(x))));
  }
};

template <typename V>
struct Q4_K {
  static constexpr uint32_t kColumns = kSuperColumns;
  static constexpr uint32_t kBytes = kQ4KGroupBytes;
  static constexpr uint32_t kUnits = 8;
  static constexpr uint32_t kUnitBlocks = 1;
  static constexpr size_t kScalesAt = size_t{2} * kHalvesBytes;
  static constexpr size_t kMinimaAt = kScalesAt + 32;
  static constexpr size_t kRunsAt = kMinimaAt + 32;
  struct Head {
    TwoScales<V> scales;
    typename V::template Quads<8> a, m;
  };
  struct Tile {
    typename V::Codes codes[kTileCodes];
    typename V::Floats d, dmin, a, m;
  };

  static inline Head head(const Groups<V>& groups) {
    Head head;
    head.scales = two_scales<V>(groups);
    V::load_quads(groups, kScalesAt, &head.a);
    V::load_quads(groups, kMinimaAt, &head.m);
    return head;
  }

  static inline void unpack(const Groups<V>& groups, const Head& head, uint32_t unit, Tile* tile) {
    unpack_nibbles<V>(groups, kRunsAt + unit * kRunsBytes, tile->codes);
    tile->d = head.scales.d;
    tile->dmin = head.scales.dmin;
    tile->a = V::unsigned_bytes(head.a, unit);
    tile->m = V::unsigned_bytes(head.m, unit);
  }

  static inline typename V::Floats apply(const Tile& tile, const typename V::Block& x,
                                         typename V::Floats sums) {
    const typename V::Ints dots =
        V::dot(tile.codes + 4, V::codes(x, 16), V::dot(tile.codes, V::codes(x, 0), V::zero()));
    const typename V::Floats offset = V::multiply(tile.m, V::add(V::low_sum(x), V::high_sum(x)));
    sums = add_scaled<V>(sums, V::multiply(V::floats(dots), tile.a), tile.d, x);
    return V::subtract(sums, V::multiply(offset, V::multiply(tile.dmin, V::scale(x))));
  }
};

template <typename V>
struct Q6_K {
  static constexpr uint32_t kColumns = kSuperColumns;
  static constexpr uint32_t kBytes = kQ6KGroupBytes;
  static constexpr uint32_t kUnits = 8;
  static constexpr uint32_t kUnitBlocks = 1;
  static constexpr size_t kScalesAt = kHalvesBytes;
  static constexpr size_t kCodesAt = kScalesAt + 64;
  static constexpr int8_t kZero = 32;  // added to codes of -32..31, to make them unsigned
  struct Head {
    typename V::Floats d;
    typename V::template Quads<16> a;
  };
  struct Tile {
    typename V::Codes codes[kTileCodes];
    typename V::Floats d, a[2];
  };

  static inline Head head(const Groups<V>& groups) {
    Head head;
    head.d = V::halves(groups, 0);
    V::load_quads(groups, kScalesAt, &head.a);
    return head;
  }

  static inline void unpack(const Groups<V>& groups, const Head& head, uint32_t unit, Tile* tile) {
    const size_t at = kCodesAt + size_t{2} * unit * kRunsBytes;
    V::load_runs(groups, at, tile->codes);
    V::load_runs(groups, at + kRunsBytes, tile->codes + 4);
    for (typename V::Codes& codes : tile->codes) codes = V::add_bytes(codes, kZero);
    tile->d = head.d;
    tile->a[0] = V::signed_bytes(head.a, 2 * unit);
    tile->a[1] = V::signed_bytes(head.a, 2 * unit + 1);
  }

  // The dot of one sub-block; `sum` is that of its activations.
  static inline typename V::Floats dot(const typename V::Codes* codes, typename V::Sixteen x,
                                       typename V::Floats sum) {
    return V::subtract(V::floats(V::dot(codes, x, V::zero())), V::multiply(sum, V::set(kZero)));
  }

  static inline typename V::Floats apply(const Tile& tile, const typename V::Block& x,
                                         typename V::Floats sums) {
    const typename V::Floats low = V::multiply(dot(tile.codes, V::codes(x, 0), V::low_sum(x)), tile.a[0]);
    const typename V::Floats high =
        V::multiply(dot(tile.codes + 4, V::codes(x, 16), V::high_sum(x)), tile.a[1]);
    return add_scaled<V>(sums, V::add(low, high), tile.d, x);
  }
};

}  // namespace
}  // namespace slmrig::runtime
