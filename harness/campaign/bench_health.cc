#include "harness/campaign/bench_health.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/measure/clock_check.h"
#include "harness/rig/bench_lock.h"

namespace slmrig::campaign {
namespace {

using base::Done;
using base::Error;
using base::ErrorCode;
using base::Result;

Result<std::string> slots_of(const rig::Banner& banner, rig::Agent& agent) {
  std::string text;
  for (uint32_t slot = 0; slot < banner.slot_count; ++slot) {
    SLMRIG_ASSIGN(const rig::SlotState state, agent.query_slot(slot, false));
    text += fmt::format("{}{}: {}{}", text.empty() ? "" : ", ", slot, rig::to_string(state.phase),
                        state.image_bytes == 0
                            ? ""
                            : fmt::format(" {:.2f} MB", static_cast<double>(state.image_bytes) / 1e6));
  }
  return text;
}

struct ClockLook {
  std::string text;
  bool good = true;
};

Result<ClockLook> clock_of(const base::Bench& bench, rig::Agent& agent) {
  if (bench.board.ticks.counts_instructions) return ClockLook{"counts instructions: nothing to compare"};
  if (bench.board.tier != base::Tier::kHardware) return ClockLook{"not compared: its times mean nothing"};
  base::SystemClock clock;
  SLMRIG_ASSIGN(const measure::ClockCheck check, measure::check_clock(agent, bench.board.ticks, clock));
  return ClockLook{check.text, check.doubt.empty()};
}

BenchState state_of(const Error& error, bool looked_at_tools) {
  if (error.code == ErrorCode::kWrongBoard) return BenchState::kWrongBoard;
  if (error.code == ErrorCode::kLocked && !looked_at_tools) return BenchState::kBusy;
  return BenchState::kBad;
}

Done look(const base::Bench& bench, const deploy::Workshop& workshop, BenchHealth& health) {
  SLMRIG_ASSIGN(health.tools, deploy::look_for_tools(bench, workshop));
  return deploy::visit_board(
      bench, workshop, deploy::Manner::kLook, [&](const rig::Banner& banner, rig::Agent& agent) -> Done {
        health.board = banner.board;
        health.unit = banner.unique_id;
        health.agent_build_id = banner.agent_build_id;
        health.engine = banner.engine;
        SLMRIG_ASSIGN(health.slots, slots_of(banner, agent));
        SLMRIG_ASSIGN(const ClockLook clock, clock_of(bench, agent));
        health.clock = clock.text;
        if (clock.good) return {};
        return base::fail(
            ErrorCode::kDeviceFault,
            fmt::format("its clock {}; look at clock_hz and ticks.rate_hz of {}, and at the clock "
                        "source that the firmware sets up",
                        clock.text, bench.board.file));
      });
}

// A board that is flashed through a probe may be silent because nothing was ever flashed.
bool may_be_empty(const base::Bench& bench, const Error& error) {
  const std::string& kind = base::flasher_kind(bench);
  return error.code == ErrorCode::kTimeout && (kind == "pyocd" || kind == "command");
}

}  // namespace

const char* to_string(BenchState state) {
  switch (state) {
    case BenchState::kGood: return "good";
    case BenchState::kBusy: return "busy";
    case BenchState::kLeftOut: return "left out";
    case BenchState::kNoAgent: return "no agent";
    case BenchState::kWrongBoard: return "WRONG BOARD";
    case BenchState::kBad: return "BAD";
  }
  return "BAD";
}

BenchHealth check_bench(const base::Bench& bench, const deploy::Workshop& workshop) {
  BenchHealth health;
  health.bench = bench.name;
  health.problem = bench.optional ? deploy::missing_tools(bench, workshop) : "";
  if (!health.problem.empty()) {
    health.state = BenchState::kLeftOut;
    return health;
  }
  const auto lock = rig::BenchLock::acquire(bench.name, "slmrig rig check");
  if (!lock) {
    health.state = state_of(lock.error(), false);
    health.problem = lock.error().text();
    return health;
  }
  const Done looked = look(bench, workshop, health);
  if (looked) {
    health.state = BenchState::kGood;
    return health;
  }
  health.state = may_be_empty(bench, looked.error()) ? BenchState::kNoAgent : state_of(looked.error(), true);
  health.problem = looked.error().text();
  return health;
}

std::vector<BenchHealth> check_benches(const std::vector<base::Bench>& benches,
                                       const deploy::Workshop& workshop) {
  // Most of a look is waiting: for a banner, for two seconds of a clock.
  constexpr std::size_t kAtOnce = 8;
  std::vector<BenchHealth> all(benches.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < benches.size(); i = next++) all[i] = check_bench(benches[i], workshop);
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < std::min(kAtOnce, benches.size()); ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  return all;
}

}  // namespace slmrig::campaign
