#include "device-agent/wire/connection.h"

#include <cstring>

namespace slmrig::wire {
namespace {

// Payload of a hello: the sender's epoch, the peer's epoch as far as the sender knows it (0: not at all), and
// whether the sender knows that it is known itself, which is when it needs no answer.
constexpr size_t kHelloBytes = 9;

void put_u32(uint8_t* out, uint32_t value) {
  for (int i = 0; i < 4; ++i) out[i] = static_cast<uint8_t>(value >> (8 * i));
}

uint32_t get_u32(const uint8_t* in) {
  return in[0] | (static_cast<uint32_t>(in[1]) << 8) | (static_cast<uint32_t>(in[2]) << 16) |
         (static_cast<uint32_t>(in[3]) << 24);
}

// Which frames arrived ahead of a missing one, in an acknowledgement.
constexpr size_t kAheadBytes = 8;

// Stamps wrap.
bool earlier(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) < 0; }

}  // namespace

void Connection::seek() {
  state_ = LinkState::kConnecting;
  begin_session(0);
  hello_wanted_ = true;
}

void Connection::begin_session(uint32_t peer_epoch) {
  peer_epoch_ = peer_epoch;
  touched_ = false;
  message_ready_ = false;
  expected_ = 0;
  ack_wanted_ = nak_wanted_ = nak_sent_ = false;
  ahead_ = 0;
  selective_ = false;
  base_ = 0;
  queued_ = sent_ = fresh_ = repeats_ = lost_ = 0;
  arrived_stamp_ = stamp_;
  probe_wanted_ = probed_ = rewound_ = false;
  if (peer_epoch != 0) ++statistics_.sessions;
}

size_t Connection::receive(const uint8_t* data, size_t size_bytes) {
  size_t taken = 0;
  while (taken < size_bytes && !message_ready_) {
    FrameEvent event = FrameEvent::kNone;
    taken += decoder_.take(data + taken, size_bytes - taken, &event);
    switch (event) {
      case FrameEvent::kNone: break;
      case FrameEvent::kFrame: on_frame(); break;
      case FrameEvent::kBroken:
      case FrameEvent::kTooLong:
        ++statistics_.broken_frames;
        want_nak();
        break;
    }
  }
  statistics_.bytes_received += taken;
  return taken;
}

void Connection::want_nak() {
  if (state_ != LinkState::kConnected) return;
  // One a gap: the frames behind a lost one all look like gaps. Again after a while, as a nak may be lost
  // too. With chunks each broken frame is one of its own.
  if (selective_ || !nak_sent_ || now_ms_ - nak_sent_ms_ >= settings_.retransmit_ms / 2) nak_wanted_ = true;
}

void Connection::on_frame() {
  const FrameHeader& header = decoder_.header();
  if (header.version != kLinkVersion) {
    ++statistics_.foreign_frames;
    return;
  }
  ++statistics_.frames_received;
  switch (header.kind) {
    case FrameKind::kHello: on_hello(); return;
    case FrameKind::kData:
    case FrameKind::kChunk: on_data(); return;
    case FrameKind::kAck:
      if (of_this_session(header)) on_acknowledgement();
      return;
    case FrameKind::kNak:
      if (!of_this_session(header)) return;
      on_acknowledgement();
      on_nak();
      return;
  }
  ++statistics_.foreign_frames;
}

void Connection::on_hello() {
  if (decoder_.payload_bytes() < kHelloBytes) {
    ++statistics_.foreign_frames;
    return;
  }
  const uint32_t epoch = get_u32(decoder_.payload());
  const uint32_t known_as = get_u32(decoder_.payload() + 4);
  const bool needs_no_answer = decoder_.payload()[8] != 0;
  // A peer that does not know us, although data went to and fro, has restarted, with whatever epoch.
  if (epoch != peer_epoch_ || (known_as == 0 && touched_)) {
    if (peer_epoch_ != 0 && state_ == LinkState::kConnected) restarted_ = true;
    state_ = LinkState::kConnecting;
    begin_session(epoch);
  }
  if (known_as == settings_.epoch) state_ = LinkState::kConnected;
  if (!needs_no_answer) hello_wanted_ = true;
}

bool Connection::of_this_session(const FrameHeader& header) {
  if (peer_epoch_ == 0 || header.session != (peer_epoch_ ^ settings_.epoch)) {
    ++statistics_.foreign_frames;
    hello_wanted_ = true;  // tells a peer of an older session that it is over
    return false;
  }
  if (state_ == LinkState::kConnecting)
    state_ = LinkState::kConnected;  // its session number proves it knows us
  return true;
}

