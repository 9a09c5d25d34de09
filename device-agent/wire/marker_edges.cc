#include "device-agent/wire/marker_edges.h"

#include "device-agent/wire/crc32c.h"

namespace slmrig::wire {
namespace {

constexpr uint8_t kSync = 0xE5;
constexpr size_t kTicksAt = 4;
constexpr size_t kCrcAt = 12;

void put_little_endian(uint64_t value, size_t size_bytes, uint8_t* out) {
  for (size_t i = 0; i < size_bytes; ++i) out[i] = static_cast<uint8_t>(value >> (8 * i));
}

uint64_t little_endian(const uint8_t* data, size_t size_bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < size_bytes; ++i) value |= static_cast<uint64_t>(data[i]) << (8 * i);
  return value;
}

bool is_kind(uint8_t kind) {
  return kind >= static_cast<uint8_t>(MarkerEdgeKind::kStart) &&
         kind <= static_cast<uint8_t>(MarkerEdgeKind::kIdle);
}

// From number `from` on up to `to`, which are 1 to 255 in a circle.
uint64_t records_between(uint8_t from, uint8_t to) {
  return to >= from ? static_cast<uint64_t>(to - from) : static_cast<uint64_t>(255 - from + to);
}

}  // namespace

void encode_marker_edge(const MarkerEdge& edge, uint8_t* out) {
  out[0] = kSync;
  out[1] = static_cast<uint8_t>(edge.kind);
  out[2] = edge.lines;
  out[3] = edge.number;
  put_little_endian(edge.ticks, kCrcAt - kTicksAt, out + kTicksAt);
  put_little_endian(crc32c(out, kCrcAt), kMarkerEdgeBytes - kCrcAt, out + kCrcAt);
}

bool MarkerEdgeDecoder::take_record() {
  if (held_[0] != kSync || !is_kind(held_[1])) return false;
  if (crc32c(held_, kCrcAt) != little_endian(held_ + kCrcAt, kMarkerEdgeBytes - kCrcAt)) return false;
  const uint8_t expected = next_edge_number(edge_.number);
  edge_.kind = static_cast<MarkerEdgeKind>(held_[1]);
  edge_.lines = held_[2];
  edge_.number = held_[3];
  edge_.ticks = little_endian(held_ + kTicksAt, kCrcAt - kTicksAt);
  if (numbered_ && edge_.number != 0) lost_records_ += records_between(expected, edge_.number);
  numbered_ = true;
  return true;
}

bool MarkerEdgeDecoder::push(uint8_t byte) {
  held_[held_bytes_++] = byte;
  if (held_bytes_ < kMarkerEdgeBytes) return false;
  if (take_record()) {
    held_bytes_ = 0;
    return true;
  }
  // Not a record: on with what may be the beginning of one.
  size_t begin = 1;
  while (begin < held_bytes_ && held_[begin] != kSync) ++begin;
  for (size_t i = begin; i < held_bytes_; ++i) held_[i - begin] = held_[i];
  held_bytes_ -= begin;
  dropped_bytes_ += begin;
  return false;
}

}  // namespace slmrig::wire
