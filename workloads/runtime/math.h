// The few functions of floats that the runtime needs, with the same result on every instruction set.
//
// Only +, -, *, / and square root are used: IEEE 754 defines each to the last bit. Written without branches
// on values so that a compiler can turn a loop of them into vector code without changing a result.
#pragma once

#include <cstdint>
#include <cstring>

namespace slmrig::runtime {

// 1.5 * 2^23: adding it moves the nearest integer (ties to even) of a float of magnitude below 2^22 into the
// low bits of its representation.
constexpr float kRoundMagic = 12582912.0F;
constexpr int32_t kRoundMagicBits = 0x4B400000;

static inline int32_t bits_of(float value) {
  int32_t bits = 0;
  std::memcpy(&bits, &value, 4);
  return bits;
}

static inline float float_of(int32_t bits) {
  float value = 0;
  std::memcpy(&value, &bits, 4);
  return value;
}

// To the nearest integer, ties to even; |value| < 2^22.
static inline int32_t round_to_even(float value) { return bits_of(value + kRoundMagic) - kRoundMagicBits; }

// exp, within 2 units in the last place between the bounds, which clamp: below kExpLowest the result is that
// of kExpLowest (8.8e-27: nothing beside a softmax whose largest term is 1), above kExpHighest that of
// kExpHighest. So no result is subnormal or infinite.
constexpr float kExpLowest = -60.0F;
constexpr float kExpHighest = 80.0F;

static inline float exp_clamped(float x) {
  x = x < kExpLowest ? kExpLowest : x;
  x = x > kExpHighest ? kExpHighest : x;
  // x = n ln 2 + r with |r| <= ln(2)/2; ln 2 in two parts so that n times the first is exact.
  const float shifted = x * 1.44269504F + kRoundMagic;
  const float n = shifted - kRoundMagic;
  const float r = (x - n * 0.693359375F) - n * -2.12194440e-4F;
  // The minimax polynomial of Cephes' expf.
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  const float fraction = (p * (r * r) + r) + 1.0F;
  const int32_t exponent = bits_of(shifted) - kRoundMagicBits;
  // Unsigned, since a NaN brings any exponent here.
  return fraction * float_of(static_cast<int32_t>(static_cast<uint32_t>(exponent + 127) << 23));
}

static inline float square_root(float x) { return __builtin_sqrtf(x); }

// The value of an IEEE half, subnormals included; the images hold no infinities or NaNs (open_image refuses
// them).
static inline float float_from_half(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000U) << 16;
  const uint32_t magnitude = half & 0x7FFFU;
  // Shifted into place the exponent is 112 too small; the product corrects it and normalises subnormals. The
  // factor is 2^112, the shifted value may be a subnormal float, so this is not for Cortex-M55 vector code.
  const float scaled = float_of(static_cast<int32_t>(magnitude << 13)) * float_of(0x77800000);
  return float_of(static_cast<int32_t>(static_cast<uint32_t>(bits_of(scaled)) | sign));
}

// To the nearest half, ties to even. Below the smallest normal half (2^-14) it is zero, which no vector unit
// can then treat otherwise; above the largest it is that. Not for NaN.
static inline uint16_t half_from_float(float value) {
  const uint32_t bits = static_cast<uint32_t>(bits_of(value));
  const uint32_t sign = (bits >> 16) & 0x8000U;
  const uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude < 0x38800000U) return static_cast<uint16_t>(sign);
  // Drops 13 bits of fraction; a carry rightly moves into the exponent.
  const uint32_t rounded = (magnitude + 0xFFFU + ((magnitude >> 13) & 1U)) >> 13;
  const uint32_t half = rounded - (112U << 10);
  return static_cast<uint16_t>(sign | (half > 0x7BFFU ? 0x7BFFU : half));
}

}  // namespace slmrig::runtime
