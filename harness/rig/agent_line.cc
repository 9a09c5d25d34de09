// The part of AgentClient that knows of the line: seeking an agent at the rates it may have, changing the
// rate, resetting the board by a control line.
#include <algorithm>
#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "harness/rig/agent_client.h"

namespace slmrig::rig {
namespace {

namespace fb = wire::fb;
using base::Done;

// How often a wait looks at the connection's timers.
constexpr int64_t kTickMs = 20;
// At one of two rates before the other is tried: an agent that has nobody says hello once a second.
constexpr int64_t kRateSeekMs = 1200;

}  // namespace

// Until the agent is there, or time is up.
Done AgentClient::seek_at(int baud, int64_t timeout_ms) {
  SLMRIG_TRY(change_baud(baud));
  const int64_t deadline_ns = deadline_after(timeout_ms);
  while (connection_.state() != wire::LinkState::kConnected && left_ms(deadline_ns) > 0) {
    if (connection_.state() == wire::LinkState::kLost) connection_.seek();
    SLMRIG_TRY(pump(kTickMs));
    if (connection_.state() != wire::LinkState::kConnected) SLMRIG_TRY(take_message());
  }
  return {};
}

Done AgentClient::find_agent(int64_t patience_ms) {
  asked_ = "hello";
  const int64_t deadline_ns = deadline_after(patience_ms);
  // An agent whose host died at the fast rate listens there.
  const bool has_two_rates = rates_.fast_baud != 0 && rates_.fast_baud != rates_.baud;
  for (bool fast = has_two_rates && baud_ == rates_.fast_baud;
       connection_.state() != wire::LinkState::kConnected; fast = !fast) {
    const int64_t limit_ms = left_ms(deadline_ns);
    if (limit_ms <= 0) return tl::unexpected(silence_error(patience_ms));
    if (!has_two_rates) {
      SLMRIG_TRY(seek_at(rates_.baud, limit_ms));
    } else {
      SLMRIG_TRY(seek_at(fast ? rates_.fast_baud : rates_.baud, std::min(limit_ms, kRateSeekMs)));
    }
  }
  return {};
}

Done AgentClient::change_baud(int baud) {
  // What was written last may still lie in the adapter (16 ms in an FTDI's), and the agent changes once the
  // line was silent for kSettleMs.
  constexpr auto kChangeTime = std::chrono::milliseconds(40);
  if (baud == baud_) return {};
  std::this_thread::sleep_for(kChangeTime);
  SLMRIG_TRY(link_->set_baud(baud));
  note('-', fmt::format("the line runs at {} baud", baud));
  baud_ = baud;
  std::this_thread::sleep_for(kChangeTime);
  return {};
}

// Both ends change; the agent goes back by itself when it hears nothing, and so do we. What fails here fails
// slowly, not wrongly: nothing is reported but in the transcript.
void AgentClient::try_fast_baud() {
  if (rates_.fast_baud == 0 || baud_ == rates_.fast_baud) return;
  const auto agreed = [&]() -> Done {
    const auto rate = static_cast<uint32_t>(rates_.fast_baud);
    SLMRIG_TRY(ask(fb::CreateSetLinkRate(builder_.begin(), rate)));
    SLMRIG_TRY(await_as<fb::Accepted>(timeouts_.answer_ms));
    return {};
  }();
  if (!agreed) return note('-', "the line keeps its rate: " + agreed.error().message);
  const int slow = baud_;
  const auto confirmed = [&]() -> Done {
    SLMRIG_TRY(change_baud(rates_.fast_baud));
    SLMRIG_TRY(ask(fb::CreateClockQuery(builder_.begin())));
    SLMRIG_TRY(await_as<fb::Clock>(wire::kRateTrialMs));
    return {};
  }();
  if (confirmed) return;
  note('-', fmt::format("{} baud do not carry: {}", rates_.fast_baud, confirmed.error().message));
  rates_.fast_baud = 0;
  if (const Done back = change_baud(slow); !back) note('-', back.error().message);
}

// A board that restarts in the middle of something speaks at the slow rate again, which at the fast one is
// garbage. There its hello tells of the restart.
Done AgentClient::follow_restart() {
  constexpr int64_t kGarbageNs = 1'500'000'000;
  if (rates_.fast_baud == 0 || baud_ != rates_.fast_baud) return {};
  const wire::LinkStatistics& heard = connection_.statistics();
  if (heard.frames_received != frames_seen_) {
    frames_seen_ = heard.frames_received;
    bytes_seen_ = heard.bytes_received;
    garbage_since_ns_ = 0;
  } else if (heard.bytes_received != bytes_seen_) {
    if (garbage_since_ns_ == 0) garbage_since_ns_ = now_ns();
    if (now_ns() - garbage_since_ns_ > kGarbageNs) return change_baud(rates_.baud);
  }
  return {};
}

Done AgentClient::pulse_line(const std::string& line) {
  constexpr auto kHold = std::chrono::milliseconds(100);  // far longer than any reset circuit needs
  note('-', "the board is reset by the line " + line);
  SLMRIG_TRY(link_->set_line(line, true));
  std::this_thread::sleep_for(kHold);
  return link_->set_line(line, false);
}

void AgentClient::use_link(std::unique_ptr<Link> link) {
  note('-', "the link was opened anew");
  link_ = std::move(link);
  baud_ = rates_.baud;
  input_begin_ = input_end_ = 0;
  connection_.seek();
}

}  // namespace slmrig::rig
