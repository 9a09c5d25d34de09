// The halting debug of one ARMv7-M core in front of a processor that only knows go, stop and step.
//
// Debug registers (DHCSR, DCRSR, DCRDR, DEMCR, DFSR, AIRCR's reset bits), the breakpoint unit, a watchpoint
// unit without watchpoints, and the identification words are answered here; every other address goes to the
// bus. Source: Arm ARMv7-M Architecture Reference Manual (DDI 0403E), chapter C1.
//
// Not modelled: watchpoints, trace, access to the floating-point and banked stack registers (they keep what
// is written to them), vector catch other than on reset.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "harness/rigsim/probe/core_backend.h"
#include "harness/rigsim/probe/debug_bus.h"
#include "harness/rigsim/probe/debug_units.h"

namespace slmrig::rigsim {

struct AddressRange {
  uint32_t begin = 0;
  uint32_t bytes = 0;
  bool holds(uint32_t address) const { return address - begin < bytes; }
};

// One thread. A processor that is lost in mid-operation (QEMU ends itself where a real core locks up) is
// brought back, and the core then reads as locked up.
class CortexDebug final : public DebugBus {
 public:
  // `memories`: what code can run from, and what exists beside peripherals and private registers.
  CortexDebug(CoreBackend& backend, std::vector<AddressRange> memories);

  base::Result<uint32_t> read(uint32_t address, unsigned bytes) override;
  base::Done write(uint32_t address, uint32_t value, unsigned bytes) override;
  base::Done read_block(uint32_t address, std::span<uint8_t> bytes) override;
  base::Done write_block(uint32_t address, std::span<const uint8_t> bytes) override;

  // The reset pin. While it is held the core neither runs nor halts.
  base::Done assert_reset();
  base::Done release_reset();
  bool in_reset() const { return state_ == State::kInReset; }

  // Another processor than it should be, with less memory: for the fault of that name.
  void pretend_other_chip(bool other) { other_chip_ = other; }
  // The core stops without a debugger's doing, and debuggers see it run: firmware that hangs.
  base::Done freeze();

 private:
  enum class State {
    kRunning,
    kHalted,    // in debug state
    kLockedUp,  // would fetch nothing that can be executed
    kInReset,
  };

  template <typename Operation>
  auto with_recovery(Operation operation) -> decltype(operation());

  base::Result<uint32_t> read_once(uint32_t address, unsigned bytes);
  base::Done write_once(uint32_t address, uint32_t value, unsigned bytes);
  base::Done check_address(uint32_t address, std::size_t bytes) const;

  // Nothing: not a register of the debug system.
  base::Result<std::optional<uint32_t>> read_debug_word(uint32_t address);
  base::Result<bool> write_debug_word(uint32_t address, uint32_t value);
  base::Result<uint32_t> read_dhcsr();
  base::Done write_dhcsr(uint32_t value);
  base::Done transfer_register(uint32_t request);
  void note_breakpoint_instruction(uint32_t address, uint32_t value, unsigned bytes);

  base::Done notice_stop(int wait_ms);
  void enter_debug_state(uint32_t reason);
  base::Done halt();
  base::Done start();
  base::Done step();
  base::Result<bool> can_execute();
  base::Result<bool> holds_bkpt(uint32_t address);
  std::vector<uint32_t> breakpoints() const;
  base::Done refresh_breakpoints();
  base::Done system_reset();
  base::Done leave_reset();
  base::Done load_registers();
  bool in_memory(uint32_t address) const;
  bool debug_enabled() const;

  CoreBackend& backend_;
  std::vector<AddressRange> memories_;
  State state_ = State::kInReset;
  bool other_chip_ = false;

  uint32_t dhcsr_ = 0;  // the control bits alone
  uint32_t demcr_ = 0;
  uint32_t dfsr_ = 0;
  uint32_t dcrdr_ = 0;
  bool register_ready_ = true;
  bool was_reset_ = true;  // since DHCSR was last read

  // Registers as the debugger sees and changes them; written back when the core starts.
  std::optional<CoreRegisters> registers_;
  uint32_t changed_registers_ = 0;
  std::map<uint32_t, uint32_t> other_registers_;  // by DCRSR's number

  DebugUnits units_;
  std::set<uint32_t> bkpt_instructions_;  // that a debugger wrote
};

}  // namespace slmrig::rigsim
