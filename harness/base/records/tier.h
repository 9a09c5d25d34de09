// What a figure is worth: the tier stands beside every number, and figures of different tiers are never
// compared.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace slmrig::base {

enum class Tier {
  kHardware,    // time and energy are real
  kEmulated,    // QEMU: instruction counts are real, time is not
  kFunctional,  // qemu-user: only correctness
  kModelled,    // computed from a stated model
};

std::string_view to_string(Tier tier);
std::optional<Tier> parse_tier(std::string_view text);

// How a device's ticks become the public unit: value = ticks * numerator / denominator, rounded half up.
struct TickScale {
  bool counts_instructions = false;  // true: instructions (emulated); false: nanoseconds
  uint64_t numerator = 1;
  uint64_t denominator = 1;

  // Exact for any ticks whose result fits 63 bits (128-bit intermediate).
  int64_t convert(uint64_t ticks) const;
};

}  // namespace slmrig::base
