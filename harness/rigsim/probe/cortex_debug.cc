#include "harness/rigsim/probe/cortex_debug.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/rigsim/probe/coresight.h"
#include "harness/rigsim/probe/cortex_registers.h"

namespace slmrig::rigsim {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

// What exists on every Cortex-M besides memories.
constexpr AddressRange kPeripherals = {0x40000000, 0x20000000};
constexpr AddressRange kPrivateRegisters = {0xE0000000, 0x00100000};

constexpr uint32_t kOtherCpuid = 0x410CC601;  // a Cortex-M0+
constexpr uint32_t kOtherMemoryBytes = 16 * 1024;

// A debugger that waits for the end of a flash routine asks again at once: better to wait here, where the
// stop is heard of, than through its USB stack.
constexpr int kStopPatienceMs = 2;

}  // namespace

CortexDebug::CortexDebug(CoreBackend& backend, std::vector<AddressRange> memories)
    : backend_(backend), memories_(std::move(memories)) {}

bool CortexDebug::debug_enabled() const { return (dhcsr_ & kDebugEnable) != 0; }

bool CortexDebug::in_memory(uint32_t address) const {
  return std::any_of(memories_.begin(), memories_.end(), [&](const AddressRange& memory) {
    return memory.holds(address) && (!other_chip_ || address - memory.begin < kOtherMemoryBytes);
  });
}

// Runs an operation, and once more on a fresh processor when the old one was lost on the way.
template <typename Operation>
auto CortexDebug::with_recovery(Operation operation) -> decltype(operation()) {
  auto result = operation();
  if (result || result.error().code != ErrorCode::kLinkLost) return result;
  SLMRIG_TRY(backend_.recover());
  state_ = State::kLockedUp;
  registers_.reset();
  changed_registers_ = 0;
  return operation();
}

Done CortexDebug::check_address(uint32_t address, std::size_t bytes) const {
  const auto last = static_cast<uint32_t>(address + bytes - 1);
  const bool exists = (in_memory(address) && in_memory(last)) || kPeripherals.holds(address) ||
                      kPrivateRegisters.holds(address);
  if (exists) return {};
  return fail(ErrorCode::kDeviceFault, fmt::format("bus error at {:#010x}: no memory is there", address));
}

Result<uint32_t> CortexDebug::read(uint32_t address, unsigned bytes) {
  return with_recovery([&] { return read_once(address, bytes); });
}

Done CortexDebug::write(uint32_t address, uint32_t value, unsigned bytes) {
  return with_recovery([&] { return write_once(address, value, bytes); });
}

Result<uint32_t> CortexDebug::read_once(uint32_t address, unsigned bytes) {
  SLMRIG_TRY(check_address(address, bytes));
  if (kPrivateRegisters.holds(address)) {
    SLMRIG_ASSIGN(const std::optional<uint32_t> word, read_debug_word(address & ~3U));
    const uint32_t wanted = bytes == 4 ? UINT32_MAX : (1U << 8U * bytes) - 1;
    if (word) return *word >> 8U * (address & 3U) & wanted;
  }
  return backend_.read(address, bytes);
}

Done CortexDebug::write_once(uint32_t address, uint32_t value, unsigned bytes) {
  SLMRIG_TRY(check_address(address, bytes));
  if (kPrivateRegisters.holds(address)) {
    SLMRIG_ASSIGN(const bool ours, write_debug_word(address & ~3U, value));
    if (ours) return {};
  } else {
    note_breakpoint_instruction(address, value, bytes);
  }
  return backend_.write(address, value, bytes);
}

Done CortexDebug::read_block(uint32_t address, std::span<uint8_t> bytes) {
  SLMRIG_TRY(check_address(address, bytes.size()));
  return with_recovery([&] { return backend_.read_block(address, bytes); });
}

Done CortexDebug::write_block(uint32_t address, std::span<const uint8_t> bytes) {
  SLMRIG_TRY(check_address(address, bytes.size()));
  const auto first = bkpt_instructions_.lower_bound(address);
  bkpt_instructions_.erase(first,
                           bkpt_instructions_.lower_bound(static_cast<uint32_t>(address + bytes.size())));
  return with_recovery([&] { return backend_.write_block(address, bytes); });
}

// --- Debug registers

Result<std::optional<uint32_t>> CortexDebug::read_debug_word(uint32_t address) {
  if (const auto word = coresight_word(address)) return word;
  switch (address) {
    case kDhcsr: {
      SLMRIG_ASSIGN(const uint32_t value, read_dhcsr());
      return std::optional(value);
    }
    case kDcrsr: return std::optional<uint32_t>(0);
    case kDcrdr: return std::optional(dcrdr_);
    case kDemcr: return std::optional(demcr_);
    case kDfsr: {
      SLMRIG_TRY(notice_stop(0));
      return std::optional(dfsr_);
    }
    case kCpuid: return other_chip_ ? std::optional(kOtherCpuid) : std::nullopt;
    default: return units_.read(address);
  }
}

