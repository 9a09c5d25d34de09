// Model slots: what they hold, and the upload that fills them.
//
// An upload that was broken off goes on where it was: a note beside the slot (image size, hash, bytes
// received) survives resets as far as the port's storage does. Nothing becomes `ready` before the SHA-256 of
// what is stored was computed and is the announced one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "device-agent/core/engine.h"
#include "device-agent/core/limits.h"
#include "device-agent/wire/sha256.h"

namespace slmrig::agent {

enum class SlotPhase : uint8_t { kEmpty = 0, kWriting = 1, kReady = 2 };

struct SlotInfo {
  SlotPhase phase = SlotPhase::kEmpty;
  uint64_t capacity_bytes = 0;
  bool writable = false;
  uint64_t image_bytes = 0;  // 0 where the slot cannot know
  uint64_t received_bytes = 0;
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
  // Reads the notes. Call after port::start().
  void start();

  Status begin_upload(uint32_t slot, uint64_t image_bytes, const uint8_t* sha256, Shortage* shortage);
  // Data that was received before is ignored; a gap is kBadArgument, with where to go on in shortage->needed.
  Status write_chunk(uint32_t slot, uint64_t offset_bytes, const uint8_t* data, size_t size_bytes,
                     Shortage* shortage);
  Status end_upload(uint32_t slot, Shortage* shortage);

  // `hash`: computes the SHA-256 of the first hash_bytes (0: of the whole image).
  Status info(uint32_t slot, bool hash, uint64_t hash_bytes, SlotInfo* info, Shortage* shortage);

  // The image to load: kBadSlot unless the slot is ready.
  Status image(uint32_t slot, ByteView* image);

 private:
  struct Note {
    uint32_t magic;
    uint32_t crc;  // of all that follows
    uint64_t image_bytes;
    uint64_t received_bytes;
    uint32_t complete;
    uint32_t reserved;
    uint8_t sha256[wire::kSha256Bytes];
  };

  Status keep_note(uint32_t slot);
  Status forget(uint32_t slot);
  SlotPhase phase(uint32_t slot);

  Note notes_[kMaxSlots] = {};
  uint64_t noted_bytes_[kMaxSlots] = {};  // received_bytes as last written beside the slot
};

}  // namespace slmrig::agent
