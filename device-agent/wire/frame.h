// Frames on a byte stream: 0x00, COBS(header, payload, CRC-32C), 0x00.
//
// COBS (consistent overhead byte stuffing) takes every zero out of the body at a cost of one byte in 254, so
// a zero is always a boundary and a receiver that comes in late, or after garbage, is in step again at the
// next zero. A zero also leads, so that garbage in front of a frame never swallows it; empty frames between
// two zeros mean nothing.
//
// What corruption is caught: the CRC sees all of header and payload (crc32c.h says which errors it catches
// for certain). A corrupted COBS length byte or delimiter shifts or splits the body, which is no longer a
// small number of bit errors: such a frame passes with a probability of 2^-32.
//
// Everything here is pure: no I/O, no heap, no state outside the objects.
#pragma once

#include <cstddef>
#include <cstdint>

#include "device-agent/wire/protocol.h"

namespace slmrig::wire {

enum class FrameKind : uint8_t {
  kHello = 1,  // opens or renews a session; payload: HelloFields
  kData = 2,   // one message
  kAck = 3,    // the header's ack; payload: nothing, or which frames behind it arrived (connection.h)
  kNak = 4,    // as kAck, and: something broke, send again at once
  kChunk = 5,  // a piece of an image (chunk.h), which may be handed on ahead of frames that are missing
};

// 8 bytes, little-endian, so that a payload behind it stays aligned for FlatBuffers.
struct FrameHeader {
  FrameKind kind = FrameKind::kHello;
  uint8_t version = kLinkVersion;
  uint8_t sequence = 0;  // of this data frame
  uint8_t ack = 0;       // the next sequence number expected from the receiver of this frame
  uint32_t session = 0;  // 0 in a hello
};

constexpr size_t kFrameHeaderBytes = 8;
constexpr size_t kFrameCrcBytes = 4;
constexpr size_t kMaxBodyBytes = kFrameHeaderBytes + kMaxPayloadBytes + kFrameCrcBytes;
constexpr size_t kMaxFrameBytes = kMaxBodyBytes + kMaxBodyBytes / 254 + 1 + 2;

// Hands out a frame piece by piece, both zeros included. The payload is read where it lies, so that a sender
// needs no buffer for a frame; it must stay as it is until done().
class FrameEncoder {
 public:
  // payload_bytes at most kMaxPayloadBytes.
  void begin(const FrameHeader& header, const uint8_t* payload, size_t payload_bytes);
  // Writes the next bytes, at most `capacity`, into out; returns how many, 0 once the frame is done.
  size_t take(uint8_t* out, size_t capacity);
  bool done() const { return step_ == Step::kDone; }
  // Whether bytes at `memory` may still be read.
  bool reads(const uint8_t* memory) const { return !done() && payload_ == memory; }

 private:
  enum class Step : uint8_t { kDone, kFirstZero, kBlockLength, kBlock };

  const uint8_t* piece_at(size_t at, size_t* size_bytes) const;
  size_t run_at(size_t at) const;
  void begin_block();
  size_t take_blocks(uint8_t* out, size_t capacity);

  const uint8_t* payload_ = nullptr;
  size_t body_bytes_ = 0;
  size_t at_ = 0;             // of the body: what was handed out lies before it
  size_t left_in_block_ = 0;  // bytes of the block that were not handed out
  bool zero_follows_ = false;
  bool last_block_ = false;
  Step step_ = Step::kDone;
  uint8_t head_[kFrameHeaderBytes];
  uint8_t tail_[kFrameCrcBytes];
};

// Writes a whole frame, both zeros included, into out [>= kMaxFrameBytes]; returns its size, or 0 when the
// payload is larger than kMaxPayloadBytes.
size_t encode_frame(const FrameHeader& header, const uint8_t* payload, size_t payload_bytes, uint8_t* out);

enum class FrameEvent : uint8_t {
  kNone,     // more bytes needed
  kFrame,    // header() and payload() are valid until the next byte
  kBroken,   // not COBS, too short, or a wrong CRC; dropped
  kTooLong,  // more than kMaxBodyBytes; dropped up to the next zero
};

// Fed with bytes as they come; decodes into the caller's buffer [kMaxBodyBytes], aligned to 8 bytes, not
// owned.
class FrameDecoder {
 public:
  explicit FrameDecoder(uint8_t* buffer) : buffer_(buffer) {}

  FrameEvent push(uint8_t byte);
  // As many of data [size_bytes] as it takes to the first event that is not kNone; returns how many.
  size_t take(const uint8_t* data, size_t size_bytes, FrameEvent* event);

  const FrameHeader& header() const { return header_; }
  const uint8_t* payload() const { return buffer_ + kFrameHeaderBytes; }
  size_t payload_bytes() const { return payload_bytes_; }

 private:
  FrameEvent end_of_frame();

  uint8_t* buffer_;
  size_t body_bytes_ = 0;      // decoded so far
  uint8_t left_in_block_ = 0;  // bytes until the next COBS length byte
  bool zero_follows_ = false;  // the finished block stands for a zero
  bool in_frame_ = false;
  bool dropping_ = false;
  FrameHeader header_;
  size_t payload_bytes_ = 0;
};

}  // namespace slmrig::wire
