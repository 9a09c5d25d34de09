// A reliable, ordered connection for messages over an unreliable byte stream; the same code at both ends.
//
// It performs no I/O and owns no memory: the caller feeds received bytes and the time, takes bytes to send,
// and lends the buffers (ConnectionStorage). Single-threaded.
//
//   for (;;) {
//     connection.poll(now_ms);
//     while (bytes to send: n = connection.take_output(chunk, sizeof chunk)) write(chunk, n);
//     bytes = read(...);
//     while (bytes left) {
//       bytes += connection.receive(bytes, left);                   // stops at every message
//       while (connection.next_message(&data, &size)) handle(data, size);  // valid until the next receive()
//     }
//   }
//
// Sessions. Each end has an epoch. Hellos tell the other end's epoch and whether it is known; data frames
// carry epoch ^ epoch. An end that restarted knows no peer, and its first hello (or the answer to a data
// frame it does not understand) tells the other end so: take_restart(). Both ends' queues start empty in each
// session.
//
// Delivery of messages. Go-back-N: the sender keeps up to a window of frames until they are acknowledged; the
// receiver takes only the next in order, so that it needs a buffer for one frame, and answers a gap or a
// broken frame with one kNak. Without progress the sender repeats after a growing timeout, the oldest frame
// first and all of them at the next, and gives up after a bounded number of times (LinkState::kLost). A line
// that is slow, not lossy, must not be filled with repeats: so a timeout that grew shrinks only when progress
// is quick again, and a second nak for the same frame is not obeyed. An acknowledged message has arrived in
// the other end's memory; that it was handled, only an answer says.
//
// Delivery of chunks (FrameKind::kChunk), which are most of what crosses a line. They are handed on as they
// come, each once, also ahead of frames that are missing; a message is handed on when everything before it
// was. Acknowledgements then tell which frames arrived behind the first missing one (8 bytes, bit i: frame
// ack + 1 + i), and the sender repeats only what is missing: what was sent before something that arrived, as
// a line does not reorder, and the oldest in flight when a nak says that a frame broke. With a chunk that is
// repeated go the messages behind it.
//
// A receiver that is busy may leave bytes in the stream: receive() takes nothing while a message waits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "device-agent/wire/frame.h"
#include "device-agent/wire/protocol.h"

