#include "workloads/forge/image_blocks.h"

#include <array>
#include <cstring>

#include "workloads/forge/block_formats.h"
#include "workloads/forge/gguf.h"

namespace slmrig::forge {

using runtime::Format;
using runtime::kGroupRows;

namespace {

constexpr std::size_t kRun = 4;  // columns that stand together
constexpr std::size_t kHalves = 2 * kGroupRows;
constexpr std::size_t kSuper = 256;

using Codes = std::array<std::int8_t, kSuper>;

// Offset of a row's column in runs of whole bytes that begin at 0.
std::size_t place(std::size_t column, std::size_t lane) {
  return (column / kRun * kGroupRows + lane) * kRun + column % kRun;
}

void put_half(const std::uint8_t* half, std::uint8_t* halves, std::size_t lane) {
  std::memcpy(halves + 2 * lane, half, 2);
}

// Whole bytes.
void put_bytes(const std::int8_t* codes, std::size_t count, std::uint8_t* runs, std::size_t lane) {
  for (std::size_t i = 0; i < count; ++i) runs[place(i, lane)] = static_cast<std::uint8_t>(codes[i]);
}

// 32 columns of nibbles: columns 0..15 low, 16..31 high.
void put_nibbles(const std::int8_t* codes, std::uint8_t* runs, std::size_t lane) {
  for (std::size_t i = 0; i < 16; ++i) {
    runs[place(i, lane)] = static_cast<std::uint8_t>(codes[i] | codes[16 + i] << 4);
  }
}

// 256 columns of crumbs: each 64 columns are 16 bytes a row, 16 columns in each pair of bits.
void put_crumbs(const Codes& codes, std::uint8_t* runs, std::size_t lane) {
  for (std::size_t quarter = 0; quarter < 4; ++quarter, runs += 16 * kGroupRows) {
    const std::int8_t* from = codes.data() + 64 * quarter;
    for (std::size_t i = 0; i < 16; ++i) {
      runs[place(i, lane)] =
          static_cast<std::uint8_t>(from[i] | from[16 + i] << 2 | from[32 + i] << 4 | from[48 + i] << 6);
    }
  }
}

void put_q8_0(const std::uint8_t* block, std::uint8_t* group, std::size_t lane) {
  put_half(block, group, lane);
  put_bytes(reinterpret_cast<const std::int8_t*>(block + 2), 32, group + kHalves, lane);
}

// Q4_0 and IQ4_NL pack columns i and 16 + i as groups do.
void put_four_bit(const std::uint8_t* block, std::uint8_t* group, std::size_t lane) {
  put_half(block, group, lane);
  for (std::size_t i = 0; i < 16; ++i) group[kHalves + place(i, lane)] = block[2 + i];
}

void put_nf4(const std::uint8_t* block, std::uint8_t* group, std::size_t lane) {
  std::uint16_t absmax = 0;
  std::memcpy(&absmax, block, 2);
  const std::uint16_t scale = half_from_float(float_from_half(absmax) / 127.0F);
  std::memcpy(group + 2 * lane, &scale, 2);
  std::array<std::int8_t, 64> codes;
  for (std::size_t i = 0; i < codes.size(); i += 2) {
    const std::uint8_t pair = block[2 + i / 2];
    codes[i] = static_cast<std::int8_t>(pair >> 4);
    codes[i + 1] = static_cast<std::int8_t>(pair & 15);
  }
  put_nibbles(codes.data(), group + kHalves, lane);
  put_nibbles(codes.data() + 32, group + kHalves + 16 * kGroupRows, lane);
}

// Crumbs of TQ2_0, Q2_K and Q3_K: column 128 n + 32 g + l is bits 2 g of byte 32 n + l.
Codes crumbs_of(const std::uint8_t* bytes) {
  Codes codes;
  for (std::size_t i = 0; i < kSuper; ++i) {
    const std::size_t half = i / 128;
    const std::size_t shift = i % 128 / 32 * 2;
    codes[i] = static_cast<std::int8_t>((bytes[32 * half + i % 32] >> shift) & 3);
  }
  return codes;
}

void put_tq2_0(const std::uint8_t* block, std::uint8_t* group, std::size_t lane) {
  put_half(block + 64, group, lane);
  put_crumbs(crumbs_of(block), group + kHalves, lane);
}

// Trit `n` of a byte, which is a fraction in base 3.
std::int8_t trit(std::uint8_t byte, std::size_t n) {
  constexpr std::array<unsigned, 5> kPowers = {1, 3, 9, 27, 81};
  return static_cast<std::int8_t>((byte * kPowers[n] % 256 * 3) >> 8);
}

void put_tq1_0(const std::uint8_t* block, std::uint8_t* group, std::size_t lane) {
  Codes codes;
  for (std::size_t i = 0; i < 160; ++i) codes[i] = trit(block[i % 32], i / 32);
  for (std::size_t i = 0; i < 80; ++i) codes[160 + i] = trit(block[32 + i % 16], i / 16);
  for (std::size_t i = 0; i < 16; ++i) codes[240 + i] = trit(block[48 + i % 4], i / 4);
  put_half(block + 52, group, lane);
  put_crumbs(codes, group + kHalves, lane);
}

void put_q2_k(const std::uint8_t* block, std::uint8_t* group, std::size_t lane) {
  put_half(block + 80, group, lane);
  put_half(block + 82, group + kHalves, lane);
  std::uint8_t* sub_scales = group + 2 * kHalves;
  for (std::size_t i = 0; i < 16; ++i) sub_scales[i * kGroupRows + lane] = block[i];
  put_crumbs(crumbs_of(block + 16), sub_scales + 16 * kGroupRows, lane);
}

// d, scales [16] and codes of a group of kQ6_K.
void put_six_bit(const std::uint8_t* half, const std::int8_t* scales, const Codes& codes, std::uint8_t* group,
                 std::size_t lane) {
  put_half(half, group, lane);
  for (std::size_t i = 0; i < 16; ++i) {
    group[kHalves + i * kGroupRows + lane] = static_cast<std::uint8_t>(scales[i]);
  }
  put_bytes(codes.data(), kSuper, group + kHalves + 16 * kGroupRows, lane);
}

void put_q3_k(const std::uint8_t* block, std::uint8_t* group, std::size_t lane) {
  Codes codes = crumbs_of(block + 32);
  for (std::size_t i = 0; i < kSuper; ++i) {
    const bool has_high_bit = (block[i % 32] >> (i / 32) & 1) != 0;
    if (!has_high_bit) codes[i] = static_cast<std::int8_t>(codes[i] - 4);
  }
  const std::uint8_t* packed = block + 96;
  std::array<std::int8_t, 16> scales;
  for (std::size_t i = 0; i < 16; ++i) {
    const int low = i < 8 ? packed[i] & 15 : packed[i - 8] >> 4;
    const int high = packed[8 + i % 4] >> (i / 4 * 2) & 3;
    scales[i] = static_cast<std::int8_t>((low | high << 4) - 32);
  }
  put_six_bit(block + 108, scales.data(), codes, group, lane);
}

void put_q6_k(const std::uint8_t* block, std::uint8_t* group, std::size_t lane) {
  Codes codes;
  for (std::size_t i = 0; i < kSuper; ++i) {
    const std::size_t half = i / 128;
    const std::size_t run = i % 128 / 32;
    const std::uint8_t pair = block[64 * half + run % 2 * 32 + i % 32];
    const int low = run < 2 ? pair & 15 : pair >> 4;
    const int high = block[128 + 32 * half + i % 32] >> (2 * run) & 3;
    codes[i] = static_cast<std::int8_t>((low | high << 4) - 32);
  }
  put_six_bit(block + 208, reinterpret_cast<const std::int8_t*>(block + 192), codes, group, lane);
}

void put_q4_k(const std::uint8_t* block, std::uint8_t* group, std::size_t lane) {
  put_half(block, group, lane);
  put_half(block + 2, group + kHalves, lane);
  const std::uint8_t* packed = block + 4;
  std::uint8_t* scales = group + 2 * kHalves;
  std::uint8_t* minima = scales + 8 * kGroupRows;
  std::uint8_t* runs = minima + 8 * kGroupRows;
  for (std::size_t j = 0; j < 8; ++j, runs += 16 * kGroupRows) {
    const int scale = j < 4 ? packed[j] & 63 : (packed[j + 4] & 15) | (packed[j - 4] >> 6 << 4);
    const int minimum = j < 4 ? packed[j + 4] & 63 : (packed[j + 4] >> 4) | (packed[j] >> 6 << 4);
    scales[j * kGroupRows + lane] = static_cast<std::uint8_t>(scale);
    minima[j * kGroupRows + lane] = static_cast<std::uint8_t>(minimum);
    const std::uint8_t* bytes = block + 16 + j / 2 * 32;
    std::array<std::int8_t, 32> codes;
    for (std::size_t i = 0; i < codes.size(); ++i) {
      codes[i] = static_cast<std::int8_t>(j % 2 == 0 ? bytes[i] & 15 : bytes[i] >> 4);
    }
    put_nibbles(codes.data(), runs, lane);
  }
}

constexpr BlockLayout kLayouts[] = {
    {kGgmlQ8_0, Format::kQ8_0, put_q8_0},       {kGgmlQ4_0, Format::kQ4_0, put_four_bit},
    {kGgmlIq4Nl, Format::kIq4Nl, put_four_bit}, {kGgmlNf4, Format::kNf4, put_nf4},
    {kGgmlTq2_0, Format::kTq2_0, put_tq2_0},    {kGgmlTq1_0, Format::kTq2_0, put_tq1_0},
    {kGgmlQ2_K, Format::kQ2_K, put_q2_k},       {kGgmlQ3_K, Format::kQ6_K, put_q3_k},
    {kGgmlQ4_K, Format::kQ4_K, put_q4_k},       {kGgmlQ6_K, Format::kQ6_K, put_q6_k},
};

}  // namespace

const BlockLayout* block_layout(std::uint32_t ggml_type) {
  for (const BlockLayout& layout : kLayouts) {
    if (layout.ggml_type == ggml_type) return &layout;
  }
  return nullptr;
}

}  // namespace slmrig::forge
