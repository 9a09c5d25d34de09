#include "harness/deploy/linked_board.h"

#include "harness/base/clock.h"
#include "harness/deploy/power_switch.h"

namespace slmrig::deploy {
namespace {

using base::Done;
using base::ErrorCode;
using base::Result;

// Of a board that may hold no agent at all. An agent that is there answers its first hello.
constexpr int64_t kAskMs = 1500;

// Nobody is there, or somebody that cannot be talked to; it is no use asking for long, and writing the agent
// mends it.
bool is_mended_by_writing(ErrorCode code) {
  return code == ErrorCode::kTimeout || code == ErrorCode::kUnsupported || code == ErrorCode::kCorrupt ||
         code == ErrorCode::kDeviceFault;
}

}  // namespace

Result<std::unique_ptr<StartedBoard>> bring_up(StartedBoard::Start start, const WriteAgent& write_agent,
                                               const std::function<bool()>& stop) {
  start.via = StartedBoard::Via::kLink;
  const int64_t patience_ms = start.link.fast_baud == 0 ? kAskMs : 2 * kAskMs;  // it may listen at either rate
  const base::PowerSwitchSpec power = start.bench.power;
  if (!power.off.empty()) {
    start.reset_means.push_back({"power_switch", [power, stop] { return power_cycle(power, stop); }});
  }
  const std::string build_id = start.agent.build_id;
  const uint64_t agent_bytes = start.agent.text_bytes + start.agent.data_bytes;
  SLMRIG_ASSIGN(std::unique_ptr<StartedBoard> board, StartedBoard::open(std::move(start)));
  const Result<rig::Banner> who = board->ask_who(patience_ms);
  if (!who && !is_mended_by_writing(who.error().code)) return tl::unexpected(who.error());
  if (who && who->agent_build_id == build_id) {
    board->deployment().agent.skipped_bytes = agent_bytes;
  } else {
    const int64_t began_ns = base::monotonic_now_ns();
    if (const Done written = write_agent(board->deployment()); !written) {
      return tl::unexpected(
          base::within("bench " + board->bench().name + ": writing the agent", written.error()));
    }
    board->deployment().agent.took_ns = base::monotonic_now_ns() - began_ns;
  }
  SLMRIG_TRY(board->connect_or_reset());
  return board;
}

}  // namespace slmrig::deploy
