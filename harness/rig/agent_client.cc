#include "harness/rig/agent_client.h"

#include <algorithm>
#include <cctype>
#include <random>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/sha256.h"
#include "harness/rig/answers.h"
#include "harness/rig/message_text.h"

namespace slmrig::rig {
namespace {

namespace fb = wire::fb;
using base::Done;
using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr std::size_t kShownBytes = 48;
// How often a wait looks at the connection's timers.
constexpr int64_t kTickMs = 20;

wire::LinkSettings host_settings() {
  wire::LinkSettings settings;
  settings.epoch = std::random_device{}() | 1U;
  settings.hello_interval_ms = wire::kHostHelloIntervalMs;
  return settings;
}

// What arrived, so that a person recognises a boot loader's prompt or noise of a wrong baud rate.
std::string shown(const std::string& bytes) {
  const auto printable = std::count_if(bytes.begin(), bytes.end(), [](char c) {
    return std::isprint(static_cast<unsigned char>(c)) != 0 || c == '\n' || c == '\r';
  });
  if (4 * static_cast<std::size_t>(printable) < 3 * bytes.size()) {
    return "0x" + base::to_hex(std::span(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
  }
  std::string text = bytes;
  std::replace_if(
      text.begin(), text.end(), [](char c) { return std::isprint(static_cast<unsigned char>(c)) == 0; }, '.');
  return "\"" + text + "\"";
}

}  // namespace

AgentClient::AgentClient(std::unique_ptr<Link> link, const ClientTimeouts& timeouts, LineRates rates)
    : link_(std::move(link)),
      timeouts_(timeouts),
      rates_(rates),
      baud_(rates.baud),
      connection_(storage_, host_settings()),
      started_ns_(now_ns()) {}

AgentClient::~AgentClient() = default;

int64_t AgentClient::now_ns() const {
  return timeouts_.clock != nullptr ? timeouts_.clock->monotonic_ns() : base::monotonic_now_ns();
}

// As the connection counts: it may wrap.
uint32_t AgentClient::now_ms() const { return static_cast<uint32_t>(now_ns() / 1'000'000); }
int64_t AgentClient::deadline_after(int64_t timeout_ms) const { return now_ns() + timeout_ms * 1'000'000; }
int64_t AgentClient::left_ms(int64_t deadline_ns) const { return (deadline_ns - now_ns()) / 1'000'000; }

void AgentClient::note(char direction, const std::string& text) {
  const double seconds = static_cast<double>(now_ns() - started_ns_) * 1e-9;
  transcript_.add_line(fmt::format("{:10.4f} {} {}", seconds, direction, text));
}

// A write may take as long as the line does. What arrives meanwhile is heard, or acknowledgements that are
// here already would come too late for the connection's timers.
Done AgentClient::flush() {
  std::array<uint8_t, 4096> output;
  for (;;) {
    const std::size_t count = connection_.take_output(output.data(), output.size());
    if (count == 0) return {};
    const int64_t began_ns = now_ns();
    SLMRIG_TRY(link_->write(std::span(output).first(count)));
    if (now_ns() - began_ns < kTickMs * 1'000'000) continue;
    SLMRIG_TRY(listen(0));
    connection_.poll(now_ms());
  }
}

Done AgentClient::listen(int64_t wait_ms) {
  if (input_begin_ == input_end_) {
    SLMRIG_ASSIGN(const std::size_t got, link_->read(input_, wait_ms));
    input_begin_ = 0;
    input_end_ = got;
    const std::size_t wanted = kShownBytes - std::min(kShownBytes, first_bytes_.size());
    first_bytes_.append(reinterpret_cast<const char*>(input_.data()), std::min(got, wanted));
  }
  input_begin_ += connection_.receive(input_.data() + input_begin_, input_end_ - input_begin_);
  return {};
}

Done AgentClient::pump(int64_t wait_ms) {
  connection_.poll(now_ms());
  SLMRIG_TRY(flush());
  if (input_begin_ == input_end_ && wait_hook_) wait_hook_();
  SLMRIG_TRY(listen(wait_ms));
  // Acknowledgements leave at once: one that were sent later could fall into the agent's quiet window.
  return flush();
}

Result<const fb::Envelope*> AgentClient::take_message() {
  const uint8_t* data = nullptr;
  std::size_t size_bytes = 0;
  if (!connection_.next_message(&data, &size_bytes)) return nullptr;
  const fb::Envelope* envelope = wire::read_message(data, size_bytes);
  if (envelope == nullptr) {
    note('<', fmt::format("not a valid message ({} bytes)", size_bytes));
    return fail(
        ErrorCode::kCorrupt,
        fmt::format(
            "the agent sent an intact frame of {} bytes that holds no message of protocol {}; agent and "
            "slmrig were built from different sources: build and deploy again",
            size_bytes, wire::kProtocolVersion));
  }
  note('<', message_text(*envelope));
  return envelope;
}

Error AgentClient::no_answer_error(int64_t waited_ms) const {
  const bool arrived = connection_.idle();
  return Error{ErrorCode::kTimeout,
               fmt::format("no answer to {} within {} ms; the agent {}; reset the board and try again",
                           asked_, waited_ms,
                           arrived ? "took the question, and is stuck or still at work"
                                   : "did not even acknowledge it, and is stuck or gone"),
               {}};
}

Error AgentClient::restart_error() {
  std::string reason = "it gave no reason";
  const std::string asked = asked_;
  note('-', "the agent restarted");
  if (greeting_) {
    reason = "it does so again and again";
  } else if (const Result<Banner> banner = hello(timeouts_.connect_ms);
             banner && !banner->reset_reason.empty()) {
    reason = "its last words: " + banner->reset_reason;
  }
  return Error{ErrorCode::kDeviceFault,
               fmt::format("the agent restarted while it worked on {}; {}", asked, reason),
               {}};
}

Result<const fb::Envelope*> AgentClient::take_answer() {
  if (connection_.take_restart()) return tl::unexpected(restart_error());
  for (;;) {
    SLMRIG_ASSIGN(const fb::Envelope* envelope, take_message());
    if (envelope == nullptr) return nullptr;
    const bool ours = envelope->request_id() == request_id_;
    // A question that the agent could not even read is refused under number 0.
    const auto* failure = envelope->message_as_Failure();
    if (failure != nullptr && (ours || envelope->request_id() == 0)) {
      return tl::unexpected(failure_error(*failure, asked_));
    }
    if (ours) return envelope;
    // Banners of a new session, and answers to questions that were given up.
  }
}

Result<const fb::Envelope*> AgentClient::await(fb::Message kind, int64_t timeout_ms) {
  const int64_t deadline_ns = deadline_after(timeout_ms);
  for (;;) {
    SLMRIG_ASSIGN(const fb::Envelope* envelope, take_answer());
    if (envelope != nullptr && envelope->message_type() == kind) return envelope;
    if (envelope != nullptr) {
      return fail(ErrorCode::kCorrupt, fmt::format("the agent answered {} with {}, expected {}", asked_,
                                                   message_name(*envelope), fb::EnumNameMessage(kind)));
    }
    if (connection_.state() == wire::LinkState::kLost) {
      return fail(ErrorCode::kLinkLost, fmt::format("{}: the agent stopped acknowledging while {} was sent",
                                                    link_->description(), asked_));
    }
    if (left_ms(deadline_ns) <= 0) return tl::unexpected(no_answer_error(timeout_ms));
    SLMRIG_TRY(pump(std::min(kTickMs, left_ms(deadline_ns) + 1)));
    SLMRIG_TRY(follow_restart());
  }
}

Done AgentClient::send(int64_t timeout_ms) {
  return send_payload({builder_.data(), builder_.size_bytes()}, wire::FrameKind::kData, timeout_ms);
}

Done AgentClient::send_payload(std::span<const uint8_t> payload, wire::FrameKind kind, int64_t timeout_ms) {
  const int64_t deadline_ns = deadline_after(timeout_ms);
  // Between two calls the connection does not hear the time. A timeout that starts in the past would send the
  // question twice, the second time into the agent's quiet window.
  connection_.poll(now_ms());
  for (;;) {
    switch (connection_.send(payload.data(), payload.size(), kind)) {
      case wire::SendResult::kQueued: return flush();
      case wire::SendResult::kTooLarge:
        return fail(ErrorCode::kBadInput,
                    fmt::format("{} of {} bytes is larger than a message may be ({} bytes)", asked_,
                                payload.size(), wire::kMaxPayloadBytes));
      case wire::SendResult::kNotConnected:
        if (connection_.take_restart()) return tl::unexpected(restart_error());
        return fail(ErrorCode::kLinkLost,
                    fmt::format("{}: the agent is not connected", link_->description()));
      case wire::SendResult::kWindowFull: break;
    }
    // A message that nobody takes would stop the acknowledgements behind it.
    SLMRIG_TRY(take_answer());
    if (left_ms(deadline_ns) <= 0) return tl::unexpected(no_answer_error(timeout_ms));
    SLMRIG_TRY(pump(kTickMs));
  }
}

Done AgentClient::send_question() {
  const fb::Envelope* envelope = fb::GetEnvelope(builder_.data());
  asked_ = message_name(*envelope);
  note('>', message_text(*envelope));
  return send(timeouts_.answer_ms);
}

Error AgentClient::silence_error(int64_t waited_ms) const {
  wire::LinkStatistics seen = connection_.statistics();
  seen.bytes_received -= heard_before_.bytes_received;
  seen.frames_received -= heard_before_.frames_received;
  seen.foreign_frames -= heard_before_.foreign_frames;
  if (seen.bytes_received == 0) {
    return Error{
        ErrorCode::kTimeout,
        fmt::format(
            "{} is silent: not one byte within {} ms; is the board powered, and does it run the agent?",
            link_->description(), waited_ms),
        {}};
  }
  if (seen.frames_received > 0) {
    return Error{
        ErrorCode::kTimeout,
        fmt::format(
            "{}: the agent is heard, but does not hear us within {} ms; look at the wire to the board",
            link_->description(), waited_ms),
        {}};
  }
  if (seen.foreign_frames > 0) {
    return Error{
        ErrorCode::kUnsupported,
        fmt::format("{}: the agent frames its messages in another way than link version {}; build and deploy "
                    "the agent of this slmrig",
                    link_->description(), wire::kLinkVersion),
        {}};
  }
  // Nothing of the measured thing was heard, so nothing can be said of it.
  return Error{
      ErrorCode::kTimeout,
      fmt::format("{} sends {} bytes within {} ms that are no frames of slmrig, beginning with {}; another "
                  "program or another baud rate is at the other end",
                  link_->description(), seen.bytes_received, waited_ms, shown(first_bytes_)),
      {}};
}

Result<Banner> AgentClient::hello(int64_t patience_ms) {
  greeting_ = true;
  Result<Banner> banner = greet(patience_ms);
  if (banner) banner_ = *banner;
  if (banner) try_fast_baud();
  greeting_ = false;
  return banner;
}

Result<Banner> AgentClient::greet(int64_t patience_ms) {
  SLMRIG_TRY(find_agent(patience_ms));
  connection_.take_restart();
  SLMRIG_TRY(ask(fb::CreateHello(builder_.begin(), wire::kProtocolVersion)));
  SLMRIG_ASSIGN(const fb::Banner* answer, await_as<fb::Banner>(timeouts_.answer_ms));
  SLMRIG_ASSIGN(Banner banner, read_banner(*answer));
  if (banner.protocol_version == wire::kProtocolVersion) return banner;
  return fail(
      ErrorCode::kUnsupported,
      fmt::format(
          "the agent speaks protocol {}, this slmrig speaks {}; build and deploy the agent of this slmrig",
          banner.protocol_version, wire::kProtocolVersion));
}

Result<Banner> AgentClient::connect(int64_t patience_ms) {
  if (connection_.state() != wire::LinkState::kConnecting) {
    note('-', "seeking the agent anew");
    connection_.seek();
  }
  heard_before_ = connection_.statistics();
  first_bytes_.clear();
  return hello(patience_ms == 0 ? timeouts_.connect_ms : patience_ms);
}

Result<Banner> AgentClient::reset() {
  SLMRIG_TRY(ask(fb::CreateReset(builder_.begin())));
  SLMRIG_TRY(await_as<fb::Accepted>(timeouts_.answer_ms));
  SLMRIG_TRY(change_baud(rates_.baud));
  const int64_t deadline_ns = deadline_after(timeouts_.connect_ms);
  while (!connection_.take_restart()) {
    if (left_ms(deadline_ns) <= 0) return tl::unexpected(no_answer_error(timeouts_.connect_ms));
    SLMRIG_TRY(pump(kTickMs));
    SLMRIG_TRY(take_message());
  }
  note('-', "the agent restarted");
  return hello(timeouts_.connect_ms);
}

}  // namespace slmrig::rig
