// The memory bus as the access port of a debug port sees it.
#pragma once

#include <cstdint>
#include <span>

#include "harness/base/error.h"

namespace slmrig::rigsim {

// One thread. kDeviceFault is what a bus error is.
class DebugBus {
 public:
  virtual ~DebugBus() = default;

  // 1, 2 or 4 bytes at an aligned address; the value is right-aligned.
  virtual base::Result<uint32_t> read(uint32_t address, unsigned bytes) = 0;
  virtual base::Done write(uint32_t address, uint32_t value, unsigned bytes) = 0;
  // Whole words at an aligned address.
  virtual base::Done read_block(uint32_t address, std::span<uint8_t> bytes) = 0;
  virtual base::Done write_block(uint32_t address, std::span<const uint8_t> bytes) = 0;
};

}  // namespace slmrig::rigsim
