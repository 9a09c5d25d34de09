#include "device-agent/core/link.h"

#include "device-agent/core/port.h"

namespace slmrig::agent {
namespace {

wire::LinkSettings agent_settings(uint32_t epoch) {
  wire::LinkSettings settings;
  settings.epoch = epoch;
  settings.hello_interval_ms = wire::kAgentHelloIntervalMs;
  return settings;
}

}  // namespace

Link::Link(uint32_t epoch) : connection_(storage_, agent_settings(epoch)) {}

size_t Link::memory_bytes() { return sizeof(Link); }

bool Link::send_output() {
  uint8_t chunk[128];
  size_t count = 0;
  while ((count = connection_.take_output(chunk, sizeof chunk)) != 0) {
    if (!port::write_link(chunk, count)) {
      connection_.seek();
      return false;
    }
  }
  return true;
}

bool Link::feed_input() {
  if (input_begin_ == input_end_) {
    input_begin_ = 0;
    input_end_ = port::read_link(input_, sizeof input_);
    if (input_end_ == 0) return false;
  }
  input_begin_ += connection_.receive(input_ + input_begin_, input_end_ - input_begin_);
  const bool connected = connection_.state() == wire::LinkState::kConnected;
  if (connection_.take_restart() || (connected && !was_connected_)) new_session_ = true;
  was_connected_ = connected;
  return true;
}

const fb::Envelope* Link::receive(uint32_t wait_ms) {
  connection_.poll(port::coarse_milliseconds());
  if (connection_.state() == wire::LinkState::kLost) connection_.seek();
  was_connected_ = connection_.state() == wire::LinkState::kConnected;
  send_output();
  has_chunk_ = false;
  bool any_input = false;
  while (feed_input()) {
    any_input = true;
    const uint8_t* data = nullptr;
    size_t size_bytes = 0;
    bool is_chunk = false;
    if (!connection_.next_message(&data, &size_bytes, &is_chunk)) continue;
    // The acknowledgement leaves before the message is acted on, which may take long.
    if (input_begin_ == input_end_) send_output();
    if (is_chunk && wire::read_chunk(data, size_bytes, &chunk_)) {
      has_chunk_ = true;
      return nullptr;
    }
    uint32_t request_id = 0;
    if (const fb::Envelope* request = wire::read_request(data, size_bytes, &request_id)) return request;
    auto& builder = begin();
    send(request_id, fb::CreateFailure(builder, static_cast<uint8_t>(wire::Status::kBadMessage),
                                       builder.CreateString("not a valid request")));
  }
  send_output();
  if (!any_input && wait_ms != 0) port::wait_for_link(wait_ms);
  return nullptr;
}

bool Link::take_chunk(wire::Chunk* chunk) {
  if (!has_chunk_) return false;
  has_chunk_ = false;
  *chunk = chunk_;
  return true;
}

void Link::refuse_message() {
  const uint8_t* data = nullptr;
  size_t size_bytes = 0;
  bool is_chunk = false;
  if (!connection_.next_message(&data, &size_bytes, &is_chunk)) return;
  // A chunk that is lost like this leaves a gap, which the end of its upload tells.
  if (is_chunk) return;
  uint32_t request_id = 0;
  (void)wire::read_request(data, size_bytes, &request_id);
  if (refused_count_ < 4) refused_[refused_count_++] = request_id;
}

uint32_t Link::take_refused(uint32_t* request_ids) {
  const uint32_t count = refused_count_;
  for (uint32_t i = 0; i < count; ++i) request_ids[i] = refused_[i];
  refused_count_ = 0;
  return count;
}

// False when the session is gone.
bool Link::pump_once(uint32_t wait_ms) {
  connection_.poll(port::coarse_milliseconds());
  if (connection_.state() != wire::LinkState::kConnected || new_session_) return false;
  if (!send_output()) return false;
  if (feed_input()) {
    refuse_message();
  } else if (wait_ms != 0) {
    port::wait_for_link(wait_ms);
  }
  return connection_.state() == wire::LinkState::kConnected && !new_session_ && port::link_alive();
}

bool Link::queue() {
  const uint32_t started_ms = port::coarse_milliseconds();
  // What was done since the last poll may have taken longer than a retransmission timeout, which would start
  // in the past: the answer would go out twice, and the host's acknowledgement of the second fall into a
  // quiet window.
  connection_.poll(started_ms);
  for (;;) {
    switch (connection_.send(builder_.data(), builder_.size_bytes())) {
      case wire::SendResult::kQueued: return send_output();
      case wire::SendResult::kTooLarge:
      case wire::SendResult::kNotConnected: return false;
      case wire::SendResult::kWindowFull: break;
    }
    if (port::coarse_milliseconds() - started_ms > kHostPatienceMs) {
      connection_.seek();
      return false;
    }
    if (!pump_once(20)) return false;
  }
}

bool Link::settle() {
  const uint32_t started_ms = port::coarse_milliseconds();
  uint32_t silent_since_ms = started_ms;
  for (;;) {
    const uint32_t now_ms = port::coarse_milliseconds();
    if (now_ms - started_ms > kHostPatienceMs) {
      connection_.seek();
      return false;
    }
    const uint64_t received = connection_.statistics().bytes_received;
    if (!pump_once(1)) return false;
    if (!connection_.idle() || connection_.statistics().bytes_received != received) {
      silent_since_ms = port::coarse_milliseconds();
    } else if (port::coarse_milliseconds() - silent_since_ms >= wire::kSettleMs) {
      return true;
    }
  }
}

bool Link::take_new_session() {
  const bool is_new = new_session_;
  new_session_ = false;
  return is_new;
}

}  // namespace slmrig::agent
