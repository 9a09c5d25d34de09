// A piece of an image as the payload of a frame of its own kind (FrameKind::kChunk): 8 bytes, then the data.
//
// No message: an upload is most of what ever crosses a line, and an envelope would cost 64 bytes a piece.
// Each piece says where it belongs, so that pieces may be handed on in any order, and a lost frame costs one
// frame although the receiver has room for no more than one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "device-agent/wire/protocol.h"

namespace slmrig::wire {

// Slot, a zero, six bytes of offset (little-endian). Data behind it stays aligned to 8 bytes.
constexpr size_t kChunkHeadBytes = 8;

// As much as fits a frame, in whole rows of 64 bytes.
constexpr size_t kMaxRawChunkBytes = (kMaxPayloadBytes - kChunkHeadBytes) / 64 * 64;

struct Chunk {
  uint8_t slot = 0;
  uint64_t offset_bytes = 0;
  const uint8_t* data = nullptr;  // [size_bytes]
  size_t size_bytes = 0;
};

inline void write_chunk_head(uint8_t slot, uint64_t offset_bytes, uint8_t* head) {
  head[0] = slot;
  head[1] = 0;
  for (size_t i = 0; i < 6; ++i) head[2 + i] = static_cast<uint8_t>(offset_bytes >> (8 * i));
}

// False where the payload is no chunk. chunk->data points into it.
inline bool read_chunk(const uint8_t* payload, size_t payload_bytes, Chunk* chunk) {
  if (payload_bytes <= kChunkHeadBytes || payload[1] != 0) return false;
  chunk->slot = payload[0];
  chunk->offset_bytes = 0;
  for (size_t i = 0; i < 6; ++i) chunk->offset_bytes |= static_cast<uint64_t>(payload[2 + i]) << (8 * i);
  chunk->data = payload + kChunkHeadBytes;
  chunk->size_bytes = payload_bytes - kChunkHeadBytes;
  return true;
}

}  // namespace slmrig::wire
