// What the slots hold, and which of them is active. Uploads: slot_upload.cc.
#include "device-agent/core/slots.h"

#include <cstring>

#include "device-agent/core/port.h"

namespace slmrig::agent {
namespace {

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

bool is_complete(const SlotNote& note) { return note.phase >= SlotPhase::kReady; }

uint64_t first_eight(const uint8_t* digest) {
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i) value |= static_cast<uint64_t>(digest[i]) << (8 * i);
  return value;
}

}  // namespace

void SlotTable::start() {
  record_ = read_record();
  ahead_slot_ = kNoSlot;
  SlotRecord next = record_;
  for (uint32_t slot = 0; slot < kMaxSlots; ++slot) {
    const bool fits =
        slot < port::slot_count() && next.slots[slot].image_bytes <= port::slot_geometry(slot).capacity_bytes;
    if (!fits) next.slots[slot] = SlotNote{};
  }
  if (next.trial == Trial::kBegun) end_trial(&next);
  // Where the storage refuses, the verdict holds for this life, and the next one comes to it again.
  if (std::memcmp(&next, &record_, sizeof next) != 0 && keep(next) != Status::kOk) record_ = next;
  if (record_.active != kNoSlot && !usable(record_.active)) {
    record_.active = record_.confirmed != kNoSlot && usable(record_.confirmed) ? record_.confirmed : kNoSlot;
    record_.trial = Trial::kNone;
  }
}

// Writes the changed record; what is in memory follows only when it was written.
Status SlotTable::keep(const SlotRecord& changed) {
  SlotRecord next = changed;
  const Status written = write_record(&next);
  if (written == Status::kOk) record_ = next;
  return written;
}

// The slot on trial is bad, and the one before it active.
void SlotTable::end_trial(SlotRecord* record) {
  if (record->active < kMaxSlots) record->slots[record->active].phase = SlotPhase::kBad;
  record->active = record->confirmed;
  record->trial = Trial::kNone;
}

// Null where nothing was noted, or where what was noted has been replaced since.
const SlotNote* SlotTable::note_of(uint32_t slot) const {
  const SlotNote& note = record_.slots[slot];
  if (note.phase == SlotPhase::kEmpty || note.stamp != port::slot_stamp(slot)) return nullptr;
  return &note;
}

SlotPhase SlotTable::phase(uint32_t slot) const {
  if (const SlotNote* note = note_of(slot)) return note->phase;
  if (!port::slot_geometry(slot).laid_from_outside) return SlotPhase::kEmpty;
  uint64_t size_bytes = 0;
  const uint8_t* data = port::slot_data(slot, &size_bytes);
  return data == nullptr || looks_blank(data, size_bytes) ? SlotPhase::kEmpty : SlotPhase::kReady;
}

bool SlotTable::usable(uint32_t slot) const {
  if (slot >= port::slot_count() || slot >= kMaxSlots) return false;
  const SlotPhase now = phase(slot);
  return now == SlotPhase::kReady || now == SlotPhase::kConfirmed;
}

uint8_t SlotTable::confirmed_beside(uint32_t slot) const {
  for (uint8_t other = 0; other < kMaxSlots && other < port::slot_count(); ++other) {
    if (other != slot && phase(other) == SlotPhase::kConfirmed) return other;
  }
  return kNoSlot;
}

Status SlotTable::info(uint32_t slot, bool hash, uint64_t hash_bytes, SlotInfo* info, Shortage* shortage) {
  if (slot >= port::slot_count() || slot >= kMaxSlots) return Status::kBadSlot;
  const port::SlotGeometry geometry = port::slot_geometry(slot);
  const SlotNote* note = note_of(slot);
  info->phase = phase(slot);
  info->capacity_bytes = geometry.capacity_bytes;
  info->writable = geometry.writable;
  info->active = slot == record_.active;
  info->on_trial = on_trial(slot);
  info->noted = note != nullptr;
  if (note != nullptr) {
    info->image_bytes = note->image_bytes;
    info->received_bytes = note->received_bytes;
    std::memcpy(info->noted_sha256, note->sha256, sizeof info->noted_sha256);
  }
  if (!hash) return Status::kOk;
  uint64_t size_bytes = 0;
  const uint8_t* data = port::slot_data(slot, &size_bytes);
  if (data == nullptr || info->phase < SlotPhase::kReady) return Status::kBadSlot;
  uint64_t wanted = hash_bytes != 0 ? hash_bytes : info->image_bytes;
  if (wanted == 0) wanted = size_bytes;
  if (wanted > size_bytes) {
    *shortage = {wanted, size_bytes};
    return Status::kBadArgument;
  }
  wire::sha256(data, static_cast<size_t>(wanted), info->sha256);
  info->hashed = true;
  return Status::kOk;
}

