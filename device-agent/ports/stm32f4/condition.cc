// What an STM32F4 tells of itself, and its marker pins.
#include "chip.h"
#include "device-agent/core/port.h"
#include "device-agent/ports/cortex_m/family.h"
#include "device-agent/ports/cortex_m/registers.h"
#include "device-agent/wire/marker_edges.h"

namespace slmrig::agent::port {

// 24 digits, the highest word first.
void chip_unique_id(char* id, size_t capacity) {
  size_t count = 0;
  for (int word = 2; word >= 0; --word) {
    const uint32_t bits = at(chip::kUniqueId + 4 * static_cast<uintptr_t>(word));
    for (int shift = 28; shift >= 0 && count + 1 < capacity; shift -= 4) {
      id[count++] = "0123456789abcdef"[(bits >> shift) & 0xF];
    }
  }
  id[count] = '\0';
}

// Temperature and supply take the converter, which would draw current beside what is measured.
bool board_fact(uint32_t, BoardFact*) { return false; }

uint32_t marker_edges() { return kAnyEdges; }
size_t marker_room_bytes() { return 0; }
void set_marker_room(uint8_t*) {}

void begin_boot_mark() {
  constexpr uintptr_t kMode = 0x00;
  constexpr uint32_t kPins0To3 = 0xFF;  // two bits a pin
  constexpr uint32_t kPins0To3Output = 0x55;
  at(chip::kEnableAhb1) = at(chip::kEnableAhb1) | chip::kEnableGpioC;
  // The clock is there two cycles later (section 7.2): the read gives it that time.
  const uint32_t mode = at(chip::kEnableAhb1) != 0 ? at(chip::kGpioC + kMode) : 0;
  set_markers(wire::kMarkBoot);
  at(chip::kGpioC + kMode) = (mode & ~kPins0To3) | kPins0To3Output;
}

void end_boot_mark(uint64_t) { set_markers(0); }

// PC0 to PC3, all four in one store: the lower half of BSRR sets, the upper one clears.
void set_markers(uint8_t lines) {
  constexpr uint32_t kPins = 0xF;
  at(chip::kGpioC + 0x18) = (lines & kPins) | ((~lines & kPins) << 16);
}

// Wakes at each end of a period of the counter.
void idle(uint64_t sleep_ticks) {
  const uint64_t from = ticks();
  while (ticks() - from < sleep_ticks) {
    InterruptLock lock;
    wait_for_interrupt();
  }
}

}  // namespace slmrig::agent::port
