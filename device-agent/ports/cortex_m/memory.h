// Inside the Cortex-M ports: places that the linker script lays out (sections.ld, boards/<board>/memory.ld).
#pragma once

#include <cstddef>
#include <cstdint>

#include "device-agent/core/port.h"

extern "C" {
extern uint8_t slmrig_slot0_begin[];
extern uint8_t slmrig_slot0_end[];
extern uint8_t slmrig_upload_slot_begin[];
extern uint8_t slmrig_upload_slot_end[];
extern uint8_t slmrig_arena_begin[];
extern uint8_t slmrig_arena_end[];
extern uint8_t slmrig_stack_begin[];  // lowest address
extern uint8_t slmrig_stack_end[];
extern uint8_t slmrig_unique_id[];  // 64 bytes, laid there from outside
extern const uint8_t slmrig_build_id_begin[];
extern const uint8_t slmrig_build_id_end[];
}

namespace slmrig::agent::port {

constexpr size_t kUniqueIdBytes = 64;

// The lowest part of the stack: touching it is a fault (Armv7-M: by the MPU; Armv8-M has a limit register,
// too).
constexpr size_t kStackGuardBytes = 2048;

// What survives a reset: RAM that start-up leaves alone.
struct Retained {
  uint32_t fault_magic;
  char fault[112];  // NUL-terminated where fault_magic is right
  uint8_t notes[kNoteCells][kNoteBytes];
};

extern Retained retained;

// Copies the fault of the life before to where previous_fault() finds it, and forgets it.
void read_retained_fault();

}  // namespace slmrig::agent::port
