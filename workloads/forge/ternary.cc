#include "workloads/forge/ternary.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "harness/base/error.h"
#include "workloads/forge/block_formats.h"

namespace slmrig::forge {

namespace {

// A Gaussian block is met best by a threshold of 0.61 deviations, which is 0.77 of the mean magnitude.
constexpr float kFirstThreshold = 0.77F;
constexpr int kRounds = 3;

struct AboveThreshold {
  float sum = 0.0F;
  float count = 0.0F;
};

AboveThreshold above(std::span<const float> block, float threshold) {
  AboveThreshold result;
  for (const float weight : block) {
    const float magnitude = std::fabs(weight);
    const bool is_above = magnitude > threshold;
    result.sum += is_above ? magnitude : 0.0F;
    result.count += is_above ? 1.0F : 0.0F;
  }
  return result;
}

void ternary_block(std::span<const float> block, std::span<float> ternary) {
  float scale = above(block, 0.0F).sum / static_cast<float>(block.size());
  float threshold = kFirstThreshold * scale;
  for (int round = 0; round < kRounds; ++round) {
    const AboveThreshold chosen = above(block, threshold);
    scale = chosen.count > 0.0F ? chosen.sum / chosen.count : 0.0F;
    threshold = 0.5F * scale;
  }
  scale = float_from_half(half_from_float(scale));
  for (std::size_t i = 0; i < block.size(); ++i) {
    const float weight = block[i];
    ternary[i] = std::fabs(weight) > threshold ? std::copysign(scale, weight) : 0.0F;
  }
}

}  // namespace

void nearest_ternary(std::span<const float> weights, std::span<float> ternary) {
  SLMRIG_CHECK(weights.size() == ternary.size() && weights.size() % kTernaryBlock == 0);
  for (std::size_t at = 0; at < weights.size(); at += kTernaryBlock) {
    ternary_block(weights.subspan(at, kTernaryBlock), ternary.subspan(at, kTernaryBlock));
  }
}

std::vector<std::byte> pack_ternary(std::span<const float> ternary) {
  SLMRIG_CHECK(ternary.size() % kTernaryBlock == 0);
  constexpr std::size_t kCodeBytes = kTernaryBlock / 4;
  std::vector<std::byte> packed;
  for (std::size_t at = 0; at < ternary.size(); at += kTernaryBlock) {
    const std::span<const float> block = ternary.subspan(at, kTernaryBlock);
    std::uint8_t codes[kCodeBytes] = {};
    float scale = 0.0F;
    for (std::size_t i = 0; i < kTernaryBlock; ++i) {
      scale = std::max(scale, std::fabs(block[i]));
      const unsigned code = block[i] < 0.0F ? 0U : block[i] > 0.0F ? 2U : 1U;
      // Two halves of 128 weights; in each, weight 32 g + l has bits 2 g of byte l.
      const std::size_t half = i / 128;
      const std::size_t run = i % 128 / 32;
      codes[32 * half + i % 32] |= static_cast<std::uint8_t>(code << (2 * run));
    }
    const std::uint16_t stored_scale = half_from_float(scale);
    const auto* code_bytes = reinterpret_cast<const std::byte*>(codes);
    packed.insert(packed.end(), code_bytes, code_bytes + kCodeBytes);
    const auto* scale_bytes = reinterpret_cast<const std::byte*>(&stored_scale);
    packed.insert(packed.end(), scale_bytes, scale_bytes + sizeof(stored_scale));
  }
  return packed;
}

}  // namespace slmrig::forge
