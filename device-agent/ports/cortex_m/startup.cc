// Vector table, reset handler and fault handlers of the Cortex-M ports.
#include <cstdint>
#include <cstring>

#include "chip.h"
#include "device-agent/core/port.h"
#include "device-agent/ports/cortex_m/clock.h"
#include "device-agent/ports/cortex_m/family.h"
#include "device-agent/ports/cortex_m/memory.h"
#include "device-agent/ports/cortex_m/registers.h"

extern "C" {
extern uint32_t slmrig_data_load[];
extern uint32_t slmrig_data_begin[];
extern uint32_t slmrig_data_end[];
extern uint32_t slmrig_bss_begin[];
extern uint32_t slmrig_bss_end[];
extern void (*slmrig_init_begin[])();
extern void (*slmrig_init_end[])();

int main(int argc, char** argv);
void slmrig_reset_handler();
void slmrig_start_program();
[[noreturn]] void slmrig_on_fault(const uint32_t* frame);
}

namespace slmrig::agent::port {
namespace {

constexpr uint32_t kFaultMagic = 0x544C4146;  // "FALT"

char g_previous_fault[sizeof Retained::fault] = {};

// Appends to retained.fault from `at` on, and returns where it ends.
size_t append(size_t position, const char* text) {
  while (*text != '\0' && position + 1 < sizeof retained.fault) retained.fault[position++] = *text++;
  retained.fault[position] = '\0';
  return position;
}

size_t append_number(size_t position, uint32_t value, uint32_t base) {
  char digits[11];
  size_t first = sizeof digits - 1;
  digits[first] = '\0';
  do {
    digits[--first] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value != 0);
  return append(position, digits + first);
}

void unexpected_interrupt() { fault("unexpected interrupt", 0); }

}  // namespace

void read_retained_fault() {
  if (retained.fault_magic == kFaultMagic) {
    retained.fault[sizeof retained.fault - 1] = '\0';
    std::memcpy(g_previous_fault, retained.fault, sizeof g_previous_fault);
  }
  retained.fault_magic = kFaultMagic;
  retained.fault[0] = '\0';
}

const char* previous_fault() { return g_previous_fault; }

void reset() {
  at(core::kResetControl) = core::kResetRequest;
  for (;;) wait_for_interrupt();
}

void fault(const char* file, uint32_t line) {
  size_t position = append(append(0, file), ":");
  position = append_number(position, line, 10);
  reset();
}

Status start(int, char**) {
  {
    InterruptLock
        lock;  // a host that already speaks is heard after the count is taken, and changes nothing in it
    start_clock(start_chip());
    start_uart();
    end_of_boot();  // before what takes longer in a second life than in a first: the count is the same in
                    // both
  }
  end_boot_mark(boot_ticks());
  read_retained_fault();
  return Status::kOk;
}

}  // namespace slmrig::agent::port

// The counter starts first of all, so that a cold start counts from here; then the floating point unit (and
// MVE, which shares its switch), which compiled code uses as soon as it runs.
__attribute__((naked)) void slmrig_reset_handler() {
  __asm__ volatile(
      "ldr r0, =0xE000E010\n"  // SysTick: full period, core clock, no interrupt yet
      "ldr r1, =0x00FFFFFF\n"
      "str r1, [r0, #4]\n"
      "str r1, [r0, #8]\n"
      "movs r1, #5\n"
      "str r1, [r0]\n"
      "ldr r0, =0xE000ED88\n"  // CPACR: full access to CP10 and CP11
      "ldr r1, [r0]\n"
      "orr r1, r1, #0x00F00000\n"
      "str r1, [r0]\n"
      "dsb\n"
      "isb\n"
#if defined(__ARM_ARCH) && __ARM_ARCH >= 8
      "ldr r0, =slmrig_stack_begin\n"  // an overflow of the stack is a fault
      "msr msplim, r0\n"
#endif
      "bl slmrig_start_program\n"
      "b .\n"
      ".ltorg\n");
}

