#include "workloads/runtime/probe/board.h"

extern "C" {
extern uint32_t stack_top;
void reset_handler();
}

namespace slmrig::runtime::probe {
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

uint32_t g_start;

void semihost(int operation, uintptr_t argument) {
  register int r0 __asm__("r0") = operation;
  register uintptr_t r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

void fault_handler() { leave(false); }

}  // namespace

void print(Line line) {
  line.put('\n');
  semihost(kSysWrite0, reinterpret_cast<uintptr_t>(line.text));
}

void start_ticks() {
  reg(kSysTickControl) = 0;
  reg(kSysTickReload) = kSysTickMask;
  reg(kSysTickValue) = 0;
  reg(kSysTickControl) = 5;
  g_start = reg(kSysTickValue);
}

uint32_t ticks() { return (g_start - reg(kSysTickValue)) & kSysTickMask; }

void leave(bool good) {
  semihost(kSysExit, good ? kExitOk : kExitFault);
  for (;;) {
  }
}

}  // namespace slmrig::runtime::probe

extern "C" void reset_handler() {
#if defined(__ARM_FP)
  using slmrig::runtime::probe::kCoprocessorAccess;
  auto& access = slmrig::runtime::probe::reg(kCoprocessorAccess);
  access = access | (0xFU << 20);  // the FPU, and MVE with it
  __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
  slmrig::runtime::probe::run();
  slmrig::runtime::probe::leave(true);
}

using Handler = void (*)();
__attribute__((section(".vectors"), used))
const Handler kVectors[16] = {reinterpret_cast<Handler>(&stack_top), reset_handler,
                              slmrig::runtime::probe::fault_handler, slmrig::runtime::probe::fault_handler,
                              slmrig::runtime::probe::fault_handler, slmrig::runtime::probe::fault_handler,
                              slmrig::runtime::probe::fault_handler, slmrig::runtime::probe::fault_handler,
                              slmrig::runtime::probe::fault_handler, slmrig::runtime::probe::fault_handler,
                              slmrig::runtime::probe::fault_handler, slmrig::runtime::probe::fault_handler,
                              slmrig::runtime::probe::fault_handler, slmrig::runtime::probe::fault_handler,
                              slmrig::runtime::probe::fault_handler, slmrig::runtime::probe::fault_handler};
