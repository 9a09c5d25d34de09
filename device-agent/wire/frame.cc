#include "device-agent/wire/frame.h"

#include <cstring>

#include "device-agent/wire/crc32c.h"

namespace slmrig::wire {
namespace {

// Copies bytes up to the first zero, at most size_bytes; returns how many.
size_t copy_to_zero(uint8_t* to, const uint8_t* from, size_t size_bytes) {
  size_t at = 0;
#if UINTPTR_MAX > 0xFFFFFFFFU
  // Eight at a time on hosts, which move gigabytes a night: the expression is 0 unless one of them is.
  constexpr uint64_t kOnes = 0x0101010101010101U;
  while (size_bytes - at >= sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, from + at, sizeof word);
    if (((word - kOnes) & ~word & (kOnes << 7)) != 0) break;
    std::memcpy(to + at, &word, sizeof word);
    at += sizeof word;
  }
#endif
  for (; at < size_bytes && from[at] != 0; ++at) to[at] = from[at];
  return at;
}

// Appends bytes to a COBS-encoded block stream.
class CobsWriter {
 public:
  explicit CobsWriter(uint8_t* out) : out_(out), length_at_(0), next_(1) {}

  void put(const uint8_t* data, size_t size_bytes) {
    for (size_t at = 0; at < size_bytes;) {
      const size_t room = 0xFF - (next_ - length_at_);
      const size_t left = size_bytes - at;
      const size_t wanted = left < room ? left : room;
      const size_t copied = copy_to_zero(out_ + next_, data + at, wanted);
      next_ += copied;
      at += copied;
      if (copied < wanted) {
        ++at;  // the zero, for which the end of the block stands
        close_block();
      } else if (copied == room) {
        close_block();
      }
    }
  }

  // The block that is open at the end, even an empty one, is what lets the decoder drop the last zero.
  size_t finish() {
    out_[length_at_] = static_cast<uint8_t>(next_ - length_at_);
    return next_;
  }

 private:
  void close_block() {
    out_[length_at_] = static_cast<uint8_t>(next_ - length_at_);
    length_at_ = next_++;
  }

  uint8_t* out_;
  size_t length_at_;
  size_t next_;
};

void put_u32(uint8_t* out, uint32_t value) {
  for (int i = 0; i < 4; ++i) out[i] = static_cast<uint8_t>(value >> (8 * i));
}

uint32_t get_u32(const uint8_t* in) {
  return in[0] | (static_cast<uint32_t>(in[1]) << 8) | (static_cast<uint32_t>(in[2]) << 16) |
         (static_cast<uint32_t>(in[3]) << 24);
}

}  // namespace

size_t encode_frame(const FrameHeader& header, const uint8_t* payload, size_t payload_bytes, uint8_t* out) {
  if (payload_bytes > kMaxPayloadBytes) return 0;
  uint8_t head[kFrameHeaderBytes] = {static_cast<uint8_t>(header.kind), header.version, header.sequence,
                                     header.ack};
  put_u32(head + 4, header.session);
  uint8_t tail[kFrameCrcBytes];
  put_u32(tail, crc32c(payload, payload_bytes, crc32c(head, sizeof head)));

  out[0] = 0;
  CobsWriter cobs(out + 1);
  cobs.put(head, sizeof head);
  cobs.put(payload, payload_bytes);
  cobs.put(tail, sizeof tail);
  const size_t encoded_bytes = cobs.finish();
  out[1 + encoded_bytes] = 0;
  return encoded_bytes + 2;
}

FrameEvent FrameDecoder::push(uint8_t byte) {
  if (byte == 0) return end_of_frame();
  if (dropping_) return FrameEvent::kNone;
  if (left_in_block_ == 0) {
    if (in_frame_ && zero_follows_) {
      if (body_bytes_ == kMaxBodyBytes) {
        dropping_ = true;
        return FrameEvent::kTooLong;
      }
      buffer_[body_bytes_++] = 0;
    }
    in_frame_ = true;
    left_in_block_ = static_cast<uint8_t>(byte - 1);
    zero_follows_ = byte != 0xFF;
    return FrameEvent::kNone;
  }
  if (body_bytes_ == kMaxBodyBytes) {
    dropping_ = true;
    return FrameEvent::kTooLong;
  }
  buffer_[body_bytes_++] = byte;
  --left_in_block_;
  return FrameEvent::kNone;
}

size_t FrameDecoder::take(const uint8_t* data, size_t size_bytes, FrameEvent* event) {
  *event = FrameEvent::kNone;
  size_t at = 0;
  while (at < size_bytes && *event == FrameEvent::kNone) {
    size_t run = dropping_ ? 0 : left_in_block_;
    if (run > size_bytes - at) run = size_bytes - at;
    if (run > kMaxBodyBytes - body_bytes_) run = kMaxBodyBytes - body_bytes_;
    const size_t copied = copy_to_zero(buffer_ + body_bytes_, data + at, run);
    body_bytes_ += copied;
    left_in_block_ = static_cast<uint8_t>(left_in_block_ - copied);
    at += copied;
    // What ends the run (a zero, the length of a block, a body that is full) is a byte like any other.
    if (at < size_bytes) *event = push(data[at++]);
  }
  return at;
}

FrameEvent FrameDecoder::end_of_frame() {
  const size_t body_bytes = body_bytes_;
  const bool cut_short = left_in_block_ != 0;
  const bool empty = !in_frame_ || dropping_;  // a dropped frame was reported when it grew too long
  body_bytes_ = 0;
  left_in_block_ = 0;
  in_frame_ = false;
  dropping_ = false;
  if (empty) return FrameEvent::kNone;
  if (cut_short || body_bytes < kFrameHeaderBytes + kFrameCrcBytes) return FrameEvent::kBroken;
  const size_t covered_bytes = body_bytes - kFrameCrcBytes;
  if (crc32c(buffer_, covered_bytes) != get_u32(buffer_ + covered_bytes)) return FrameEvent::kBroken;
  header_.kind = static_cast<FrameKind>(buffer_[0]);
  header_.version = buffer_[1];
  header_.sequence = buffer_[2];
  header_.ack = buffer_[3];
  header_.session = get_u32(buffer_ + 4);
  payload_bytes_ = covered_bytes - kFrameHeaderBytes;
  return FrameEvent::kFrame;
}

}  // namespace slmrig::wire
