// The CMSDK APB UART as the link. Source: Arm DDI 0479, section 4.3.
#include "chip.h"
#include "device-agent/core/port.h"
#include "device-agent/ports/cortex_m/clock.h"
#include "device-agent/ports/cortex_m/family.h"
#include "device-agent/ports/cortex_m/receive_ring.h"
#include "device-agent/ports/cortex_m/registers.h"
#include "device-agent/ports/mps/markers.h"

namespace slmrig::agent::port {
namespace {

constexpr uintptr_t kData = chip::kUartAddress + 0x00;
constexpr uintptr_t kState = chip::kUartAddress + 0x04;
constexpr uintptr_t kControl = chip::kUartAddress + 0x08;
constexpr uintptr_t kInterruptClear = chip::kUartAddress + 0x0C;
constexpr uintptr_t kBaudDivider = chip::kUartAddress + 0x10;

constexpr uint32_t kTransmitFull = 1U << 0;  // in State
constexpr uint32_t kReceiveFull = 1U << 1;
constexpr uint32_t kTransmitEnable = 1U << 0;  // in Control
constexpr uint32_t kReceiveEnable = 1U << 1;
constexpr uint32_t kTransmitInterrupt = 1U << 2;
constexpr uint32_t kReceiveInterrupt = 1U << 3;
constexpr uint32_t kBothInterrupts = 3;  // in InterruptClear

constexpr uint32_t kBaud = 115200;
constexpr uint32_t kWriteTimeoutMs = 2000;
constexpr uint32_t kLastCharacterMs = 4;
constexpr uint32_t kSmallestDivider = 16;  // the manual's minimum of BAUDDIV
constexpr uint32_t kQuiet = kTransmitEnable | kReceiveEnable;

uint32_t g_baud = kBaud;

// When it is full the receive interrupt is masked: the emulator then holds the rest back, and on a real line
// what is lost is sent again.
ReceiveRing g_ring;

// Interrupts masked, or in the handler. Moves what the UART holds into the ring and lets it interrupt for
// more, unless the ring is full.
void drain() {
  while ((at(kState) & kReceiveFull) != 0) {
    if (g_ring.full()) {
      at(kControl) = kQuiet;
      return;
    }
    g_ring.put(static_cast<uint8_t>(at(kData)));
  }
  at(kControl) = kQuiet | kReceiveInterrupt;
}

}  // namespace

void start_uart() {
  at(kBaudDivider) = static_cast<uint32_t>(SLMRIG_CLOCK_HZ / kBaud);
  at(kControl) = kQuiet | kReceiveInterrupt;
  for (uint32_t input : chip::kUartInterrupts)
    at(core::kInterruptEnable + 4 * (input / 32)) = 1U << (input % 32);
}

void on_uart() {
  at(kInterruptClear) = kBothInterrupts;
  drain();  // which also ends the transmit interrupt: it is only ever wanted for one wake-up of write_link
}

// Drains by itself, too: a byte that came while its interrupt was masked (in a quiet window, or behind a full
// ring) does not interrupt when the mask is lifted, and the UART takes no other until it is read.
size_t read_link(uint8_t* data, size_t capacity) {
  {
    InterruptLock lock;
    drain();
  }
  return g_ring.take(data, capacity);
}

bool write_link(const uint8_t* data, size_t size_bytes) {
  for (size_t i = 0; i < size_bytes; ++i) {
    if ((at(kState) & kTransmitFull) != 0) {
      const uint32_t started_ms = coarse_milliseconds();
      do {
        if (coarse_milliseconds() - started_ms > kWriteTimeoutMs) return false;
        InterruptLock lock;
        at(kControl) = at(kControl) | kTransmitInterrupt;
        if ((at(kState) & kTransmitFull) != 0) wait_for_interrupt();
      } while ((at(kState) & kTransmitFull) != 0);
    }
    at(kData) = data[i];
  }
  return true;
}

bool link_alive() { return true; }

uint32_t link_baud() { return g_baud; }

bool has_link_baud(uint32_t baud) {
  if (baud == 0) return false;
  const auto clock_hz = static_cast<uint32_t>(SLMRIG_CLOCK_HZ);
  const uint32_t divider = (clock_hz + baud / 2) / baud;
  if (divider < kSmallestDivider) return false;
  const uint32_t made = clock_hz / divider;
  const uint32_t difference = made > baud ? made - baud : baud - made;
  return difference <= baud / 50;
}

void set_link_baud(uint32_t baud) {
  // The UART tells when its buffer is free, not when the shift register is: a character more, at any rate.
  const uint32_t started_ms = coarse_milliseconds();
  while (coarse_milliseconds() - started_ms < kLastCharacterMs) {
    InterruptLock lock;
    wait_for_interrupt();
  }
  InterruptLock lock;
  at(kBaudDivider) = (static_cast<uint32_t>(SLMRIG_CLOCK_HZ) + baud / 2) / baud;
  g_baud = baud;
}

void wait_for_link(uint32_t milliseconds) {
  const uint32_t started_ms = coarse_milliseconds();
  while (coarse_milliseconds() - started_ms < milliseconds) {
    InterruptLock lock;
    if (!g_ring.empty() || (at(kState) & kReceiveFull) != 0) return;
    wait_for_interrupt();
  }
}

void enter_quiet_window() {
  begin_edges();
  InterruptLock lock;
  at(kControl) = kQuiet;
}

void leave_quiet_window() {
  send_edges();
  use_idle_period();
  InterruptLock lock;
  drain();
}

}  // namespace slmrig::agent::port
