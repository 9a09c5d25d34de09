// SysTick as a 64-bit counter.
//
// It counts down through 24 bits, and its interrupt adds the period that ended. Between generations the
// period is short, so that waiting has a resolution of milliseconds; a re-armed counter runs the full 24
// bits, so that the interrupt disturbs a generation as rarely as it can, and at the same instruction in every
// repetition.
#include "device-agent/ports/cortex_m/clock.h"

#include "device-agent/core/port.h"
#include "device-agent/ports/cortex_m/registers.h"

namespace slmrig::agent::port {
namespace {

constexpr uint64_t kRateHz = SLMRIG_TICK_RATE_HZ;
constexpr uint32_t kIdlePeriodTicks = static_cast<uint32_t>(kRateHz / 200);  // 5 ms
constexpr uint32_t kLongPeriodTicks = core::kSystickMaxReload + 1;

volatile uint64_t g_base = 0;  // ticks of the periods that ended, since the counter was re-armed
uint32_t g_period_ticks = kLongPeriodTicks;  // as the reset handler left it
uint64_t g_before_rearm = 0;                 // ticks up to the last rearm_ticks(), since reset
uint64_t g_boot_ticks = 0;

// Interrupts masked. The counter stands at zero for one tick at the end of a period, which is the tick at
// which the interrupt becomes pending, and then at its reload value.
uint64_t locked_ticks() {
  uint32_t value = at(core::kSystickValue);
  const bool pending = (at(core::kInterruptState) & core::kSystickPending) != 0;
  if (pending) value = at(core::kSystickValue);
  const uint64_t base = g_base + (pending ? g_period_ticks : 0);
  return base + (value == 0 ? 0 : g_period_ticks - value);
}

// Interrupts masked. Begins a period now; the ticks so far count as `base`.
void begin_period(uint32_t period_ticks, uint64_t base) {
  g_base = base;
  g_period_ticks = period_ticks;
  at(core::kSystickReload) = period_ticks - 1;
  at(core::kSystickValue) = 0;  // any value clears it
  at(core::kInterruptState) = core::kSystickPendingClear;
}

}  // namespace

void on_systick() { g_base = g_base + g_period_ticks; }

void start_clock(uint64_t uncounted_ticks) {
  InterruptLock lock;
  const uint64_t so_far =
      locked_ticks() + uncounted_ticks;  // a start that takes longer than 24 bits of ticks is not foreseen
  begin_period(kIdlePeriodTicks, so_far);
  at(core::kSystickControl) = core::kSystickEnable | core::kSystickInterrupt | core::kSystickCoreClock;
}

void end_of_boot() { g_boot_ticks = ticks(); }

void use_idle_period() {
  InterruptLock lock;
  begin_period(kIdlePeriodTicks, locked_ticks());
}

TickSource tick_source() { return {"systick", kRateHz}; }

uint64_t ticks() {
  InterruptLock lock;
  return locked_ticks();
}

uint64_t boot_ticks() { return g_boot_ticks; }

void rearm_ticks() {
  InterruptLock lock;
  g_before_rearm += locked_ticks();
  begin_period(kLongPeriodTicks, 0);
}

uint32_t coarse_milliseconds() {
  InterruptLock lock;
  return static_cast<uint32_t>((g_before_rearm + locked_ticks()) / (kRateHz / 1000));
}

}  // namespace slmrig::agent::port
