#include "workloads/forge/block_formats.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "workloads/forge/block_decode.h"

namespace slmrig::forge {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kBlock = 32;
constexpr std::size_t kQ8BlockBytes = 34;

}  // namespace

std::uint16_t half_from_float(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000U);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return static_cast<std::uint16_t>(sign | 0x7E00U);   // NaN
  if (magnitude >= 0x477FF000U) return static_cast<std::uint16_t>(sign | 0x7C00U);  // rounds past 65504
  std::uint32_t rounded = 0;
  if (magnitude < 0x38800000U) {
    // Subnormal half: adding 0.5 leaves the mantissa, rounded to nearest even, in the low bits.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    rounded = std::bit_cast<std::uint32_t>(shifted) - std::bit_cast<std::uint32_t>(0.5F);
  } else {
    rounded = (magnitude - 0x38000000U + 0xFFFU + ((magnitude >> 13) & 1U)) >> 13;
  }
  return static_cast<std::uint16_t>(sign | rounded);
}

float float_from_half(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1FU;
  const std::uint32_t mantissa = half & 0x3FFU;
  float magnitude = 0.0F;
  if (exponent == 31) {
    magnitude = std::bit_cast<float>(0x7F800000U | (mantissa << 13));
  } else if (exponent == 0) {
    magnitude = std::ldexp(static_cast<float>(mantissa), -24);
  } else {
    magnitude = std::bit_cast<float>(((exponent + 112) << 23) | (mantissa << 13));
  }
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
}

Result<std::vector<float>> dequantize(const GgufTensor& tensor) {
  std::vector<float> values(tensor.element_count());
  if (!decode_blocks(tensor.type, tensor.data, values)) {
    const GgmlTypeInfo* info = gguf_type_info(tensor.type);
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("tensor `{}` is of type {}, which holds no weights that slmforge can read; it reads "
                    "F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K to Q6_K, IQ4_NL, TQ1_0 and TQ2_0",
                    tensor.name, info == nullptr ? std::to_string(tensor.type) : info->name));
  }
  return values;
}

std::vector<std::byte> quantize_q8_0(std::span<const float> x) {
  SLMRIG_CHECK(x.size() % kBlock == 0);
  std::vector<std::byte> bytes(x.size() / kBlock * kQ8BlockBytes);
  for (std::size_t block = 0; block < x.size() / kBlock; ++block) {
    const std::span<const float> values = x.subspan(block * kBlock, kBlock);
    float largest = 0.0F;
    for (const float value : values) largest = std::max(largest, std::fabs(value));
    const float scale = largest / 127.0F;
    const float inverse = scale > 0.0F ? 1.0F / scale : 0.0F;
    std::byte* to = bytes.data() + block * kQ8BlockBytes;
    const std::uint16_t half = half_from_float(scale);
    std::memcpy(to, &half, sizeof(half));
    for (std::size_t i = 0; i < kBlock; ++i) {
      to[2 + i] = static_cast<std::byte>(static_cast<std::int8_t>(std::round(values[i] * inverse)));
    }
  }
  return bytes;
}

double relative_rmse(std::span<const float> exact, std::span<const float> approximate) {
  SLMRIG_CHECK(exact.size() == approximate.size());
  double error = 0.0;
  double power = 0.0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double difference = static_cast<double>(exact[i]) - static_cast<double>(approximate[i]);
    error += difference * difference;
    power += static_cast<double>(exact[i]) * static_cast<double>(exact[i]);
  }
  return error == 0.0 ? 0.0 : std::sqrt(error / power);
}

}  // namespace slmrig::forge
