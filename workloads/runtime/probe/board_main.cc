// The probe on an emulated Cortex-M: prints a line a case, "name hash ticks macs", by semihosting, and exits.
//
// Only for QEMU: semihosting stops a real core that has no debugger.
#include <cstddef>
#include <cstdint>

#include "workloads/runtime/kernels/kernels.h"
#include "workloads/runtime/probe/probe.h"

extern "C" {
extern uint32_t stack_top;
void reset_handler();
}

namespace {

volatile uint32_t& reg(uint32_t address) { return *reinterpret_cast<volatile uint32_t*>(address); }

constexpr uint32_t kCoprocessorAccess = 0xE000ED88;
constexpr uint32_t kSysTickControl = 0xE000E010;
constexpr uint32_t kSysTickReload = 0xE000E014;
constexpr uint32_t kSysTickValue = 0xE000E018;
constexpr uint32_t kSysTickMask = 0x00FFFFFF;

constexpr int kSysWrite0 = 0x04;
constexpr int kSysExit = 0x18;
constexpr uintptr_t kExitOk = 0x20026;
constexpr uintptr_t kExitFault = 0x20023;

void semihost(int operation, uintptr_t argument) {
  register int r0 __asm__("r0") = operation;
  register uintptr_t r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

void fault_handler() {
  semihost(kSysExit, kExitFault);
  for (;;) {
  }
}

struct Line {
  char text[96];
  size_t size = 0;

  void put(char c) {
    if (size + 1 < sizeof(text)) text[size++] = c;
    text[size] = 0;
  }
  void put(const char* words) {
    while (*words != 0) put(*words++);
  }
  void put_hex(uint32_t value) {
    for (int shift = 28; shift >= 0; shift -= 4) put("0123456789abcdef"[(value >> shift) & 15U]);
  }
  void put_decimal(uint32_t value) {
    char digits[10];
    size_t count = 0;
    do {
      digits[count++] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    while (count > 0) put(digits[--count]);
  }
};

uint32_t ticks_of(const slmrig::runtime::probe::Case& probe_case, const slmrig::runtime::KernelSet& kernels) {
  reg(kSysTickControl) = 0;
  reg(kSysTickReload) = kSysTickMask;
  reg(kSysTickValue) = 0;
  reg(kSysTickControl) = 5;
  const uint32_t start = reg(kSysTickValue);
  probe_case.run(kernels);
  return (start - reg(kSysTickValue)) & kSysTickMask;
}

[[noreturn]] void run_all() {
  const slmrig::runtime::KernelSet& kernels = slmrig::runtime::best_kernels();
  uint32_t count = 0;
  const slmrig::runtime::probe::Case* cases = slmrig::runtime::probe::cases(&count);
  for (uint32_t i = 0; i < count; ++i) {
    cases[i].prepare();
    const uint32_t ticks = ticks_of(cases[i], kernels);
    Line line;
    line.put(cases[i].name);
    line.put(' ');
    line.put_hex(cases[i].result());
    line.put(' ');
    line.put_decimal(ticks);
    line.put(' ');
    line.put_decimal(cases[i].macs);
    line.put('\n');
    semihost(kSysWrite0, reinterpret_cast<uintptr_t>(line.text));
  }
  semihost(kSysExit, kExitOk);
  for (;;) {
  }
}

}  // namespace

extern "C" void reset_handler() {
  reg(kCoprocessorAccess) = reg(kCoprocessorAccess) | (0xFU << 20);  // the FPU, and MVE with it
  __asm__ volatile("dsb\n\tisb" ::: "memory");
  run_all();
}

using Handler = void (*)();
__attribute__((section(".vectors"), used))
const Handler kVectors[16] = {reinterpret_cast<Handler>(&stack_top),
                              reset_handler,
                              fault_handler,
                              fault_handler,
                              fault_handler,
                              fault_handler,
                              fault_handler,
                              fault_handler,
                              fault_handler,
                              fault_handler,
                              fault_handler,
                              fault_handler,
                              fault_handler,
                              fault_handler,
                              fault_handler,
                              fault_handler};
