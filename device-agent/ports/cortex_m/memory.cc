// Slots, arena, stack and unique id, where all of them are memory that is read in place.
#include "device-agent/ports/cortex_m/memory.h"

#include <cstring>

#include "device-agent/core/port.h"
#include "device-agent/ports/cortex_m/family.h"

namespace slmrig::agent::port {
namespace {

constexpr uint8_t kPaint = 0xA5;
constexpr size_t kPaintMarginBytes = 256;  // the frames that are alive while the paint goes on

struct Range {
  uint8_t* begin;
  size_t size_bytes;
};

// Slot 0 is laid from outside (a loader or a debugger); slot 1, where there is RAM for one, takes uploads.
Range slot_range(uint32_t slot) {
  if (slot == 0) return {slmrig_slot0_begin, static_cast<size_t>(slmrig_slot0_end - slmrig_slot0_begin)};
  if (slot == 1) {
    return {slmrig_upload_slot_begin, static_cast<size_t>(slmrig_upload_slot_end - slmrig_upload_slot_begin)};
  }
  return {nullptr, 0};
}

}  // namespace

__attribute__((section(".retained"))) Retained retained;

Identity identity() {
  static char unique_id[kUniqueIdBytes];
  size_t count = 0;
  while (count + 1 < kUniqueIdBytes && slmrig_unique_id[count] > ' ' && slmrig_unique_id[count] < 0x7F) {
    unique_id[count] = static_cast<char>(slmrig_unique_id[count]);
    ++count;
  }
  unique_id[count] = '\0';
  // Erased flash, as nothing else is: a real chip that nobody named.
  if (slmrig_unique_id[0] == 0xFF) {
    chip_unique_id(unique_id, sizeof unique_id);
    while (unique_id[count] != '\0') ++count;
  }
  return {SLMRIG_BOARD_NAME, count != 0 ? unique_id : "unset", Origin::kReset};
}

size_t build_id(uint8_t* id, size_t capacity) {
  // An ELF note: three words, the name "GNU\0", then the id.
  constexpr size_t kHeadBytes = 16;
  const auto note_bytes = static_cast<size_t>(slmrig_build_id_end - slmrig_build_id_begin);
  if (note_bytes < kHeadBytes || note_bytes - kHeadBytes > capacity) return 0;
  std::memcpy(id, slmrig_build_id_begin + kHeadBytes, note_bytes - kHeadBytes);
  return note_bytes - kHeadBytes;
}

uint32_t slot_count() { return slot_range(1).size_bytes != 0 ? 2 : 1; }
SlotGeometry slot_geometry(uint32_t slot) { return {slot_range(slot).size_bytes, slot == 1, slot == 0}; }

const uint8_t* slot_data(uint32_t slot, uint64_t* size_bytes) {
  const Range range = slot_range(slot);
  *size_bytes = range.size_bytes;
  return range.begin;
}

Status slot_erase(uint32_t slot, uint64_t) {
  const Range range = slot_range(slot);
  if (slot != 1 || range.size_bytes == 0) return Status::kBadSlot;
  std::memset(range.begin, 0xFF, range.size_bytes);
  return Status::kOk;
}

Status slot_write(uint32_t slot, uint64_t offset_bytes, const uint8_t* data, size_t size_bytes) {
  const Range range = slot_range(slot);
  if (slot != 1 || offset_bytes > range.size_bytes || size_bytes > range.size_bytes - offset_bytes) {
    return Status::kBadSlot;
  }
  std::memcpy(range.begin + offset_bytes, data, size_bytes);
  return Status::kOk;
}

Status slot_finish(uint32_t, uint64_t) { return Status::kOk; }

// Who lays an image into slot 0 behind the agent's back changes its head, which holds the image's checksums.
uint64_t slot_stamp(uint32_t slot) {
  constexpr size_t kHeadBytes = 256;
  const Range range = slot_range(slot);
  if (slot != 0 || range.size_bytes < kHeadBytes) return 0;
  uint32_t stamp = 0x811C9DC5;  // FNV-1a
  for (size_t i = 0; i < kHeadBytes; ++i) stamp = (stamp ^ range.begin[i]) * 0x01000193;
  return stamp;
}

// The memory of a first power-up holds anything: the notes' own checksums tell.
size_t read_note(uint32_t cell, uint8_t* note, size_t capacity) {
  const size_t count = capacity < kNoteBytes ? capacity : kNoteBytes;
  std::memcpy(note, retained.notes[cell], count);
  return count;
}

Status write_note(uint32_t cell, const uint8_t* note, size_t size_bytes) {
  if (cell >= kNoteCells || size_bytes > kNoteBytes) return Status::kBadSlot;
  std::memcpy(retained.notes[cell], note, size_bytes);
  return Status::kOk;
}

uint8_t* arena(size_t* arena_bytes) {
  *arena_bytes = static_cast<size_t>(slmrig_arena_end - slmrig_arena_begin);
  return slmrig_arena_begin;
}

void paint_stack() {
  const auto* here = static_cast<const uint8_t*>(__builtin_frame_address(0));
  for (uint8_t* byte = slmrig_stack_begin + kStackGuardBytes; byte < here - kPaintMarginBytes; ++byte) {
    *static_cast<volatile uint8_t*>(byte) = kPaint;
  }
}

uint32_t stack_peak_bytes() {
  const uint8_t* byte = slmrig_stack_begin + kStackGuardBytes;
  while (byte < slmrig_stack_end && *byte == kPaint) ++byte;
  return static_cast<uint32_t>(slmrig_stack_end - byte);
}

uint64_t process_peak_bytes() { return 0; }
uint64_t cgroup_peak_bytes() { return 0; }

}  // namespace slmrig::agent::port
