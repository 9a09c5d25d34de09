// Marker edges of an emulated board, on their way to the virtual power meter that stands beside it.
//
// An emulated pin leads nowhere. So the port of an emulated board notes each change of its marker lines with
// the tick at which it happened, and sends the notes on a second UART once the quiet window is over; the
// meter makes them into samples, in the time in which a real board would have run. The emulator connects to
// the socket on which the meter listens ("-serial unix:PATH"), once in each of its lives; bytes flow one way.
//
// A record is 16 bytes, little-endian:
//
//   | 0      | 0xE5                                                                                |
//   | 1      | kind                                                                                |
//   | 2      | marker lines from here on: bit 0 active, bit 1 toggles at every token, bits 2-3 phase |
//   | 3      | number: 0 is the first of a life of the board, 255 is followed by 1                 |
//   | 4..11  | ticks                                                                               |
//   | 12..15 | CRC-32C of the 12 bytes before                                                      |
//
// Each life begins with a span of its own for the boot, from the reset to where the agent was ready to talk.
//
// A reader that lost a byte is in step again at the next record whose CRC is right, and a hole in the numbers
// tells it. The order on a line:
//
//   | kStart | the tick counter began at zero (ticks 0)                                               |
//   | kEdge  | the lines changed at this tick; never before the edge before                           |
//   | kEnd   | the counter's span was over at this tick; from here to the next kStart no time passes  |
//   | kIdle  | between spans: the board slept for this many ticks                                     |
//
// Everything here is pure: no I/O, no heap.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slmrig::wire {

enum class MarkerEdgeKind : uint8_t { kStart = 1, kEdge = 2, kEnd = 3, kIdle = 4 };

// Bits of the marker lines, as port.h has them.
constexpr uint8_t kMarkActive = 0x01;
constexpr uint8_t kMarkToken = 0x02;  // toggles at the end of every token
constexpr uint8_t kMarkPhaseShift = 2;
enum class MarkerPhase : uint8_t { kNone = 0, kPrefill = 1, kDecode = 2, kLoad = 3 };

constexpr uint8_t phase_bits(MarkerPhase phase) {
  return static_cast<uint8_t>(static_cast<uint8_t>(phase) << kMarkPhaseShift);
}
// The board starts, up to where it is ready to talk: prefill's phase while nothing is active.
constexpr uint8_t kMarkBoot = phase_bits(MarkerPhase::kPrefill);
constexpr MarkerPhase phase_of(uint8_t lines) {
  return static_cast<MarkerPhase>((lines >> kMarkPhaseShift) & 3U);
}

struct MarkerEdge {
  MarkerEdgeKind kind = MarkerEdgeKind::kEdge;
  uint8_t lines = 0;
  uint8_t number = 0;  // of the record
  uint64_t ticks = 0;
};

constexpr size_t kMarkerEdgeBytes = 16;

// Of the record behind the one with `number`.
constexpr uint8_t next_edge_number(uint8_t number) {
  return number == 255 ? uint8_t{1} : static_cast<uint8_t>(number + 1);
}

// Into out [kMarkerEdgeBytes].
void encode_marker_edge(const MarkerEdge& edge, uint8_t* out);

// Fed with bytes as they come.
class MarkerEdgeDecoder {
 public:
  // True when the byte ended a record: edge() is it, until the next push.
  bool push(uint8_t byte);
  const MarkerEdge& edge() const { return edge_; }

  // Bytes that belonged to no intact record so far.
  uint64_t dropped_bytes() const { return dropped_bytes_; }
  // Records that are missing by their numbers so far (of 255 in a row: none).
  uint64_t lost_records() const { return lost_records_; }

 private:
  bool take_record();

  uint8_t held_[kMarkerEdgeBytes] = {};
  size_t held_bytes_ = 0;
  bool numbered_ = false;
  MarkerEdge edge_;
  uint64_t dropped_bytes_ = 0;
  uint64_t lost_records_ = 0;
};

}  // namespace slmrig::wire
