// Model slots: what they hold, the upload that fills them, and which of them the board works with.
//
// An upload that was broken off goes on where it was, also after a reset. Nothing becomes `ready` before the
// SHA-256 of what is stored was computed and is the announced one.
//
// The active slot is the one a host means that names none. A slot is made active on trial: its first load and
// generation confirm it. When the board dies in the trial, or the image fails it, the slot is `bad` and the
// slot that was confirmed before is active again: at once, or at the next boot. Nothing of this needs a host,
// and no step of it waits for anything but the storage.
#pragma once

#include <cstddef>
#include <cstdint>

#include "device-agent/core/engine.h"
#include "device-agent/core/limits.h"
#include "device-agent/core/slot_record.h"
#include "device-agent/wire/protocol.h"

namespace slmrig::agent {

struct SlotInfo {
  SlotPhase phase = SlotPhase::kEmpty;
  uint64_t capacity_bytes = 0;
  bool writable = false;
  bool active = false;
  bool on_trial = false;
  uint64_t image_bytes = 0;  // 0 where the slot cannot know
  uint64_t received_bytes = 0;
  bool noted = false;
  uint8_t noted_sha256[wire::kSha256Bytes] = {};
  bool hashed = false;
  uint8_t sha256[wire::kSha256Bytes] = {};
};

// How much was needed and how much there was, for a failure that is about sizes.
struct Shortage {
  uint64_t needed = 0;
  uint64_t available = 0;
};

class SlotTable {
 public:
  // Reads the record and ends a trial that the life before did not survive. Call after port::start().
  void start();

  // --- Upload --------------------------------------------------------------------------------------------
  Status begin_upload(uint32_t slot, uint64_t image_bytes, const uint8_t* sha256, Shortage* shortage);
  // Data that was received before is ignored. A gap before it is kBadArgument, with where to go on in
  // shortage->needed, unless it may be ahead (of pieces that come later) and there is room to remember it.
  Status write_chunk(uint32_t slot, uint64_t offset_bytes, const uint8_t* data, size_t size_bytes,
                     bool may_be_ahead, Shortage* shortage);
  // As write_chunk with bytes of another slot.
  Status copy_chunk(uint32_t slot, uint64_t offset_bytes, size_t size_bytes, uint32_t from_slot,
                    uint64_t from_offset_bytes, Shortage* shortage);
  Status end_upload(uint32_t slot, Shortage* shortage);

  // --- Questions -----------------------------------------------------------------------------------------
  // `hash`: computes the SHA-256 of the first hash_bytes (0: of the whole image).
  Status info(uint32_t slot, bool hash, uint64_t hash_bytes, SlotInfo* info, Shortage* shortage);
  // Hashes of pieces first .. first + count of what the slot holds; *count becomes how many there are.
  Status chunk_hashes(uint32_t slot, uint32_t chunk_bytes, uint32_t first, uint32_t* count, uint64_t* hashes);
  // The image to load: kBadSlot unless the slot is ready or confirmed.
  Status image(uint32_t slot, ByteView* image);
  // kNoSlot: none.
  uint8_t active() const { return record_.active; }
  bool on_trial(uint32_t slot) const { return slot == record_.active && record_.trial != Trial::kNone; }

  // --- Trial ---------------------------------------------------------------------------------------------
  // image_bytes 0: the image that was uploaded. Hashes the slot; a slot that fails this becomes bad.
  Status activate(uint32_t slot, uint64_t image_bytes, const uint8_t* sha256, Shortage* shortage);
  // kBadSlot when there is no other confirmed slot.
  Status rollback();
  // Before the slot on trial is loaded: from here on a reset ends the trial. Where that cannot be noted, the
  // confirmed slot is active instead. Elsewhere these three do
  // nothing.
  Status begin_trial(uint32_t slot);
  void confirm(uint32_t slot);
  void fail_trial(uint32_t slot);
  // A reset that was asked for, or a load that was asked wrongly, is no failure: the trial waits again.
  void suspend_trial();

 private:
  // Pieces that came before what lies in front of them: sorted, not touching.
  struct Range {
    uint64_t begin;
    uint64_t end;
  };

  const SlotNote* note_of(uint32_t slot) const;
  SlotPhase phase(uint32_t slot) const;
  bool usable(uint32_t slot) const;
  uint8_t confirmed_beside(uint32_t slot) const;
  bool is_protected(uint32_t slot) const;
  Status keep(const SlotRecord& changed);
  Status check_piece(uint32_t slot, uint64_t offset_bytes, uint64_t size_bytes) const;
  Status write_piece(uint32_t slot, uint64_t begin, const uint8_t* data, size_t size_bytes);
  bool has_room_ahead(uint64_t begin, uint64_t end) const;
  void remember_ahead(uint64_t begin, uint64_t end);
  void absorb_ahead(SlotNote* note);
  static void end_trial(SlotRecord* record);

  SlotRecord record_ = empty_record();
  uint64_t kept_bytes_ = 0;  // received_bytes of the upload, as last written
  uint32_t ahead_slot_ = kNoSlot;
  uint32_t ahead_count_ = 0;
  Range ahead_[wire::kMaxChunksAhead];
};

}  // namespace slmrig::agent