Result<bool> CortexDebug::write_debug_word(uint32_t address, uint32_t value) {
  switch (address) {
    case kDhcsr: SLMRIG_TRY(write_dhcsr(value)); return true;
    case kDcrsr: SLMRIG_TRY(transfer_register(value)); return true;
    case kDcrdr: dcrdr_ = value; return true;
    case kDemcr: demcr_ = value; return true;
    case kDfsr: dfsr_ &= ~value; return true;
    case kAircr:
      if (value >> 16U != kVectorKey || (value & (kSystemReset | kVectorReset)) == 0) return false;
      SLMRIG_TRY(system_reset());
      SLMRIG_TRY(leave_reset());
      return true;
    default: break;
  }
  if (coresight_word(address)) return true;  // read-only
  if (!units_.write(address, value)) return false;
  SLMRIG_TRY(refresh_breakpoints());
  return true;
}

Result<uint32_t> CortexDebug::read_dhcsr() {
  SLMRIG_TRY(notice_stop(kStopPatienceMs));
  uint32_t value = dhcsr_;
  if (register_ready_) value |= kRegisterReady;
  if (state_ == State::kHalted) value |= kIsHalted;
  if (state_ == State::kLockedUp) value |= kIsLockedUp;
  if (state_ == State::kRunning) value |= kRetired;
  if (was_reset_) value |= kWasReset;
  was_reset_ = state_ == State::kInReset;
  return value;
}

Done CortexDebug::write_dhcsr(uint32_t value) {
  if (value >> 16U != kDebugKey) return {};
  SLMRIG_TRY(notice_stop(0));
  const bool was_enabled = debug_enabled();
  dhcsr_ = (value & kDebugEnable) != 0 ? value & kDhcsrControls : 0;
  if (state_ == State::kInReset) return {};
  if ((dhcsr_ & kHalt) != 0) return halt();
  if (state_ == State::kRunning) return was_enabled != debug_enabled() ? refresh_breakpoints() : Done();
  if (state_ == State::kLockedUp && debug_enabled()) return {};  // stays so until halted or reset
  if ((dhcsr_ & kStep) != 0) return step();
  return start();
}

Done CortexDebug::transfer_register(uint32_t request) {
  SLMRIG_TRY(notice_stop(0));
  register_ready_ = state_ == State::kHalted;
  if (!register_ready_) return {};
  constexpr uint32_t kFirstUnmodelled = 18;
  constexpr uint32_t kMainStackPointer = 17;
  uint32_t number = request & kRegisterNumber;
  const bool writes = (request & kRegisterWrite) != 0;
  if (number >= kFirstUnmodelled) {
    uint32_t& kept = other_registers_[number];
    if (writes) {
      kept = dcrdr_;
    } else {
      dcrdr_ = kept;
    }
    return {};
  }
  if (number == kMainStackPointer) number = kStackPointer;
  SLMRIG_TRY(load_registers());
  uint32_t& value = (*registers_)[number];
  if (!writes) {
    dcrdr_ = value;
    return {};
  }
  value = number == kProgramCounter ? dcrdr_ & ~1U : dcrdr_;
  changed_registers_ |= 1U << number;
  return {};
}

Done CortexDebug::load_registers() {
  if (registers_) return {};
  SLMRIG_ASSIGN(registers_, backend_.read_registers());
  changed_registers_ = 0;
  return {};
}

// --- Breakpoints

// The emulator does not stop at a BKPT by itself, so those that a debugger sets are turned into breakpoints.
void CortexDebug::note_breakpoint_instruction(uint32_t address, uint32_t value, unsigned bytes) {
  constexpr uint32_t kBkpt = 0xBE00;
  if (bytes == 2 && (value & 0xFF00U) == kBkpt) {
    bkpt_instructions_.insert(address);
  } else {
    bkpt_instructions_.erase(address & ~1U);
    if (bytes == 4) bkpt_instructions_.erase(address + 2);
  }
}

Result<bool> CortexDebug::holds_bkpt(uint32_t address) {
  if (!in_memory(address)) return false;
  SLMRIG_ASSIGN(const uint32_t instruction, backend_.read(address, 2));
  return instruction >> 8U == 0xBE;
}

