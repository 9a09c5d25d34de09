#include "device-agent/core/slot_record.h"

#include <cstring>

#include "device-agent/core/port.h"
#include "device-agent/wire/crc32c.h"

namespace slmrig::agent {
namespace {

constexpr uint32_t kMagic = 0x32544C53;  // "SLT2"
constexpr size_t kHeadBytes = offsetof(SlotRecord, sequence);

// No padding: records are compared and hashed as bytes.
static_assert(sizeof(SlotNote) == 64 && sizeof(SlotRecord) == 16 + kMaxSlots * sizeof(SlotNote));
static_assert(sizeof(SlotRecord) <= port::kNoteBytes);

uint32_t crc_of(const SlotRecord& record) {
  return wire::crc32c(reinterpret_cast<const uint8_t*>(&record) + kHeadBytes, sizeof record - kHeadBytes);
}

bool is_slot(uint8_t slot) { return slot == kNoSlot || slot < kMaxSlots; }

// Whole, and of values that this program knows: another version of it may have written them.
bool is_sane(const SlotRecord& record) {
  if (record.magic != kMagic || record.crc != crc_of(record)) return false;
  if (!is_slot(record.active) || !is_slot(record.confirmed) || record.trial > Trial::kBegun) return false;
  for (const SlotNote& note : record.slots) {
    if (note.phase > SlotPhase::kBad || note.received_bytes > note.image_bytes) return false;
  }
  return true;
}

}  // namespace

SlotRecord empty_record() {
  SlotRecord record{};
  record.magic = kMagic;
  record.active = record.confirmed = kNoSlot;
  return record;
}

SlotRecord read_record() {
  SlotRecord newest = empty_record();
  bool found = false;
  for (uint32_t cell = 0; cell < port::kNoteCells; ++cell) {
    SlotRecord record;
    if (port::read_note(cell, reinterpret_cast<uint8_t*>(&record), sizeof record) != sizeof record) continue;
    if (!is_sane(record)) continue;
    if (found && static_cast<int32_t>(record.sequence - newest.sequence) < 0) continue;
    newest = record;
    found = true;
  }
  return newest;
}

wire::Status write_record(SlotRecord* record) {
  SlotRecord next = *record;
  ++next.sequence;
  next.crc = crc_of(next);
  // Consecutive records lie in different cells, so this is never the cell of the newest one.
  const wire::Status written = port::write_note(next.sequence % port::kNoteCells,
                                                reinterpret_cast<const uint8_t*>(&next), sizeof next);
  if (written == wire::Status::kOk) *record = next;
  return written;
}

}  // namespace slmrig::agent