void Connection::on_data() {
  const FrameHeader& header = decoder_.header();
  if (!of_this_session(header)) return;
  on_ack(header.ack);
  const bool is_chunk = header.kind == FrameKind::kChunk;
  selective_ = selective_ || is_chunk;
  const uint8_t distance = static_cast<uint8_t>(header.sequence - expected_);
  const uint64_t bit = distance >= 1 && distance <= 64 ? uint64_t{1} << (distance - 1) : 0;
  if (distance >= 0x80 || (ahead_ & bit) != 0) {
    ++statistics_.duplicates;
    ack_wanted_ = true;
    return;
  }
  if (distance != 0) ++statistics_.gaps;
  if (distance != 0 && (!is_chunk || bit == 0)) return want_nak();
  touched_ = true;
  message_ready_ = true;
  message_is_chunk_ = is_chunk;
  ack_wanted_ = true;
  if (distance != 0) {
    ahead_ |= bit;
    return;
  }
  nak_wanted_ = nak_sent_ = false;
  for (bool arrived = true; arrived; ahead_ >>= 1) {
    ++expected_;
    arrived = (ahead_ & 1) != 0;
  }
}

void Connection::on_acknowledgement() {
  const uint8_t ack = decoder_.header().ack;
  on_ack(ack);
  if (decoder_.payload_bytes() < kAheadBytes) return;
  const uint64_t low = get_u32(decoder_.payload());
  const uint64_t high = get_u32(decoder_.payload() + 4);
  on_arrived_ahead(ack, low | (high << 32));
}

// What was repeated may have arrived when it was sent first: only that is certain to have been overtaken.
void Connection::note_arrival(const WindowEntry& arrived) {
  if (earlier(arrived_stamp_, arrived.first_stamp)) arrived_stamp_ = arrived.first_stamp;
}

void Connection::on_ack(uint8_t ack) {
  const uint8_t acknowledged = static_cast<uint8_t>(ack - base_);
  if (acknowledged == 0 || acknowledged > fresh_) return;
  for (uint32_t index = 0; index < acknowledged; ++index) {
    if (!entry(index).arrived) note_arrival(entry(index));
    if (entry(index).lost) --lost_;
  }
  base_ = ack;
  queued_ -= acknowledged;
  fresh_ -= acknowledged;
  sent_ = sent_ > acknowledged ? sent_ - acknowledged : 0;
  repeats_ = 0;
  rewound_ = probe_wanted_ = false;
  if (fresh_ == 0) probed_ = false;
  touched_ = true;
  const bool quick = backoff_ != 0 && 2 * (now_ms_ - timer_started_ms_) < timeout_ms(backoff_ - 1);
  if (quick) --backoff_;
  timer_started_ms_ = now_ms_;
}

void Connection::on_arrived_ahead(uint8_t ack, uint64_t ahead) {
  if (ack != base_) return;  // older than what is known
  bool any = false;
  for (uint32_t index = 1; index < fresh_ && index <= 64; ++index) {
    WindowEntry& one = entry(index);
    if (((ahead >> (index - 1)) & 1) == 0 || one.arrived) continue;
    if (one.lost) --lost_;
    one.arrived = any = true;
    one.lost = false;
    note_arrival(one);
  }
  if (!any) return;
  repeats_ = 0;
  timer_started_ms_ = now_ms_;
  find_lost();
}

// Marks what was sent, the last time, before something that arrived.
void Connection::find_lost() {
  for (uint32_t index = 0; index < fresh_; ++index) {
    WindowEntry& one = entry(index);
    if (one.arrived || one.lost || !earlier(one.last_stamp, arrived_stamp_)) continue;
    one.lost = true;
    ++lost_;
  }
}

// A message that came ahead of a chunk was not taken; one nak may speak of both, and where nothing follows
// there is no other.
void Connection::lose_messages_behind(uint32_t index) {
  while (++index < fresh_) {
    WindowEntry& one = entry(index);
    if (one.kind != FrameKind::kData || one.lost) continue;
    one.lost = true;
    ++lost_;
  }
}

void Connection::on_nak() {
  if (fresh_ == 0) return;
  // The oldest in flight; and whether any is of the kind that arrives out of order.
  WindowEntry* oldest = nullptr;
  bool any_chunk = false;
  for (uint32_t index = 0; index < fresh_; ++index) {
    WindowEntry& one = entry(index);
    any_chunk = any_chunk || one.kind == FrameKind::kChunk;
    if (one.arrived || one.lost) continue;
    if (oldest == nullptr || earlier(one.last_stamp, oldest->last_stamp)) oldest = &one;
  }
  if (any_chunk) {
    if (oldest == nullptr) return;
    oldest->lost = true;
    ++lost_;
    return;
  }
  if (rewound_) return;
  rewound_ = true;
  probe_wanted_ = false;
  rewind();
}

// All that has not arrived is sent again, in its order.
void Connection::rewind() {
  sent_ = lost_ = 0;
  for (uint32_t index = 0; index < fresh_; ++index) entry(index).lost = false;
}

uint32_t Connection::timeout_ms(uint32_t backoff) const {
  const uint32_t timeout = settings_.retransmit_ms << backoff;
  return timeout < kRetransmitMaxMs ? timeout : kRetransmitMaxMs;
}

bool Connection::next_message(const uint8_t** data, size_t* size_bytes, bool* is_chunk) {
  if (!message_ready_) return false;
  message_ready_ = false;
  if (is_chunk != nullptr) *is_chunk = message_is_chunk_;
  *data = decoder_.payload();
  *size_bytes = decoder_.payload_bytes();
  return true;
}