namespace slmrig::wire {

enum class LinkState : uint8_t {
  kConnecting,  // says hello until the peer answers
  kConnected,
  kLost,  // retransmission limit reached; seek() or a hello of the peer begins anew
};

enum class SendResult : uint8_t {
  kQueued,
  kWindowFull,  // take output, feed input, try again
  kTooLarge,    // more than kMaxPayloadBytes
  kNotConnected,
};

struct LinkSettings {
  uint32_t epoch = 1;  // not 0; another one after a restart where there is a source of such numbers
  uint32_t hello_interval_ms = kHostHelloIntervalMs;
  uint32_t retransmit_ms = kRetransmitMs;
  uint32_t retransmit_limit = kRetransmitLimit;
};

// Since construction, over all sessions.
struct LinkStatistics {
  uint64_t bytes_sent = 0;
  uint64_t bytes_received = 0;
  uint32_t frames_sent = 0;      // of every kind, repeats included
  uint32_t frames_received = 0;  // intact, of every kind
  uint32_t retransmits = 0;      // data frames sent again
  uint32_t broken_frames = 0;    // CRC, COBS, length
  uint32_t duplicates = 0;       // data frames that had arrived before
  uint32_t gaps = 0;             // data frames ahead of what was expected
  uint32_t foreign_frames = 0;   // of another session or link version, or of no known kind
  uint32_t sessions = 0;
};

// What the sender knows of a frame in its window.
struct WindowEntry {
  uint16_t size_bytes;
  FrameKind kind;
  bool arrived;          // ahead of others that did not
  bool lost;             // to be sent again
  uint32_t first_stamp;  // counts frames: when it was sent first and last
  uint32_t last_stamp;
};

// Memory of one connection. kWindowFrames: a power of two, at most 64; frames of 2 kB each.
template <uint32_t kWindowFrames>
struct ConnectionStorage {
  static_assert(kWindowFrames >= 1 && kWindowFrames <= 64 && (kWindowFrames & (kWindowFrames - 1)) == 0);
  alignas(8) uint8_t receive[kMaxBodyBytes];
  alignas(8) uint8_t window[kWindowFrames][kMaxPayloadBytes];
  WindowEntry entries[kWindowFrames];
};

class Connection {
 public:
  // `storage` must outlive the connection; its contents need not be initialised.
  template <uint32_t kWindowFrames>
  Connection(ConnectionStorage<kWindowFrames>& storage, const LinkSettings& settings)
      : settings_(settings),
        decoder_(storage.receive),
        window_(storage.window[0]),
        entries_(storage.entries),
        window_frames_(kWindowFrames) {
    seek();
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Feeds up to size_bytes received bytes; returns how many were taken, which is fewer when a message became
  // ready (and 0 while one waits for next_message()).
  size_t receive(const uint8_t* data, size_t size_bytes);

  // The message that arrived, once; false when there is none. *data is aligned to 8 bytes and valid until the
  // next receive(), seek() or destruction. *is_chunk: the payload of a kChunk frame and no message; who does
  // not ask finds in it bytes that are no message.
  bool next_message(const uint8_t** data, size_t* size_bytes, bool* is_chunk = nullptr);

  // Queues a copy of payload [size_bytes]. kind: kData, or kChunk where the peer understands it.
  SendResult send(const uint8_t* payload, size_t size_bytes, FrameKind kind = FrameKind::kData);

  // Tells the time (any origin, may wrap) and lets timeouts happen.
  void poll(uint32_t now_ms);

  // Writes up to `capacity` bytes to be sent now into `out`; 0 when there is nothing.
  size_t take_output(uint8_t* out, size_t capacity);

  // Drops the session and what was queued, and says hello anew.
  void seek();

  LinkState state() const { return state_; }
  bool window_full() const { return queued_ == window_frames_ || encoder_.reads(next_row()); }
  // Everything sent was acknowledged, and no byte waits to be taken.
  bool idle() const;
  // True once after the peer began a new session while one was open: what was queued or asked is gone.
  bool take_restart();
  const LinkStatistics& statistics() const { return statistics_; }

 private:
  void on_frame();
  void on_hello();
  void on_data();
  void on_acknowledgement();
  void on_ack(uint8_t ack);
  void on_arrived_ahead(uint8_t ack, uint64_t ahead);
  void note_arrival(const WindowEntry& entry);
  void find_lost();
  void lose_messages_behind(uint32_t index);
  void rewind();
  WindowEntry& entry(uint32_t index) const { return entries_[(base_ + index) % window_frames_]; }
  // Where the next message is queued. A frame that was acknowledged while it went out again may lie there.
  uint8_t* next_row() const { return window_ + (base_ + queued_) % window_frames_ * kMaxPayloadBytes; }
  uint32_t next_to_send();
  void begin_session(uint32_t peer_epoch);
  bool of_this_session(const FrameHeader& header);
  void want_nak();
  bool begin_next();
  void begin_hello();
  void begin_control(FrameKind kind);
  void begin_data(uint32_t index);
  uint32_t timeout_ms(uint32_t backoff) const;
  void on_nak();
  void check_retransmission();

  const LinkSettings settings_;
  FrameDecoder decoder_;
  uint8_t* window_;       // [window_frames_][kMaxPayloadBytes]; frame s in row s % window_frames_
  WindowEntry* entries_;  // [window_frames_]
  const uint32_t window_frames_;

  LinkState state_ = LinkState::kConnecting;
  uint32_t peer_epoch_ = 0;  // 0: not known yet
  bool touched_ = false;     // data was received or acknowledged in this session
  bool restarted_ = false;
  bool message_ready_ = false;
  bool message_is_chunk_ = false;

  uint8_t expected_ = 0;    // sequence number of the next data frame from the peer
  uint64_t ahead_ = 0;      // bit i: frame expected_ + 1 + i was handed on
  bool selective_ = false;  // the peer sends chunks: it is told of every broken frame
  bool ack_wanted_ = false;
  bool nak_wanted_ = false;
  bool nak_sent_ = false;  // for the present gap, at nak_sent_ms_
  uint32_t nak_sent_ms_ = 0;

  uint8_t base_ = 0;           // sequence number of the oldest unacknowledged frame
  uint32_t queued_ = 0;        // frames from base_ on that wait for an acknowledgement
  uint32_t sent_ = 0;          // of those, sent since the last rewind
  uint32_t fresh_ = 0;         // of those, sent at least once
  uint32_t repeats_ = 0;       // timeouts in a row without progress
  uint32_t backoff_ = 0;       // doublings of the timeout; outlives progress, or a slow line would be flooded
  bool probe_wanted_ = false;  // send the oldest frame again
  bool probed_ = false;        // the last timeout sent only that one
  bool rewound_ = false;       // by a nak, without progress since
  uint32_t stamp_ = 0;         // frames sent so far
  uint32_t arrived_stamp_ = 0;  // everything sent before it has arrived or is lost
  uint32_t lost_ = 0;           // entries so marked
  uint32_t timer_started_ms_ = 0;

  bool hello_wanted_ = false;
  uint32_t hello_sent_ms_ = 0;
  uint32_t now_ms_ = 0;

  FrameEncoder encoder_;  // the frame that is on its way out
  uint8_t control_[16];   // the payload of one that is no message
  LinkStatistics statistics_;
};

}  // namespace slmrig::wire