std::vector<uint32_t> CortexDebug::breakpoints() const {
  if (!debug_enabled()) return {};
  std::vector<uint32_t> all = units_.breakpoints();
  all.insert(all.end(), bkpt_instructions_.begin(), bkpt_instructions_.end());
  return all;
}

// The units were changed while the core runs: it is stopped for a moment.
Done CortexDebug::refresh_breakpoints() {
  SLMRIG_TRY(notice_stop(0));
  if (state_ != State::kRunning) return {};
  SLMRIG_TRY(backend_.interrupt());
  return backend_.resume(breakpoints());
}

// --- Run control

Done CortexDebug::notice_stop(int wait_ms) {
  if (state_ != State::kRunning) return {};
  SLMRIG_ASSIGN(const bool stopped, backend_.wait_stop(wait_ms));
  if (!stopped) return {};
  registers_.reset();
  enter_debug_state(kStoppedByBreakpoint);
  return {};
}

void CortexDebug::enter_debug_state(uint32_t reason) {
  state_ = State::kHalted;
  dfsr_ |= reason;
  dhcsr_ |= kHalt;
}

Done CortexDebug::halt() {
  if (state_ == State::kHalted) return {};
  if (state_ == State::kRunning) {
    SLMRIG_TRY(backend_.interrupt());
    registers_.reset();
  }
  enter_debug_state(kStoppedByRequest);
  return {};
}

// QEMU ends itself where a real core locks up; the plain cases are seen before they happen.
Result<bool> CortexDebug::can_execute() {
  SLMRIG_TRY(load_registers());
  const uint32_t counter = (*registers_)[kProgramCounter];
  if (((*registers_)[kProgramStatus] & kThumbState) == 0 || !in_memory(counter)) return false;
  if (debug_enabled()) return true;
  SLMRIG_ASSIGN(const bool traps, holds_bkpt(counter));
  return !traps;
}

Done CortexDebug::start() {
  SLMRIG_ASSIGN(const bool executable, can_execute());
  if (!executable) {
    state_ = State::kLockedUp;
    return {};
  }
  std::vector<uint32_t> stops;
  if (debug_enabled()) {
    SLMRIG_ASSIGN(const bool stops_at_once, holds_bkpt((*registers_)[kProgramCounter]));
    if (stops_at_once) {
      enter_debug_state(kStoppedByBreakpoint);
      return {};
    }
    stops = breakpoints();
    // A flash routine returns to a BKPT that lies in front of it.
    const uint32_t return_address = (*registers_)[kLinkRegister] & ~1U;
    SLMRIG_ASSIGN(const bool returns_to_trap, holds_bkpt(return_address));
    if (returns_to_trap) stops.push_back(return_address);
  }
  SLMRIG_TRY(backend_.write_registers(*registers_, changed_registers_));
  changed_registers_ = 0;
  if (!debug_enabled()) SLMRIG_TRY(backend_.before_start());
  SLMRIG_TRY(backend_.resume(stops));
  registers_.reset();
  state_ = State::kRunning;
  return {};
}

Done CortexDebug::step() {
  SLMRIG_ASSIGN(const bool executable, can_execute());
  if (!executable) {
    state_ = State::kLockedUp;
    return {};
  }
  SLMRIG_TRY(backend_.write_registers(*registers_, changed_registers_));
  SLMRIG_TRY(backend_.step());
  registers_.reset();
  changed_registers_ = 0;
  enter_debug_state(kStoppedByRequest);
  return {};
}

Done CortexDebug::freeze() {
  return with_recovery([&]() -> Done {
    SLMRIG_TRY(notice_stop(0));
    if (state_ == State::kRunning) return backend_.interrupt();
    return {};
  });
}

Done CortexDebug::system_reset() {
  SLMRIG_TRY(notice_stop(0));
  if (state_ == State::kRunning) SLMRIG_TRY(backend_.interrupt());
  SLMRIG_TRY(backend_.reset());
  registers_.reset();
  changed_registers_ = 0;
  dhcsr_ &= ~kHalt;
  was_reset_ = true;
  state_ = State::kInReset;
  return {};
}

Done CortexDebug::leave_reset() {
  if (debug_enabled() && (demcr_ & kCatchReset) != 0) {
    enter_debug_state(kStoppedByVector);
    return {};
  }
  // With debug enabled start() does not, since a debugger starts the core once for each flash routine.
  if (debug_enabled()) SLMRIG_TRY(backend_.before_start());
  return start();
}

Done CortexDebug::assert_reset() {
  if (in_reset()) return {};
  return with_recovery([&] { return system_reset(); });
}

Done CortexDebug::release_reset() {
  if (!in_reset()) return {};
  return with_recovery([&] { return leave_reset(); });
}

}  // namespace slmrig::rigsim
