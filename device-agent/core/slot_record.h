// What is remembered of the model slots across resets: one record, in two cells that are written in turn.
//
// A power cut tears at most the cell that is being written; the other one still holds the record before. So a
// change of several slots at once (the old image steps back, the new one becomes active) happens whole or not
// at all.
#pragma once

#include <cstddef>
#include <cstdint>

#include "device-agent/core/limits.h"
#include "device-agent/wire/sha256.h"
#include "device-agent/wire/status.h"

namespace slmrig::agent {

// Values are those of the wire, and of what is stored.
enum class SlotPhase : uint8_t { kEmpty = 0, kWriting = 1, kReady = 2, kConfirmed = 3, kBad = 4 };

// How far the active image has come: pending until it is loaded, begun until its first generation went well.
// Whoever finds a trial begun at boot knows that the life before ended in it.
enum class Trial : uint8_t { kNone = 0, kPending = 1, kBegun = 2 };

constexpr uint8_t kNoSlot = 0xFE;

struct SlotNote {
  SlotPhase phase;
  uint8_t reserved[7];
  uint64_t stamp;  // port::slot_stamp() of what it speaks of
  uint64_t image_bytes;
  uint64_t received_bytes;  // from the start on, without a gap
  uint8_t sha256[wire::kSha256Bytes];
};

struct SlotRecord {
  uint32_t magic;
  uint32_t crc;  // of all that follows
  uint32_t sequence;
  uint8_t active;     // or kNoSlot
  uint8_t confirmed;  // what a trial that fails goes back to, or kNoSlot
  Trial trial;        // of the active slot
  uint8_t reserved;
  SlotNote slots[kMaxSlots];
};

// The record with nothing in it.
SlotRecord empty_record();

// The newest record that is whole; empty_record() where there is none.
SlotRecord read_record();

// Writes *record into the cell that does not hold the newest one. record->sequence rises when it was written;
// after a refusal the record that is read back is the one before.
wire::Status write_record(SlotRecord* record);

}  // namespace slmrig::agent
