// The breakpoint unit (FPB, version 1) and the watchpoint unit (DWT, without effect) of a Cortex-M4.
// Source: Arm ARMv7-M Architecture Reference Manual (DDI 0403E), C1.8 and C1.11.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace slmrig::rigsim {

// One thread.
class DebugUnits {
 public:
  // A word of one of the units; nothing for every other address.
  std::optional<uint32_t> read(uint32_t address) const;
  // False for an address of neither unit.
  bool write(uint32_t address, uint32_t value);

  // Where the comparators that are switched on stop the core.
  std::vector<uint32_t> breakpoints() const;

 private:
  uint32_t fpb_control_ = 0;
  std::array<uint32_t, 8> comparators_ = {};
  std::map<uint32_t, uint32_t> watchpoint_words_;
};

}  // namespace slmrig::rigsim
