#include "device-agent/wire/frame.h"

#include <cstring>

#include "device-agent/wire/crc32c.h"

namespace slmrig::wire {
namespace {

#if UINTPTR_MAX > 0xFFFFFFFFU
// Eight at a time on hosts, which move gigabytes a night: 0 unless one of them is. Of what is set, the lowest
// bit belongs to the first zero (little-endian, as every host that runs this).
uint64_t zeros_in(const uint8_t* data) {
  constexpr uint64_t kOnes = 0x0101010101010101U;
  uint64_t word;
  std::memcpy(&word, data, sizeof word);
  return (word - kOnes) & ~word & (kOnes << 7);
}
#endif

// Copies bytes up to the first zero, at most size_bytes; returns how many.
size_t copy_to_zero(uint8_t* to, const uint8_t* from, size_t size_bytes) {
  size_t at = 0;
#if UINTPTR_MAX > 0xFFFFFFFFU
  for (; size_bytes - at >= sizeof(uint64_t) && zeros_in(from + at) == 0; at += sizeof(uint64_t)) {
    std::memcpy(to + at, from + at, sizeof(uint64_t));
  }
#endif
  for (; at < size_bytes && from[at] != 0; ++at) to[at] = from[at];
  return at;
}

// Bytes before the first zero, at most size_bytes.
size_t bytes_to_zero(const uint8_t* data, size_t size_bytes) {
  size_t at = 0;
#if UINTPTR_MAX > 0xFFFFFFFFU
  for (; size_bytes - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
    const uint64_t zeros = zeros_in(data + at);
    if (zeros != 0) return at + static_cast<size_t>(__builtin_ctzll(zeros)) / 8;
  }
#endif
  while (at < size_bytes && data[at] != 0) ++at;
  return at;
}

constexpr size_t kMostInBlock = 0xFE;

void put_u32(uint8_t* out, uint32_t value) {
  for (int i = 0; i < 4; ++i) out[i] = static_cast<uint8_t>(value >> (8 * i));
}

uint32_t get_u32(const uint8_t* in) {
  return in[0] | (static_cast<uint32_t>(in[1]) << 8) | (static_cast<uint32_t>(in[2]) << 16) |
         (static_cast<uint32_t>(in[3]) << 24);
}

}  // namespace

void FrameEncoder::begin(const FrameHeader& header, const uint8_t* payload, size_t payload_bytes) {
  head_[0] = static_cast<uint8_t>(header.kind);
  head_[1] = header.version;
  head_[2] = header.sequence;
  head_[3] = header.ack;
  put_u32(head_ + 4, header.session);
  put_u32(tail_, crc32c(payload, payload_bytes, crc32c(head_, sizeof head_)));
  payload_ = payload;
  body_bytes_ = kFrameHeaderBytes + payload_bytes + kFrameCrcBytes;
  at_ = 0;
  step_ = Step::kFirstZero;
}

// The part of the body that lies in one piece from `at` on.
const uint8_t* FrameEncoder::piece_at(size_t at, size_t* size_bytes) const {
  const size_t tail_at = body_bytes_ - kFrameCrcBytes;
  if (at < kFrameHeaderBytes) {
    *size_bytes = kFrameHeaderBytes - at;
    return head_ + at;
  }
  if (at < tail_at) {
    *size_bytes = tail_at - at;
    return payload_ + (at - kFrameHeaderBytes);
  }
  *size_bytes = body_bytes_ - at;
  return tail_ + (at - tail_at);
}

// Bytes before the next zero or the end of the body, as far as a block reaches.
size_t FrameEncoder::run_at(size_t at) const {
  size_t run = 0;
  while (run < kMostInBlock && at + run < body_bytes_) {
    size_t size_bytes = 0;
    const uint8_t* piece = piece_at(at + run, &size_bytes);
    if (size_bytes > kMostInBlock - run) size_bytes = kMostInBlock - run;
    const size_t found = bytes_to_zero(piece, size_bytes);
    run += found;
    if (found < size_bytes) break;
  }
  return run;
}

// A block that is not full stands for a zero behind it, and the decoder drops the one at the end of the body:
// so the last block is one that is not full, even if it is empty.
void FrameEncoder::begin_block() {
  left_in_block_ = run_at(at_);
  const bool is_full = left_in_block_ == kMostInBlock;
  last_block_ = !is_full && at_ + left_in_block_ == body_bytes_;
  zero_follows_ = !is_full && !last_block_;
}

#if UINTPTR_MAX > 0xFFFFFFFFU
// Between blocks: those that lie whole in the rest of a piece and in `out`, found and copied at once. Leaves
// a byte of room at least.
size_t FrameEncoder::take_blocks(uint8_t* out, size_t capacity) {
  size_t piece_bytes = 0;
  const uint8_t* piece = piece_at(at_, &piece_bytes);
  size_t written = 0;
  size_t taken = 0;
  while (capacity - written > kMostInBlock + 1 && piece_bytes - taken > kMostInBlock) {
    const size_t copied = copy_to_zero(out + written + 1, piece + taken, kMostInBlock);
    out[written] = static_cast<uint8_t>(copied + 1);
    written += copied + 1;
    taken += copied < kMostInBlock ? copied + 1 : copied;
  }
  at_ += taken;
  return written;
}
#endif

size_t FrameEncoder::take(uint8_t* out, size_t capacity) {
  size_t written = 0;
  while (written < capacity && step_ != Step::kDone) {
    if (step_ == Step::kFirstZero) {
      out[written++] = 0;
      step_ = Step::kBlockLength;
    } else if (step_ == Step::kBlockLength) {
#if UINTPTR_MAX > 0xFFFFFFFFU
      written += take_blocks(out + written, capacity - written);
#endif
      begin_block();
      out[written++] = static_cast<uint8_t>(left_in_block_ + 1);
      step_ = Step::kBlock;
    } else if (left_in_block_ != 0) {
      size_t count = 0;
      const uint8_t* piece = piece_at(at_, &count);
      if (count > left_in_block_) count = left_in_block_;
      if (count > capacity - written) count = capacity - written;
      std::memcpy(out + written, piece, count);
      written += count;
      at_ += count;
      left_in_block_ -= count;
    } else if (last_block_) {
      out[written++] = 0;
      step_ = Step::kDone;
    } else {
      at_ += zero_follows_ ? 1 : 0;
      step_ = Step::kBlockLength;
    }
  }
  return written;
}

size_t encode_frame(const FrameHeader& header, const uint8_t* payload, size_t payload_bytes, uint8_t* out) {
  if (payload_bytes > kMaxPayloadBytes) return 0;
  FrameEncoder encoder;
  encoder.begin(header, payload, payload_bytes);
  return encoder.take(out, kMaxFrameBytes);
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
