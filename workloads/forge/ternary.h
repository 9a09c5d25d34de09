// Weights of three values, as TQ2_0 stores them: one scale for each 256 weights of a row.
//
// Used while a ternary student is trained, so the nearest ternary weights are found at every step.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace slmrig::forge {

constexpr std::size_t kTernaryBlock = 256;

// weights, a whole number of blocks -> ternary of the same size: in each block -d, 0 or d, where d is a half
// that comes close to the least squared error (three rounds of "round to the nearest, then the best scale").
// The two may be the same memory.
void nearest_ternary(std::span<const float> weights, std::span<float> ternary);

// Weights that nearest_ternary() made -> the 66 bytes of TQ2_0 for each block, without loss.
std::vector<std::byte> pack_ternary(std::span<const float> ternary);

}  // namespace slmrig::forge
