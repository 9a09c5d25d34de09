#include "device-agent/core/slots.h"

#include <cstring>

#include "device-agent/core/port.h"
#include "device-agent/wire/crc32c.h"

namespace slmrig::agent {
namespace {

constexpr uint32_t kNoteMagic = 0x544F4C53;  // "SLOT"

// A note costs a flash write; what a broken upload repeats costs at most this much.
constexpr uint64_t kNoteEveryBytes = 32768;

constexpr size_t kNoteHeadBytes = 8;

// A slot in plain memory holds something when its head is not blank (all zero RAM, all one flash).
bool looks_blank(const uint8_t* data, uint64_t size_bytes) {
  const uint64_t count = size_bytes < 64 ? size_bytes : 64;
  bool all_zero = true;
  bool all_one = true;
  for (uint64_t i = 0; i < count; ++i) {
    all_zero = all_zero && data[i] == 0;
    all_one = all_one && data[i] == 0xFF;
  }
  return all_zero || all_one;
}

}  // namespace

void SlotTable::start() {
  for (uint32_t slot = 0; slot < port::slot_count() && slot < kMaxSlots; ++slot) {
    Note note;
    notes_[slot] = Note{};
    if (port::slot_read_note(slot, reinterpret_cast<uint8_t*>(&note), sizeof note) != sizeof note) continue;
    const uint8_t* bytes = reinterpret_cast<const uint8_t*>(&note);
    const uint32_t crc = wire::crc32c(bytes + kNoteHeadBytes, sizeof note - kNoteHeadBytes);
    const bool sane = note.magic == kNoteMagic && note.crc == crc &&
                      note.received_bytes <= note.image_bytes &&
                      note.image_bytes <= port::slot_geometry(slot).capacity_bytes;
    if (sane) notes_[slot] = note;
    noted_bytes_[slot] = notes_[slot].received_bytes;
  }
}

Status SlotTable::keep_note(uint32_t slot) {
  Note& note = notes_[slot];
  note.magic = kNoteMagic;
  const uint8_t* bytes = reinterpret_cast<const uint8_t*>(&note);
  note.crc = wire::crc32c(bytes + kNoteHeadBytes, sizeof note - kNoteHeadBytes);
  noted_bytes_[slot] = note.received_bytes;
  return port::slot_write_note(slot, bytes, sizeof note);
}

Status SlotTable::forget(uint32_t slot) {
  notes_[slot] = Note{};
  noted_bytes_[slot] = 0;
  return port::slot_write_note(slot, reinterpret_cast<const uint8_t*>(&notes_[slot]), sizeof(Note));
}

Status SlotTable::begin_upload(uint32_t slot, uint64_t image_bytes, const uint8_t* sha256,
                               Shortage* shortage) {
  if (slot >= port::slot_count() || slot >= kMaxSlots) return Status::kBadSlot;
  const port::SlotGeometry geometry = port::slot_geometry(slot);
  if (!geometry.writable) return Status::kBadSlot;
  if (image_bytes == 0) return Status::kBadArgument;
  if (image_bytes > geometry.capacity_bytes) {
    *shortage = {image_bytes, geometry.capacity_bytes};
    return Status::kSlotTooSmall;
  }
  Note& note = notes_[slot];
  const bool same = note.magic == kNoteMagic && note.image_bytes == image_bytes &&
                    std::memcmp(note.sha256, sha256, sizeof note.sha256) == 0;
  if (same) return Status::kOk;
  // The note of what was there goes first: it must not speak of a slot that was erased half.
  const Status forgotten = forget(slot);
  if (forgotten != Status::kOk) return forgotten;
  const Status erased = port::slot_erase(slot, image_bytes);
  if (erased != Status::kOk) return erased;
  note.image_bytes = image_bytes;
  std::memcpy(note.sha256, sha256, sizeof note.sha256);
  return keep_note(slot);
}

Status SlotTable::write_chunk(uint32_t slot, uint64_t offset_bytes, const uint8_t* data, size_t size_bytes,
                              Shortage* shortage) {
  if (slot >= port::slot_count() || slot >= kMaxSlots) return Status::kBadSlot;
  Note& note = notes_[slot];
  if (note.magic != kNoteMagic) return Status::kBadSlot;
  *shortage = {note.received_bytes, offset_bytes};
  if (offset_bytes > note.received_bytes || size_bytes > note.image_bytes - offset_bytes) {
    return Status::kBadArgument;
  }
  const uint64_t known = note.received_bytes - offset_bytes;
  if (size_bytes <= known) return Status::kOk;
  const Status written =
      port::slot_write(slot, note.received_bytes, data + known, size_bytes - static_cast<size_t>(known));
  if (written != Status::kOk) return written;
  note.received_bytes = offset_bytes + size_bytes;
  if (note.received_bytes - noted_bytes_[slot] < kNoteEveryBytes) return Status::kOk;
  return keep_note(slot);
}

Status SlotTable::end_upload(uint32_t slot, Shortage* shortage) {
  if (slot >= port::slot_count() || slot >= kMaxSlots) return Status::kBadSlot;
  Note& note = notes_[slot];
  if (note.magic != kNoteMagic) return Status::kBadSlot;
  if (note.received_bytes != note.image_bytes) {
    *shortage = {note.image_bytes, note.received_bytes};
    return Status::kBadArgument;
  }
  if (note.complete == 0) {
    const Status finished = port::slot_finish(slot, note.image_bytes);
    if (finished != Status::kOk) return finished;
  }
  uint64_t size_bytes = 0;
  const uint8_t* data = port::slot_data(slot, &size_bytes);
  if (data == nullptr || size_bytes < note.image_bytes) return Status::kStorageFault;
  uint8_t digest[wire::kSha256Bytes];
  wire::sha256(data, static_cast<size_t>(note.image_bytes), digest);
  const bool equal = std::memcmp(digest, note.sha256, sizeof digest) == 0;
  if (equal) {
    note.complete = 1;
    return keep_note(slot);
  }
  const Status forgotten = forget(slot);  // the next upload starts from nothing
  return forgotten == Status::kOk ? Status::kHashMismatch : forgotten;
}

SlotPhase SlotTable::phase(uint32_t slot) {
  const Note& note = notes_[slot];
  if (note.magic == kNoteMagic) return note.complete != 0 ? SlotPhase::kReady : SlotPhase::kWriting;
  if (!port::slot_geometry(slot).laid_from_outside) return SlotPhase::kEmpty;
  uint64_t size_bytes = 0;
  const uint8_t* data = port::slot_data(slot, &size_bytes);
  return data == nullptr || looks_blank(data, size_bytes) ? SlotPhase::kEmpty : SlotPhase::kReady;
}

Status SlotTable::info(uint32_t slot, bool hash, uint64_t hash_bytes, SlotInfo* info, Shortage* shortage) {
  if (slot >= port::slot_count() || slot >= kMaxSlots) return Status::kBadSlot;
  const port::SlotGeometry geometry = port::slot_geometry(slot);
  const Note& note = notes_[slot];
  info->phase = phase(slot);
  info->capacity_bytes = geometry.capacity_bytes;
  info->writable = geometry.writable;
  info->image_bytes = note.image_bytes;
  info->received_bytes = note.received_bytes;
  if (!hash) return Status::kOk;
  uint64_t size_bytes = 0;
  const uint8_t* data = port::slot_data(slot, &size_bytes);
  if (data == nullptr || info->phase != SlotPhase::kReady) return Status::kBadSlot;
  uint64_t wanted = hash_bytes != 0 ? hash_bytes : note.image_bytes;
  if (wanted == 0) wanted = size_bytes;
  if (wanted > size_bytes) {
    *shortage = {wanted, size_bytes};
    return Status::kBadArgument;
  }
  wire::sha256(data, static_cast<size_t>(wanted), info->sha256);
  info->hashed = true;
  return Status::kOk;
}

Status SlotTable::image(uint32_t slot, ByteView* image) {
  if (slot >= port::slot_count() || slot >= kMaxSlots) return Status::kBadSlot;
  if (phase(slot) != SlotPhase::kReady) return Status::kBadSlot;
  uint64_t size_bytes = 0;
  const uint8_t* data = port::slot_data(slot, &size_bytes);
  if (data == nullptr) return Status::kBadSlot;
  const uint64_t image_bytes = notes_[slot].magic == kNoteMagic ? notes_[slot].image_bytes : size_bytes;
  *image = {data, static_cast<size_t>(image_bytes < size_bytes ? image_bytes : size_bytes)};
  return Status::kOk;
}

}  // namespace slmrig::agent
