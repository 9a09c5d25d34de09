// climb_bench of bench_health.h.
#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/campaign/bench_health.h"
#include "harness/measure/clock_check.h"
#include "harness/rig/meters/meter.h"

namespace slmrig::campaign {
namespace {

using base::Done;
using base::Error;
using base::ErrorCode;
using Outcome = ClimbStep::Outcome;

std::string remedy_for_agent(const base::Bench& bench, const Error& error) {
  switch (error.code) {
    case ErrorCode::kWrongBoard: return "correct the rig file, or plug the right board in";
    case ErrorCode::kTimeout:
      return fmt::format(
          "is the board powered, are the wires of the link the right way round, and is {} baud what "
          "the agent starts with?",
          bench.link.baud);
    case ErrorCode::kLocked:
      return "end the program that holds it; `slmrig rig doctor` names those that open ports";
    case ErrorCode::kUnsupported:
    case ErrorCode::kBadInput:
      return "mend what the message names: the rig file, the board's file or the build";
    default: return "unplug and plug in probe and board, then try again";
  }
}

class Climb {
 public:
  Climb(const base::Bench& bench, const deploy::Workshop& workshop,
        const std::function<void(const ClimbStep&)>& report)
      : bench_(bench), workshop_(workshop), report_(report) {}

  std::vector<ClimbStep> run() {
    const auto tools = deploy::look_for_tools(bench_, workshop_);
    if (!tools) {
      add("probe", Outcome::kFailed, tools.error().text(),
          "install or plug in what is named, then: slmrig rig doctor");
      return steps_;
    }
    add("probe", Outcome::kDone, *tools);
    bool answered = false;
    const Done climbed = deploy::visit_board(bench_, workshop_, deploy::Manner::kFlash,
                                             [&](const rig::Banner& banner, rig::Agent& agent) {
                                               answered = true;
                                               return above_banner(banner, agent);
                                             });
    if (!climbed && !answered) {
      add("flash and banner", Outcome::kFailed, climbed.error().text(),
          remedy_for_agent(bench_, climbed.error()));
    }
    return steps_;
  }

 private:
  void add(std::string name, Outcome outcome, std::string seen, std::string remedy = {}) {
    steps_.push_back({std::move(name), outcome, std::move(seen), std::move(remedy)});
    report_(steps_.back());
  }

  Done above_banner(const rig::Banner& banner, rig::Agent& agent) {
    add("flash", Outcome::kDone, fmt::format("the agent of build {} runs", banner.agent_build_id));
    add("banner", Outcome::kDone,
        fmt::format("{}, unit {}, engine {} {}, kernels {}, {} bytes of arena", banner.board,
                    banner.unique_id, banner.engine, banner.engine_version, banner.kernel_isa,
                    banner.arena_bytes));
    if (!climb_clock(agent)) return {};
    if (bench_.meter.kind.empty()) {
      add("markers", Outcome::kSkipped, "no meter is in the rig file to see them");
      add("meter", Outcome::kSkipped, "none is in the rig file");
      return {};
    }
    add("markers", Outcome::kSkipped,
        "raised while a model runs: the energy pass of `slmrig run` counts them");
    climb_meter();
    return {};
  }

  void climb_meter() {
    const std::string remedy =
        "look at its wires and its address in the rig file: slmrig power list, slmrig rig wiring " +
        bench_.name;
    const auto meter = deploy::open_bench_meter(bench_, bench_.meter, workshop_);
    if (!meter) {
      add("meter", Outcome::kFailed, meter.error().text(), remedy);
      return;
    }
    const auto checks = (*meter)->self_check();
    if (!checks) {
      add("meter", Outcome::kFailed, checks.error().text(), remedy);
      return;
    }
    std::string seen = fmt::format("{} {}", (*meter)->facts().kind, (*meter)->facts().model);
    bool good = true;
    for (const rig::MeterCheck& check : *checks) {
      good &= check.good;
      seen += fmt::format("; {}{}: {}", check.good ? "" : "BAD ", check.name, check.detail);
    }
    add("meter", good ? Outcome::kDone : Outcome::kFailed, seen, good ? "" : remedy);
  }

  bool climb_clock(rig::Agent& agent) {
    if (bench_.board.ticks.counts_instructions || bench_.board.tier != base::Tier::kHardware) {
      add("clock", Outcome::kSkipped, "it counts instructions, or times that mean nothing");
      return true;
    }
    base::SystemClock clock;
    const auto check = measure::check_clock(agent, bench_.board.ticks, clock);
    if (!check) {
      add("clock", Outcome::kFailed, check.error().text(), remedy_for_agent(bench_, check.error()));
      return false;
    }
    const bool good = check->doubt.empty();
    add("clock", good ? Outcome::kDone : Outcome::kFailed, check->text,
        good ? ""
             : fmt::format(
                   "clock_hz and ticks.rate_hz of {} must be what the chip runs at; look at its clock setup, "
                   "and that nothing stops the counter",
                   bench_.board.file));
    return good;
  }

  const base::Bench& bench_;
  const deploy::Workshop& workshop_;
  const std::function<void(const ClimbStep&)>& report_;
  std::vector<ClimbStep> steps_;
};

}  // namespace

std::vector<ClimbStep> climb_bench(const base::Bench& bench, const deploy::Workshop& workshop,
                                   const std::function<void(const ClimbStep&)>& report) {
  return Climb(bench, workshop, report).run();
}

}  // namespace slmrig::campaign