SendResult Connection::send(const uint8_t* payload, size_t size_bytes, FrameKind kind) {
  if (size_bytes > kMaxPayloadBytes) return SendResult::kTooLarge;
  if (state_ != LinkState::kConnected) return SendResult::kNotConnected;
  if (window_full()) return SendResult::kWindowFull;
  if (size_bytes > 0) std::memcpy(next_row(), payload, size_bytes);
  entry(queued_) = {static_cast<uint16_t>(size_bytes), kind, false, false, 0, 0};
  ++queued_;
  return SendResult::kQueued;
}

void Connection::poll(uint32_t now_ms) {
  now_ms_ = now_ms;
  if (state_ == LinkState::kConnecting && now_ms - hello_sent_ms_ >= settings_.hello_interval_ms) {
    hello_wanted_ = true;
    hello_sent_ms_ = now_ms;
  }
  if (state_ == LinkState::kConnected) check_retransmission();
}

void Connection::check_retransmission() {
  if (fresh_ == 0) return;
  if (now_ms_ - timer_started_ms_ < timeout_ms(backoff_)) return;
  if (repeats_ == settings_.retransmit_limit) {
    begin_session(0);
    state_ = LinkState::kLost;
    return;
  }
  ++repeats_;
  if (timeout_ms(backoff_) < kRetransmitMaxMs) ++backoff_;
  timer_started_ms_ = now_ms_;
  rewound_ = false;
  if (probed_) {
    rewind();
  } else {
    probe_wanted_ = sent_ != 0;
  }
  probed_ = !probed_;
}

bool Connection::idle() const {
  return queued_ == 0 && !ack_wanted_ && !nak_wanted_ && !hello_wanted_ && encoder_.done();
}

bool Connection::take_restart() {
  const bool restarted = restarted_;
  restarted_ = false;
  return restarted;
}

size_t Connection::take_output(uint8_t* out, size_t capacity) {
  size_t written = 0;
  while (written < capacity) {
    if (encoder_.done()) {
      if (!begin_next()) break;
      ++statistics_.frames_sent;
    }
    written += encoder_.take(out + written, capacity - written);
  }
  statistics_.bytes_sent += written;
  return written;
}

bool Connection::begin_next() {
  if (hello_wanted_) {
    begin_hello();
    return true;
  }
  if (state_ != LinkState::kConnected) return false;
  if (nak_wanted_) {
    nak_sent_ = true;
    nak_sent_ms_ = now_ms_;
    begin_control(FrameKind::kNak);
    return true;
  }
  if (probe_wanted_) {
    probe_wanted_ = false;
    begin_data(0);
    return true;
  }
  const uint32_t index = next_to_send();
  if (index < queued_) {
    begin_data(index);
    return true;
  }
  if (ack_wanted_) begin_control(FrameKind::kAck);
  return !encoder_.done();
}

// What is lost first, then what was not sent since the last rewind; queued_ when there is nothing.
uint32_t Connection::next_to_send() {
  for (uint32_t index = 0; lost_ != 0 && index < fresh_; ++index) {
    if (entry(index).lost) return index;
  }
  while (sent_ < queued_ && sent_ < fresh_ && entry(sent_).arrived) ++sent_;
  return sent_ < queued_ ? sent_++ : queued_;
}

void Connection::begin_hello() {
  hello_wanted_ = false;
  put_u32(control_, settings_.epoch);
  put_u32(control_ + 4, peer_epoch_);
  control_[8] = state_ == LinkState::kConnected ? 1 : 0;
  FrameHeader header;
  header.kind = FrameKind::kHello;
  encoder_.begin(header, control_, kHelloBytes);
}

void Connection::begin_control(FrameKind kind) {
  FrameHeader header;
  header.kind = kind;
  header.ack = expected_;
  header.session = peer_epoch_ ^ settings_.epoch;
  ack_wanted_ = nak_wanted_ = false;
  put_u32(control_, static_cast<uint32_t>(ahead_));
  put_u32(control_ + 4, static_cast<uint32_t>(ahead_ >> 32));
  encoder_.begin(header, control_, ahead_ == 0 ? 0 : kAheadBytes);
}

void Connection::begin_data(uint32_t index) {
  const size_t row = (base_ + index) % window_frames_;
  WindowEntry& one = entries_[row];
  FrameHeader header;
  header.kind = one.kind;
  header.sequence = static_cast<uint8_t>(base_ + index);
  header.ack = expected_;
  header.session = peer_epoch_ ^ settings_.epoch;
  // A data frame has no room to tell what arrived ahead of others.
  if (ahead_ == 0) ack_wanted_ = false;
  if (fresh_ == 0) timer_started_ms_ = now_ms_;
  one.last_stamp = ++stamp_;
  if (one.lost) --lost_;
  one.lost = false;
  if (index == fresh_) {
    one.first_stamp = stamp_;
    ++fresh_;
  } else {
    ++statistics_.retransmits;
    if (one.kind == FrameKind::kChunk) lose_messages_behind(index);
  }
  encoder_.begin(header, window_ + row * kMaxPayloadBytes, one.size_bytes);
}

}  // namespace slmrig::wire
