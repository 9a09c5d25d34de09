// The upload that fills a slot.
#include <cstring>

#include "device-agent/core/port.h"
#include "device-agent/core/slots.h"

namespace slmrig::agent {
namespace {

// A note costs a flash write; what a broken upload repeats costs at most this much.
uint64_t note_every_bytes(uint64_t image_bytes) {
  constexpr uint64_t kLeastBytes = 32768;
  constexpr uint64_t kMostNotes = 64;
  const uint64_t share = image_bytes / kMostNotes;
  return share < kLeastBytes ? kLeastBytes : share;
}

// A copy is written in pieces, so that a power cut in it loses little.
constexpr size_t kCopyPieceBytes = 4096;

}  // namespace

// The slot that the board would go back to is not written while there is another one to write.
bool SlotTable::is_protected(uint32_t slot) const {
  if (slot != record_.confirmed || phase(slot) != SlotPhase::kConfirmed) return false;
  for (uint32_t other = 0; other < port::slot_count() && other < kMaxSlots; ++other) {
    if (other != slot && port::slot_geometry(other).writable) return true;
  }
  return false;
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
  ahead_slot_ = slot;
  ahead_count_ = 0;
  const SlotNote* note = note_of(slot);
  const bool same = note != nullptr && note->image_bytes == image_bytes &&
                    std::memcmp(note->sha256, sha256, sizeof note->sha256) == 0;
  if (same) {
    kept_bytes_ = note->received_bytes;
    return Status::kOk;
  }
  if (is_protected(slot)) return Status::kProtectedSlot;
  // The note of what was there goes first: it must not speak of a slot that was erased half.
  SlotRecord next = record_;
  next.slots[slot] = SlotNote{};
  if (next.confirmed == slot) next.confirmed = confirmed_beside(slot);
  if (next.active == slot) {
    next.active = next.confirmed;
    next.trial = Trial::kNone;
  }
  const Status forgotten = keep(next);
  if (forgotten != Status::kOk) return forgotten;
  const Status erased = port::slot_erase(slot, image_bytes);
  if (erased != Status::kOk) return erased;
  SlotNote& begun = next.slots[slot];
  next.sequence = record_.sequence;
  begun.phase = SlotPhase::kWriting;
  begun.stamp = port::slot_stamp(slot);
  begun.image_bytes = image_bytes;
  std::memcpy(begun.sha256, sha256, sizeof begun.sha256);
  kept_bytes_ = 0;
  return keep(next);
}

Status SlotTable::check_piece(uint32_t slot, uint64_t offset_bytes, uint64_t size_bytes) const {
  if (slot >= port::slot_count() || slot >= kMaxSlots || slot != ahead_slot_) return Status::kBadSlot;
  const SlotNote& note = record_.slots[slot];
  if (note.phase == SlotPhase::kEmpty) return Status::kBadSlot;
  const bool inside = offset_bytes <= note.image_bytes && size_bytes <= note.image_bytes - offset_bytes;
  return inside ? Status::kOk : Status::kBadArgument;
}

Status SlotTable::write_chunk(uint32_t slot, uint64_t offset_bytes, const uint8_t* data, size_t size_bytes,
                              bool may_be_ahead, Shortage* shortage) {
  const Status sane = check_piece(slot, offset_bytes, size_bytes);
  if (slot < kMaxSlots) *shortage = {record_.slots[slot].received_bytes, offset_bytes};
  if (sane != Status::kOk) return sane;
  const uint64_t received = record_.slots[slot].received_bytes;
  const uint64_t end = offset_bytes + size_bytes;
  if (end <= received) return Status::kOk;
  if (offset_bytes > received && !(may_be_ahead && has_room_ahead(offset_bytes, end)))
    return Status::kBadArgument;
  const uint64_t known = offset_bytes < received ? received - offset_bytes : 0;
  return write_piece(slot, offset_bytes + known, data + known, size_bytes - static_cast<size_t>(known));
}

Status SlotTable::copy_chunk(uint32_t slot, uint64_t offset_bytes, size_t size_bytes, uint32_t from_slot,
                             uint64_t from_offset_bytes, Shortage* shortage) {
  const bool sane = from_slot != slot && from_slot < port::slot_count() && from_slot < kMaxSlots;
  if (!sane || size_bytes > wire::kMaxCopyBytes) return Status::kBadArgument;
  uint64_t from_bytes = 0;
  const uint8_t* from = port::slot_data(from_slot, &from_bytes);
  if (from == nullptr || from_offset_bytes > from_bytes || size_bytes > from_bytes - from_offset_bytes) {
    return Status::kBadArgument;
  }
  for (size_t at = 0; at < size_bytes; at += kCopyPieceBytes) {
    const size_t left = size_bytes - at;
    const Status written = write_chunk(slot, offset_bytes + at, from + from_offset_bytes + at,
                                       left < kCopyPieceBytes ? left : kCopyPieceBytes, true, shortage);
    if (written != Status::kOk) return written;
  }
  return Status::kOk;
}

Status SlotTable::write_piece(uint32_t slot, uint64_t begin, const uint8_t* data, size_t size_bytes) {
  const Status written = port::slot_write(slot, begin, data, size_bytes);
  if (written != Status::kOk) return written;
  SlotNote& note = record_.slots[slot];
  if (begin != note.received_bytes) {
    remember_ahead(begin, begin + size_bytes);
    return Status::kOk;
  }
  note.received_bytes = begin + size_bytes;
  absorb_ahead(&note);
  if (note.received_bytes - kept_bytes_ < note_every_bytes(note.image_bytes)) return Status::kOk;
  const Status kept = keep(record_);
  if (kept == Status::kOk) kept_bytes_ = note.received_bytes;
  return kept;
}

bool SlotTable::has_room_ahead(uint64_t begin, uint64_t end) const {
  if (ahead_count_ < wire::kMaxChunksAhead) return true;
  for (uint32_t i = 0; i < ahead_count_; ++i) {
    if (begin <= ahead_[i].end && end >= ahead_[i].begin) return true;
  }
  return false;
}

// Merges what touches; the list stays sorted.
void SlotTable::remember_ahead(uint64_t begin, uint64_t end) {
  uint32_t first = 0;
  while (first < ahead_count_ && ahead_[first].end < begin) ++first;
  uint32_t behind = first;
  for (; behind < ahead_count_ && ahead_[behind].begin <= end; ++behind) {
    if (ahead_[behind].begin < begin) begin = ahead_[behind].begin;
    if (ahead_[behind].end > end) end = ahead_[behind].end;
  }
  const uint32_t kept_behind = ahead_count_ - behind;
  std::memmove(ahead_ + first + 1, ahead_ + behind, kept_behind * sizeof(Range));
  ahead_[first] = {begin, end};
  ahead_count_ = first + 1 + kept_behind;
}

void SlotTable::absorb_ahead(SlotNote* note) {
  uint32_t absorbed = 0;
  for (; absorbed < ahead_count_ && ahead_[absorbed].begin <= note->received_bytes; ++absorbed) {
    if (ahead_[absorbed].end > note->received_bytes) note->received_bytes = ahead_[absorbed].end;
  }
  ahead_count_ -= absorbed;
  std::memmove(ahead_, ahead_ + absorbed, ahead_count_ * sizeof(Range));
}

Status SlotTable::end_upload(uint32_t slot, Shortage* shortage) {
  if (slot >= port::slot_count() || slot >= kMaxSlots) return Status::kBadSlot;
  SlotRecord next = record_;
  SlotNote& note = next.slots[slot];
  if (note.phase == SlotPhase::kEmpty) return Status::kBadSlot;
  if (note.received_bytes != note.image_bytes) {
    *shortage = {note.image_bytes, note.received_bytes};
    return Status::kBadArgument;
  }
  if (note.phase == SlotPhase::kWriting) {
    const Status finished = port::slot_finish(slot, note.image_bytes);
    if (finished != Status::kOk) return finished;
  }
  uint64_t size_bytes = 0;
  const uint8_t* data = port::slot_data(slot, &size_bytes);
  if (data == nullptr || size_bytes < note.image_bytes) return Status::kStorageFault;
  uint8_t digest[wire::kSha256Bytes];
  wire::sha256(data, static_cast<size_t>(note.image_bytes), digest);
  if (std::memcmp(digest, note.sha256, sizeof digest) == 0) {
    if (note.phase != SlotPhase::kConfirmed) note.phase = SlotPhase::kReady;
    note.stamp = port::slot_stamp(slot);
    return keep(next);
  }
  next.slots[slot] = SlotNote{};  // the next upload starts from nothing
  if (next.confirmed == slot) next.confirmed = confirmed_beside(slot);
  if (next.active == slot) {
    next.active = next.confirmed;
    next.trial = Trial::kNone;
  }
  const Status forgotten = keep(next);
  return forgotten == Status::kOk ? Status::kHashMismatch : forgotten;
}

}  // namespace slmrig::agent
