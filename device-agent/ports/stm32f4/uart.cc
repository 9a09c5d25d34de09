// USART2 as the link. Source: ST RM0090, section 30.6.
#include "chip.h"
#include "device-agent/core/port.h"
#include "device-agent/ports/cortex_m/clock.h"
#include "device-agent/ports/cortex_m/family.h"
#include "device-agent/ports/cortex_m/receive_ring.h"
#include "device-agent/ports/cortex_m/registers.h"

namespace slmrig::agent::port {
namespace {

constexpr uintptr_t kState = chip::kUartAddress + 0x00;    // SR
constexpr uintptr_t kData = chip::kUartAddress + 0x04;     // DR
constexpr uintptr_t kRate = chip::kUartAddress + 0x08;     // BRR
constexpr uintptr_t kControl = chip::kUartAddress + 0x0C;  // CR1

constexpr uint32_t kOverrun = 1U << 3;  // in SR
constexpr uint32_t kReceiveFull = 1U << 5;
constexpr uint32_t kTransmitDone = 1U << 6;
constexpr uint32_t kTransmitEmpty = 1U << 7;
constexpr uint32_t kReceiveEnable = 1U << 2;  // in CR1
constexpr uint32_t kTransmitEnable = 1U << 3;
constexpr uint32_t kReceiveInterrupt = 1U << 5;
constexpr uint32_t kTransmitInterrupt = 1U << 7;
constexpr uint32_t kUartEnable = 1U << 13;
constexpr uint32_t kQuiet = kUartEnable | kTransmitEnable | kReceiveEnable;

constexpr uint32_t kBaud = 115200;
constexpr uint32_t kWriteTimeoutMs = 2000;
constexpr uint32_t kLastCharacterMs = 4;
constexpr uint32_t kSmallestDivider = 16;  // sampled 16 times a bit: 2.6 M baud at 42 MHz

// PA2 and PA3: alternate function 7, PA3 pulled up so that an open line is silent.
constexpr uintptr_t kMode = 0x00;
constexpr uintptr_t kPull = 0x0C;
constexpr uintptr_t kAlternate = 0x20;
constexpr uint32_t kPins23 = 0xF0;  // two bits a pin
constexpr uint32_t kPins23Alternate = 0xA0;
constexpr uint32_t kPins23Function7 = 0x7700;  // four bits a pin

uint32_t g_baud = kBaud;

// When it is full the receive interrupt is masked; what a real line loses then is sent again.
ReceiveRing g_ring;

void change(uintptr_t address, uint32_t mask, uint32_t value) { at(address) = (at(address) & ~mask) | value; }

uint32_t divider_of(uint32_t baud) { return (uart_clock_hz() + baud / 2) / baud; }

// Interrupts masked, or in the handler. Moves what the UART holds into the ring and lets it interrupt for
// more, unless the ring is full. Reading the data ends an overrun, too.
void drain() {
  while ((at(kState) & (kReceiveFull | kOverrun)) != 0) {
    if (g_ring.full()) {
      at(kControl) = kQuiet;
      return;
    }
    const bool is_byte = (at(kState) & kReceiveFull) != 0;
    const auto byte = static_cast<uint8_t>(at(kData));
    if (is_byte) g_ring.put(byte);
  }
  at(kControl) = kQuiet | kReceiveInterrupt;
}

}  // namespace

void start_uart() {
  change(chip::kEnableAhb1, 0, chip::kEnableGpioA);
  change(chip::kEnableApb1, 0, chip::kEnableUsart2);
  change(chip::kGpioA + kAlternate, 0xFF00, kPins23Function7);
  change(chip::kGpioA + kPull, kPins23, 0x40);
  change(chip::kGpioA + kMode, kPins23, kPins23Alternate);
  at(kRate) = divider_of(kBaud);
  at(kControl) = kQuiet | kReceiveInterrupt;
  for (uint32_t input : chip::kUartInterrupts)
    at(core::kInterruptEnable + 4 * (input / 32)) = 1U << (input % 32);
}

void on_uart() {
  drain();  // which also ends the transmit interrupt: it is only ever wanted for one wake-up of write_link
}

// Drains by itself, too: a byte that came while its interrupt was masked, in a quiet window or behind a full
// ring, is read now.
size_t read_link(uint8_t* data, size_t capacity) {
  {
    InterruptLock lock;
    drain();
  }
  return g_ring.take(data, capacity);
}

bool write_link(const uint8_t* data, size_t size_bytes) {
  for (size_t i = 0; i < size_bytes; ++i) {
    if ((at(kState) & kTransmitEmpty) == 0) {
      const uint32_t started_ms = coarse_milliseconds();
      do {
        if (coarse_milliseconds() - started_ms > kWriteTimeoutMs) return false;
        InterruptLock lock;
        at(kControl) = at(kControl) | kTransmitInterrupt;
        if ((at(kState) & kTransmitEmpty) == 0) wait_for_interrupt();
      } while ((at(kState) & kTransmitEmpty) == 0);
    }
    at(kData) = data[i];
  }
  return true;
}

bool link_alive() { return true; }

uint32_t link_baud() { return g_baud; }

bool has_link_baud(uint32_t baud) {
  if (baud == 0) return false;
  const uint32_t divider = divider_of(baud);
  if (divider < kSmallestDivider || divider > 0xFFFF) return false;
  const uint32_t made = uart_clock_hz() / divider;
  const uint32_t difference = made > baud ? made - baud : baud - made;
  return difference <= baud / 50;
}

void set_link_baud(uint32_t baud) {
  const uint32_t started_ms = coarse_milliseconds();
  while ((at(kState) & kTransmitDone) == 0 && coarse_milliseconds() - started_ms < kLastCharacterMs) {
  }
  InterruptLock lock;
  at(kRate) = divider_of(baud);
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
  InterruptLock lock;
  at(kControl) = kQuiet;
}

void leave_quiet_window() {
  use_idle_period();
  InterruptLock lock;
  drain();
}

}  // namespace slmrig::agent::port
