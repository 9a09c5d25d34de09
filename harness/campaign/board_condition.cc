#include "harness/campaign/board_condition.h"

#include <cstdlib>

#include <fmt/format.h>

namespace slmrig::campaign {
namespace {

unsigned long long number_of(const rig::BoardFacts& facts, const std::string& key) {
  const auto found = facts.find(key);
  return found == facts.end() ? 0 : std::strtoull(found->second.c_str(), nullptr, 0);
}

// Bits 0 to 3 of a Raspberry Pi's firmware say what is the case, 16 to 19 what was since it booted.
std::string firmware_doubt(const rig::BoardFacts& before, const rig::BoardFacts& after) {
  constexpr unsigned kNow = 0xF;
  constexpr unsigned kSinceBoot = 0xF0000;
  const unsigned long long then = number_of(before, "throttle.firmware_bits");
  const unsigned long long now = number_of(after, "throttle.firmware_bits");
  const bool newly = before.contains("throttle.firmware_bits") && (now & ~then & kSinceBoot) != 0;
  if (!newly && ((now | then) & kNow) == 0) return {};
  return fmt::format(
      "the board's firmware throttled it, or had too little voltage (throttle.firmware_bits {:#x} "
      "before, {:#x} after)",
      then, now);
}

}  // namespace

base::Provenance condition_facts(const rig::BoardFacts& facts, std::string_view when) {
  base::Provenance provenance;
  for (const auto& [key, value] : facts) provenance[fmt::format("board.{}.{}", when, key)] = value;
  return provenance;
}

std::string throttling_doubt(const rig::BoardFacts& before, const rig::BoardFacts& after) {
  for (const auto& [key, value] : after) {
    const bool is_count = key.starts_with("throttle.") && key.ends_with("_count");
    if (is_count && before.contains(key) && number_of(after, key) > number_of(before, key)) {
      return fmt::format("the processor was too hot and slowed down ({} {} before, {} after)", key,
                         before.at(key), value);
    }
    const bool is_state = key.starts_with("throttle.") && key.ends_with("_state");
    if (is_state && (number_of(after, key) != 0 || number_of(before, key) != 0)) {
      return fmt::format("the processor was slowed down to cool it ({} {})", key, value);
    }
    const bool is_limit = key.starts_with("cpufreq.") && key.ends_with(".maximum_hz");
    if (is_limit && before.contains(key) && before.at(key) != value) {
      return fmt::format("the processor's frequency limit moved ({} {} before, {} after)", key,
                         before.at(key), value);
    }
  }
  return firmware_doubt(before, after);
}

base::Done BoardWatch::begin() {
  SLMRIG_ASSIGN(facts_, agent_.board_facts());
  return {};
}

std::string BoardWatch::look() {
  if (!tells()) return {};
  auto now = agent_.board_facts();
  if (!now || now->empty()) return {};
  std::string doubt = throttling_doubt(facts_, *now);
  facts_ = std::move(*now);
  return doubt;
}

}  // namespace slmrig::campaign
