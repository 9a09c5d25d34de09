// What the debug model needs of the processor and the bus behind it. Real: QEMU (emulated_board.h).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::rigsim {

inline constexpr std::size_t kStackPointer = 13;
inline constexpr std::size_t kLinkRegister = 14;
inline constexpr std::size_t kProgramCounter = 15;
inline constexpr std::size_t kProgramStatus = 16;

// r0 to r15, xPSR.
using CoreRegisters = std::array<uint32_t, 17>;

// One thread. kLinkLost from any call means that the processor is gone: recover() brings it back.
class CoreBackend {
 public:
  virtual ~CoreBackend() = default;

  // Registers: only while the core is stopped. Bit n of `mask` says that register n is to be written.
  virtual base::Result<CoreRegisters> read_registers() = 0;
  virtual base::Done write_registers(const CoreRegisters& registers, uint32_t mask) = 0;

  // The core starts, and stops in front of any of these addresses. An empty list: it runs freely.
  virtual base::Done resume(const std::vector<uint32_t>& breakpoints) = 0;
  virtual base::Done step() = 0;
  virtual base::Done interrupt() = 0;
  // Whether the core that was resumed has stopped by itself within `timeout_ms`.
  virtual base::Result<bool> wait_stop(int timeout_ms) = 0;
  // Core and peripherals as after the reset pin, the core stopped at its reset vector. Stopped before.
  virtual base::Done reset() = 0;
  // Told in front of every start: from here on the content of non-volatile memory may be lost in a crash.
  virtual base::Done before_start() = 0;
  // After kLinkLost: a fresh processor, stopped; non-volatile memory as it was at before_start().
  virtual base::Done recover() = 0;

  // 1, 2 or 4 bytes, aligned. Works while the core runs.
  virtual base::Result<uint32_t> read(uint32_t address, unsigned bytes) = 0;
  virtual base::Done write(uint32_t address, uint32_t value, unsigned bytes) = 0;
  virtual base::Done read_block(uint32_t address, std::span<uint8_t> bytes) = 0;
  virtual base::Done write_block(uint32_t address, std::span<const uint8_t> bytes) = 0;
};

}  // namespace slmrig::rigsim
