#include "workloads/forge/block_decode.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "workloads/forge/block_formats.h"
#include "workloads/forge/block_levels.h"
#include "workloads/forge/gguf.h"
#include "workloads/runtime/kernels/kernels.h"

namespace slmrig::forge {

namespace {

// The runtime counts a row's columns in 32 bits; a tensor may hold more weights than that.
constexpr std::size_t kPieceColumns = std::size_t{1} << 20;

float half_at(const std::uint8_t* bytes) {
  std::uint16_t half = 0;
  std::memcpy(&half, bytes, sizeof(half));
  return float_from_half(half);
}

void decode_q8_0(const std::uint8_t* block, float* y) {
  const float scale = half_at(block);
  for (int i = 0; i < 32; ++i) y[i] = scale * static_cast<float>(static_cast<std::int8_t>(block[2 + i]));
}

template <const Levels& kLevels>
void decode_four_bit(const std::uint8_t* block, float* y) {
  const float scale = half_at(block);
  for (int i = 0; i < 16; ++i) {
    y[i] = scale * kLevels.values[block[2 + i] & 15];
    y[16 + i] = scale * kLevels.values[block[2 + i] >> 4];
  }
}

void decode_nf4(const std::uint8_t* block, float* y) {
  const float scale = half_at(block) / kNf4Unit;
  for (int i = 0; i < 32; ++i) {
    y[2 * i] = scale * kNf4Levels.values[block[2 + i] >> 4];
    y[2 * i + 1] = scale * kNf4Levels.values[block[2 + i] & 15];
  }
}

// The two bits of weight `index` in 64 bytes, as Q2_K, Q3_K and TQ2_0 order them.
int crumb_at(const std::uint8_t* crumbs, int index) {
  return crumbs[32 * (index / 128) + index % 32] >> 2 * (index / 32 % 4) & 3;
}

void decode_tq2_0(const std::uint8_t* block, float* y) {
  const float scale = half_at(block + 64);
  for (int i = 0; i < 256; ++i) y[i] = scale * static_cast<float>(crumb_at(block, i) - 1);
}

// Five trits a byte, as a fraction in base 3: the first is what 3 * byte carries over.
void decode_tq1_0(const std::uint8_t* block, float* y) {
  constexpr std::uint8_t kPowers[5] = {1, 3, 9, 27, 81};
  const float scale = half_at(block + 52);
  const auto put = [&](const std::uint8_t* bytes, int byte_count, int trit_count) {
    for (int n = 0; n < trit_count; ++n) {
      for (int i = 0; i < byte_count; ++i) {
        const int trit = static_cast<std::uint8_t>(bytes[i] * kPowers[n]) * 3 >> 8;
        *y++ = scale * static_cast<float>(trit - 1);
      }
    }
  };
  put(block, 32, 5);
  put(block + 32, 16, 5);
  put(block + 48, 4, 4);
}

void decode_q2_k(const std::uint8_t* block, float* y) {
  const float d = half_at(block + 80);
  const float dmin = half_at(block + 82);
  for (int i = 0; i < 256; ++i) {
    const int scales = block[i / 16];
    const float scale = d * static_cast<float>(scales & 15);
    y[i] = scale * static_cast<float>(crumb_at(block + 16, i)) - dmin * static_cast<float>(scales >> 4);
  }
}

void decode_q3_k(const std::uint8_t* block, float* y) {
  const std::uint8_t* s = block + 96;
  const float d = half_at(block + 108);
  for (int i = 0; i < 256; ++i) {
    const int j = i / 16;
    const int low = j < 8 ? s[j] & 15 : s[j - 8] >> 4;
    const int high = s[8 + j % 4] >> 2 * (j / 4) & 3;
    const int has_high_bit = block[i % 32] >> i / 32 & 1;
    const int code = crumb_at(block + 32, i) - (has_high_bit != 0 ? 0 : 4);
    y[i] = d * static_cast<float>((low | high << 4) - 32) * static_cast<float>(code);
  }
}

void decode_q4_k(const std::uint8_t* block, float* y) {
  const float d = half_at(block);
  const float dmin = half_at(block + 2);
  const std::uint8_t* s = block + 4;
  for (int j = 0; j < 8; ++j) {
    const int scale = j < 4 ? s[j] & 63 : (s[j + 4] & 15) | s[j - 4] >> 6 << 4;
    const int offset = j < 4 ? s[j + 4] & 63 : s[j + 4] >> 4 | s[j] >> 6 << 4;
    const std::uint8_t* nibbles = block + 16 + 32 * (j / 2);
    for (int i = 0; i < 32; ++i) {
      const int code = j % 2 == 0 ? nibbles[i] & 15 : nibbles[i] >> 4;
      y[32 * j + i] =
          d * static_cast<float>(scale) * static_cast<float>(code) - dmin * static_cast<float>(offset);
    }
  }
}

void decode_q6_k(const std::uint8_t* block, float* y) {
  const float d = half_at(block + 208);
  for (int i = 0; i < 256; ++i) {
    const int half = i / 128;
    const int run = i / 32 % 4;
    const int low_byte = block[64 * half + 32 * (run % 2) + i % 32];
    const int low = run < 2 ? low_byte & 15 : low_byte >> 4;
    const int high = block[128 + 32 * half + i % 32] >> 2 * run & 3;
    const int scale = static_cast<std::int8_t>(block[192 + i / 16]);
    y[i] = d * static_cast<float>(scale) * static_cast<float>((low | high << 4) - 32);
  }
}

using DecodeBlock = void (*)(const std::uint8_t* block, float* y);

DecodeBlock block_decoder(std::uint32_t type) {
  switch (type) {
    case kGgmlQ8_0: return decode_q8_0;
    case kGgmlQ4_0: return decode_four_bit<kQ4Levels>;
    case kGgmlIq4Nl: return decode_four_bit<kIq4NlLevels>;
    case kGgmlNf4: return decode_nf4;
    case kGgmlTq2_0: return decode_tq2_0;
    case kGgmlTq1_0: return decode_tq1_0;
    case kGgmlQ2_K: return decode_q2_k;
    case kGgmlQ3_K: return decode_q3_k;
    case kGgmlQ4_K: return decode_q4_k;
    case kGgmlQ6_K: return decode_q6_k;
    default: return nullptr;
  }
}

// Types that the runtime reads as they stand in a GGUF file.
std::optional<runtime::Format> runtime_format(std::uint32_t type) {
  switch (type) {
    case kGgmlF16: return runtime::Format::kF16;
    case kGgmlBf16: return runtime::Format::kBf16;
    case kGgmlQ4_1: return runtime::Format::kQ4_1;
    case kGgmlQ5_0: return runtime::Format::kQ5_0;
    case kGgmlQ5_1: return runtime::Format::kQ5_1;
    case kGgmlQ5_K: return runtime::Format::kQ5_K;
    default: return std::nullopt;
  }
}

void decode_by_runtime(runtime::Format format, const std::uint8_t* bytes, std::size_t piece_bytes,
                       std::span<float> values) {
  const auto read_row = runtime::plain_kernels().formats[static_cast<std::size_t>(format)]->read_row;
  for (; !values.empty(); bytes += piece_bytes) {
    const std::size_t count = std::min(values.size(), kPieceColumns);
    read_row({bytes, 1, static_cast<std::uint32_t>(count), format}, 0, values.data());
    values = values.subspan(count);
  }
}

}  // namespace

bool decode_blocks(std::uint32_t type, std::span<const std::byte> data, std::span<float> values) {
  if (type == kGgmlF32) {
    std::memcpy(values.data(), data.data(), values.size_bytes());
    return true;
  }
  const GgmlTypeInfo* info = gguf_type_info(type);
  if (info == nullptr) return false;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(data.data());
  if (const auto format = runtime_format(type)) {
    decode_by_runtime(*format, bytes, kPieceColumns / info->block_size * info->block_bytes, values);
    return true;
  }
  const DecodeBlock decode = block_decoder(type);
  if (decode == nullptr) return false;
  for (std::size_t block = 0; block < values.size() / info->block_size; ++block) {
    decode(bytes + block * info->block_bytes, values.data() + block * info->block_size);
  }
  return true;
}

}  // namespace slmrig::forge
