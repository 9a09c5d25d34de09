// The host's end of the wire for tests of the agent: blocking, small, over any byte stream. Host code, tests
// only.
//
// (The orchestrator's own client lives in harness/, which device-agent must not see.)
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "device-agent/wire/connection.h"
#include "device-agent/wire/messages.h"

namespace slmrig::agent::testing {

namespace fb = wire::fb;

// Long enough for an emulator on a busy host.
constexpr uint32_t kPatienceMs = 20000;

// How a test reaches an agent.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Up to `capacity` bytes; waits a few milliseconds for the first.
  virtual size_t read(uint8_t* data, size_t capacity) = 0;
  virtual void write(const uint8_t* data, size_t size_bytes) = 0;
  virtual uint32_t now_ms() = 0;
  // True: nothing will ever come any more, so nobody needs to wait.
  virtual bool ended() { return false; }
};

// A message that outlives the connection's buffer.
class Message {
 public:
  Message(const uint8_t* data, size_t size_bytes) : words_((size_bytes + 7) / 8) {
    std::copy(data, data + size_bytes, reinterpret_cast<uint8_t*>(words_.data()));
  }
  const fb::Envelope& envelope() const {
    return *fb::GetEnvelope(reinterpret_cast<const uint8_t*>(words_.data()));
  }
  uint32_t request_id() const { return envelope().request_id(); }
  // Null where the message is another one.
  template <typename Table>
  const Table* as() const {
    return envelope().message_as<Table>();
  }

 private:
  std::vector<uint64_t> words_;  // aligned to 8 bytes
};

struct RunOutcome {
  std::string output;
  uint32_t prompt_tokens = 0;
  fb::Finish finish = fb::Finish::end_token;
  uint64_t encode_ticks = 0;
  uint64_t prefill_ticks = 0;
  uint64_t first_sample_ticks = 0;
  uint64_t total_ticks = 0;
  std::vector<int32_t> token_ids;
  std::vector<uint64_t> duration_ticks;
  std::string failure;  // status name; empty when it worked
  fb::Fallback fallback = fb::Fallback::none;
};

class AgentPeer {
 public:
  AgentPeer(ByteStream& stream, uint32_t epoch);

  // Lets bytes flow until a message arrives; null after timeout_ms.
  std::unique_ptr<Message> receive(uint32_t timeout_ms = kPatienceMs);
  // The next message with this id; others are dropped.
  std::unique_ptr<Message> receive_answer(uint32_t request_id, uint32_t timeout_ms = kPatienceMs);

  using Build = std::function<flatbuffers::Offset<void>(flatbuffers::FlatBufferBuilder&)>;
  // Sends a request; returns its id.
  uint32_t send(fb::Message type, const Build& build);
  // Sends bytes that need not be a message.
  bool send_raw(const std::vector<uint8_t>& payload, wire::FrameKind kind = wire::FrameKind::kData);
  std::unique_ptr<Message> ask(fb::Message type, const Build& build, uint32_t timeout_ms = kPatienceMs);

  std::unique_ptr<Message> hello();
  // Resets the agent; the banner of its next life, which comes unasked.
  std::unique_ptr<Message> reset();
  std::unique_ptr<Message> load(uint8_t slot, uint32_t context_tokens = 0);
  std::unique_ptr<Message> slot(uint8_t slot, bool hash = false, uint64_t hash_bytes = 0);
  // UploadBegin, what is missing, UploadEnd. stop_after_bytes: breaks off there, as a cut link would.
  std::unique_ptr<Message> upload(uint8_t slot, const std::vector<uint8_t>& image,
                                  uint64_t* resumed_at = nullptr, uint64_t stop_after_bytes = ~uint64_t{0});
  // The same by chunk frames; what `base` (the content of slot `from`) has at the same place is copied there.
  std::unique_ptr<Message> update(uint8_t slot, const std::vector<uint8_t>& image, uint8_t from = 0,
                                  const std::vector<uint8_t>& base = {}, uint64_t* resumed_at = nullptr);
  void send_chunk(uint8_t slot, uint64_t offset_bytes, const uint8_t* data, size_t size_bytes);
  std::unique_ptr<Message> begin_upload(uint8_t slot, const std::vector<uint8_t>& image);
  std::unique_ptr<Message> end_upload(uint8_t slot);
  // Of the image that was uploaded.
  std::unique_ptr<Message> activate(uint8_t slot);
  std::unique_ptr<Message> rollback();
  RunOutcome run(const std::string& prompt, uint32_t max_new_tokens, bool ignore_end = false,
                 uint32_t timeout_ms = 60000);
  // With a fallback text.
  RunOutcome run_within(const std::string& prompt, uint64_t budget_ticks, fb::AnswerForm form,
                        const std::string& fallback, uint32_t max_new_tokens = 64);

  // With the marker lines raised.
  RunOutcome run_marked(const std::string& prompt, uint32_t max_new_tokens, bool ignore_end = false);
  // Idle: the IdleReport, or a Failure.
  std::unique_ptr<Message> idle(uint64_t ticks);

  wire::Connection& connection() { return connection_; }
  void pump(uint32_t milliseconds);

 private:
  bool pump_once();
  RunOutcome receive_run(uint32_t request_id, uint32_t timeout_ms);

  ByteStream& stream_;
  wire::ConnectionStorage<8> storage_;
  wire::Connection connection_;
  uint32_t next_request_ = 1;
  std::deque<std::unique_ptr<Message>> arrived_;
};

// "failure_name" of a Failure message; "" for any other, "silence" for none.
std::string failure_of(const Message* message);

}  // namespace slmrig::agent::testing