// Word copies through volatile pointers: memcpy and memset may not be called before memory is what they
// expect.
void slmrig_start_program() {
  slmrig::agent::port::begin_boot_mark();
#if defined(__ARM_ARCH) && __ARM_ARCH < 8
  // No stack limit register: the lowest part of the stack is closed by the memory protection unit instead.
  using namespace slmrig::agent::port;
  at(core::kMpuRegionBase) =
      static_cast<uint32_t>(reinterpret_cast<uintptr_t>(slmrig_stack_begin)) | core::kMpuRegionValid;
  at(core::kMpuRegionAttributes) = core::kMpuNoAccess2Kb;
  at(core::kMpuControl) = core::kMpuEnableWithDefaultMap;
  __asm__ volatile("dsb\n isb" ::: "memory");
#endif
  const volatile uint32_t* from = slmrig_data_load;
  for (volatile uint32_t* to = slmrig_data_begin; to < slmrig_data_end; ++to, ++from) *to = *from;
  for (volatile uint32_t* word = slmrig_bss_begin; word < slmrig_bss_end; ++word) *word = 0;
  for (auto constructor = slmrig_init_begin; constructor != slmrig_init_end; ++constructor) (*constructor)();
  main(0, nullptr);
  slmrig::agent::port::reset();
}

// frame: r0-r3, r12, lr, pc, xpsr as the processor stacked them; where the stack itself broke, they may be
// garbage.
void slmrig_on_fault(const uint32_t* frame) {
  using namespace slmrig::agent::port;
  const auto address = reinterpret_cast<uintptr_t>(frame);
  const bool readable = address >= reinterpret_cast<uintptr_t>(slmrig_stack_begin) &&
                        address + 32 <= reinterpret_cast<uintptr_t>(slmrig_stack_end);
  const uint32_t status = at(core::kFaultStatus);
  const uintptr_t touched = (status & core::kMemManageAddressValid) != 0 ? at(core::kMemManageAddress) : 0;
  const bool in_guard = touched >= reinterpret_cast<uintptr_t>(slmrig_stack_begin) &&
                        touched < reinterpret_cast<uintptr_t>(slmrig_stack_begin) + kStackGuardBytes;
  const bool overflow = !readable || in_guard || (status & core::kStackFaults) != 0;
  size_t position = append(0, overflow ? "stack overflow" : "processor fault");
  if (readable) {
    position = append(position, ", pc 0x");
    position = append_number(position, frame[6], 16);
    position = append(position, ", lr 0x");
    position = append_number(position, frame[5], 16);
  }
  position = append(position, ", cfsr 0x");
  position = append_number(position, status, 16);
  position = append(position, ", address 0x");
  append_number(position, at(core::kBusFaultAddress), 16);
  reset();
}

namespace {

__attribute__((naked)) void fault_handler() {
  __asm__ volatile(
#if defined(__ARM_ARCH) && __ARM_ARCH >= 8
      "movs r1, #0\n"
      "msr msplim, r1\n"
#endif
      "mrs r0, msp\n"
      "ldr r1, =slmrig_stack_begin + 2560\n"  // the guard, and room for what runs here
      "cmp r0, r1\n"
      "bhs 1f\n"
      "ldr r1, =slmrig_stack_end\n"  // an overflowed stack cannot be used; nothing returns from here
      "mov sp, r1\n"
      "1: b slmrig_on_fault\n"
      ".ltorg\n");
}

void uart_handler() { slmrig::agent::port::on_uart(); }
void systick_handler() { slmrig::agent::port::on_systick(); }
void ignore() {}

using Handler = void (*)();

struct VectorTable {
  uint8_t* stack;
  Handler exceptions[15];
  Handler interrupts[slmrig::agent::port::chip::kInterruptInputs];
};

constexpr VectorTable make_vectors() {
  VectorTable table{};
  table.stack = slmrig_stack_end;
  for (Handler& handler : table.exceptions) handler = fault_handler;
  table.exceptions[0] = slmrig_reset_handler;
  table.exceptions[10] = ignore;  // SVCall
  table.exceptions[13] = ignore;  // PendSV
  table.exceptions[14] = systick_handler;
  for (Handler& handler : table.interrupts) handler = slmrig::agent::port::unexpected_interrupt;
  for (uint32_t input : slmrig::agent::port::chip::kUartInterrupts) table.interrupts[input] = uart_handler;
  return table;
}

}  // namespace

extern const VectorTable slmrig_vectors;
__attribute__((section(".vectors"), used)) constexpr VectorTable slmrig_vectors = make_vectors();