Status SlotTable::chunk_hashes(uint32_t slot, uint32_t chunk_bytes, uint32_t first, uint32_t* count,
                               uint64_t* hashes) {
  constexpr uint32_t kLeastBytes = 64;
  constexpr uint32_t kMostBytes = 65536;
  const uint32_t wanted = *count;
  *count = 0;
  if (slot >= port::slot_count() || slot >= kMaxSlots) return Status::kBadSlot;
  if (chunk_bytes < kLeastBytes || chunk_bytes > kMostBytes) return Status::kBadArgument;
  uint64_t size_bytes = 0;
  const uint8_t* data = port::slot_data(slot, &size_bytes);
  if (data == nullptr) return Status::kBadSlot;
  const SlotNote* note = note_of(slot);
  if (note != nullptr && note->image_bytes < size_bytes) size_bytes = note->image_bytes;
  for (; *count < wanted; ++*count) {
    const uint64_t begin = (uint64_t{first} + *count) * chunk_bytes;
    if (begin >= size_bytes) break;
    const uint64_t left = size_bytes - begin;
    uint8_t digest[wire::kSha256Bytes];
    wire::sha256(data + begin, left < chunk_bytes ? static_cast<size_t>(left) : chunk_bytes, digest);
    hashes[*count] = first_eight(digest);
  }
  return Status::kOk;
}

Status SlotTable::image(uint32_t slot, ByteView* image) {
  if (!usable(slot)) return Status::kBadSlot;
  uint64_t size_bytes = 0;
  const uint8_t* data = port::slot_data(slot, &size_bytes);
  if (data == nullptr) return Status::kBadSlot;
  const SlotNote* note = note_of(slot);
  const uint64_t image_bytes = note != nullptr ? note->image_bytes : size_bytes;
  *image = {data, static_cast<size_t>(image_bytes < size_bytes ? image_bytes : size_bytes)};
  return Status::kOk;
}

Status SlotTable::activate(uint32_t slot, uint64_t image_bytes, const uint8_t* sha256, Shortage* shortage) {
  if (slot >= port::slot_count() || slot >= kMaxSlots) return Status::kBadSlot;
  const SlotNote* note = note_of(slot);
  if (image_bytes == 0 && note != nullptr) {
    image_bytes = note->image_bytes;
    sha256 = note->sha256;
  }
  uint64_t size_bytes = 0;
  const uint8_t* data = port::slot_data(slot, &size_bytes);
  const bool whole = note != nullptr ? is_complete(*note) : phase(slot) == SlotPhase::kReady;
  if (data == nullptr || !whole || image_bytes == 0 || sha256 == nullptr) return Status::kBadSlot;
  if (image_bytes > size_bytes) {
    *shortage = {image_bytes, size_bytes};
    return Status::kBadArgument;
  }
  uint8_t digest[wire::kSha256Bytes];
  wire::sha256(data, static_cast<size_t>(image_bytes), digest);
  const bool is_noted = note != nullptr && note->image_bytes == image_bytes &&
                        std::memcmp(note->sha256, sha256, sizeof note->sha256) == 0;
  SlotRecord next = record_;
  SlotNote& changed = next.slots[slot];
  if (std::memcmp(digest, sha256, sizeof digest) != 0) {
    if (!is_noted) return Status::kHashMismatch;  // another image, of which nobody said that it is broken
    changed.phase = SlotPhase::kBad;
    if (next.confirmed == slot) next.confirmed = confirmed_beside(slot);
    if (next.active == slot) end_trial(&next);
    const Status kept = keep(next);
    return kept == Status::kOk ? Status::kHashMismatch : kept;
  }
  const bool known_good = is_noted && note->phase == SlotPhase::kConfirmed;
  if (known_good && record_.active == slot && record_.trial == Trial::kNone) return Status::kOk;
  changed.stamp = port::slot_stamp(slot);
  changed.image_bytes = changed.received_bytes = image_bytes;
  std::memcpy(changed.sha256, digest, sizeof changed.sha256);
  changed.phase = known_good ? SlotPhase::kConfirmed : SlotPhase::kReady;
  next.confirmed = known_good ? static_cast<uint8_t>(slot) : confirmed_beside(slot);
  next.active = static_cast<uint8_t>(slot);
  next.trial = known_good ? Trial::kNone : Trial::kPending;
  return keep(next);
}

Status SlotTable::rollback() {
  const uint8_t before = confirmed_beside(record_.active);
  if (before == kNoSlot) return Status::kBadSlot;
  SlotRecord next = record_;
  next.active = next.confirmed = before;
  next.trial = Trial::kNone;
  return keep(next);
}

Status SlotTable::begin_trial(uint32_t slot) {
  if (!on_trial(slot) || record_.trial == Trial::kBegun) return Status::kOk;
  SlotRecord next = record_;
  next.trial = Trial::kBegun;
  const Status kept = keep(next);
  if (kept == Status::kOk) return kept;
  // A trial that a reset would forget is none: for this life the board stays with what was confirmed.
  record_.active = record_.confirmed;
  record_.trial = Trial::kNone;
  return kept;
}

// Where the storage refuses, the slot stays on trial, and the next generation confirms it.
void SlotTable::confirm(uint32_t slot) {
  if (!on_trial(slot)) return;
  SlotRecord next = record_;
  next.slots[slot].phase = SlotPhase::kConfirmed;
  next.confirmed = static_cast<uint8_t>(slot);
  next.trial = Trial::kNone;
  static_cast<void>(keep(next));
}

// Where the storage refuses, the verdict holds for this life; the trial that is noted as begun ends at boot.
void SlotTable::fail_trial(uint32_t slot) {
  if (!on_trial(slot)) return;
  SlotRecord next = record_;
  end_trial(&next);
  if (keep(next) != Status::kOk) record_ = next;
}

void SlotTable::suspend_trial() {
  if (record_.trial != Trial::kBegun) return;
  SlotRecord next = record_;
  next.trial = Trial::kPending;
  static_cast<void>(keep(next));
}

}  // namespace slmrig::agent
