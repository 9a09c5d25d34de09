// The agent's end of the wire: the connection, pumped through the port.
//
// One object a program. Every call is bounded: a host that stops answering costs kHostPatienceMs, after which
// the session is dropped and the link seeks a host again.
#pragma once

#include <cstddef>
#include <cstdint>

#include "device-agent/core/limits.h"
#include "device-agent/wire/chunk.h"
#include "device-agent/wire/connection.h"
#include "device-agent/wire/messages.h"

namespace slmrig::agent {

namespace fb = wire::fb;

class Link {
 public:
  explicit Link(uint32_t epoch);

  // Moves bytes both ways; waits up to wait_ms for input when there was none. Null when no message came,
  // which is also when a chunk did: take_chunk(). What is returned is valid until the next call of any
  // function here but take_chunk().
  const fb::Envelope* receive(uint32_t wait_ms);
  // The piece of an image that the last receive() met; false when it met none.
  bool take_chunk(wire::Chunk* chunk);

  // Begins a message; finish it with send(). One at a time.
  flatbuffers::FlatBufferBuilder& begin() { return builder_.begin(); }

  // Queues the message and starts to send it; waits while the window is full. False when the session is gone.
  template <typename Table>
  bool send(uint32_t request_id, flatbuffers::Offset<Table> message) {
    builder_.finish(request_id, message);
    return queue();
  }

  // Until the host acknowledged everything and the line was silent for kSettleMs: what comes before a quiet
  // window. False when the host did not.
  bool settle();

  // True once after each beginning of a session.
  bool take_new_session();

  // Requests that came while the agent was busy sending, and were not kept. Returns how many ids [4] it
  // wrote.
  uint32_t take_refused(uint32_t* request_ids);

  // Intact frames of every kind so far.
  uint32_t frames_received() const { return connection_.statistics().frames_received; }

  // Bytes of RAM the link occupies: its buffers and its own state.
  static size_t memory_bytes();

 private:
  bool queue();
  bool send_output();
  bool feed_input();
  void refuse_message();
  bool pump_once(uint32_t wait_ms);

  wire::ConnectionStorage<kSendWindowFrames> storage_;
  wire::Connection connection_;
  wire::MessageBuilder builder_;
  uint8_t input_[256];  // bytes read from the port and not yet taken by the connection
  size_t input_begin_ = 0;
  size_t input_end_ = 0;
  bool was_connected_ = false;
  bool new_session_ = false;
  bool has_chunk_ = false;
  wire::Chunk chunk_;
  uint32_t refused_[4];
  uint32_t refused_count_ = 0;
};

}  // namespace slmrig::agent
