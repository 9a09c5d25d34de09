#include "workloads/forge/block_encode.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "harness/base/error.h"
#include "workloads/forge/block_formats.h"
#include "workloads/forge/gguf.h"

namespace slmrig::forge {

namespace {

// A column that no calibration input ever reached must not be free of cost.
constexpr float kLeastImportance = 1e-6F;

std::vector<std::byte> encode_halves(std::span<const float> values) {
  std::vector<std::byte> bytes(2 * values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint16_t half = half_from_float(values[i]);
    std::memcpy(bytes.data() + 2 * i, &half, sizeof(half));
  }
  return bytes;
}

std::vector<std::byte> encode_floats(std::span<const float> values) {
  std::vector<std::byte> bytes(values.size_bytes());
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

}  // namespace

bool can_encode(std::uint32_t type) {
  return type == kGgmlF32 || type == kGgmlF16 || block_codec(type) != nullptr;
}

std::vector<std::byte> encode_rows(std::uint32_t type, std::span<const float> values, std::size_t columns,
                                   const EncodeOptions& options) {
  SLMRIG_CHECK(can_encode(type));
  if (type == kGgmlF32) return encode_floats(values);
  if (type == kGgmlF16) return encode_halves(values);
  if (type == kGgmlQ8_0 && options.scales == ScaleChoice::kAbsmax) return quantize_q8_0(values);
  const BlockCodec& codec = *block_codec(type);
  SLMRIG_CHECK(columns != 0 && columns % codec.columns == 0 && values.size() % columns == 0);
  SLMRIG_CHECK(options.importance.empty() || options.importance.size() == columns);
  std::vector<std::byte> bytes(values.size() / codec.columns * codec.bytes);
  std::vector<float> weight(codec.columns);
  std::vector<std::uint8_t> codes(codec.columns);
  for (std::size_t block = 0; block < values.size() / codec.columns; ++block) {
    const std::span<const float> x = values.subspan(block * codec.columns, codec.columns);
    const std::size_t column = block * codec.columns % columns;
    search_weights(
        x, options.importance.empty() ? options.importance : options.importance.subspan(column, x.size()),
        weight);
    BlockScales scales;
    codec.choose(x.data(), weight.data(), options.scales, &scales);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::size_t sub = i / codec.sub_columns;
      codes[i] = round_weight(codec.levels, scales.scale[sub], scales.offset[sub], x[i]).code;
    }
    codec.pack(scales, codes.data(), reinterpret_cast<std::uint8_t*>(bytes.data()) + block * codec.bytes);
  }
  return bytes;
}

void search_weights(std::span<const float> x, std::span<const float> importance, std::span<float> weight) {
  SLMRIG_CHECK(weight.size() == x.size() && (importance.empty() || importance.size() == x.size()));
  float power = 0.0F;
  for (const float value : x) power += value * value;
  const float mean = std::max(power / static_cast<float>(x.size()), 1e-30F);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float of_column = importance.empty() ? 1.0F : std::max(importance[i], kLeastImportance);
    weight[i] = of_column * std::sqrt(mean + x[i] * x[i]);
  }
}

}  // namespace slmrig::forge
