#include "harness/measure/session.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "harness/measure/cell.h"
#include "harness/measure/cold_start_pass.h"
#include "harness/measure/energy_pass.h"
#include "harness/measure/profile_pass.h"

namespace slmrig::measure {
namespace {

using base::Done;
using base::Error;
using base::ErrorCode;
using base::Result;

// The prompt of cold starts and warm-up: the first one of the plan's first suite that the session has. Cells
// are shuffled; a cold start is to mean the same in each session.
const base::Prompt& first_prompt(const base::Plan& plan) { return plan.suites.front().suite.prompts.front(); }

class SessionRun {
 public:
  SessionRun(rig::LiveBoard& board, const SessionInputs& inputs, const SessionContext& context)
      : board_(board), inputs_(inputs), context_(context) {}

  Result<SessionOutcome> run() {
    SLMRIG_TRY(steps());
    return std::move(outcome_);
  }

 private:
  bool goes_on() {
    if (context_.stop()) outcome_.stopped = true;
    return !outcome_.stopped && !outcome_.broken;
  }

  Done steps() {
    const base::Session& session = inputs_.session;
    for (uint32_t repeat = 0; repeat < session.cold_starts && goes_on(); ++repeat) {
      SLMRIG_TRY(cold_start(repeat));
    }
    if (!goes_on()) return {};
    if (session.cold_starts == 0) {
      load();
    } else {
      check_hash();
    }
    for (uint32_t i = 0; i < session.warmup_generations && goes_on(); ++i) warm_up();
    for (const base::Cell& cell : session.cells) {
      if (!goes_on()) break;
      SLMRIG_TRY(measure(cell));
    }
    // Also after a stop: the cells that ended are complete, and this belongs to them.
    if (outcome_.broken || outcome_.ended_cells.empty()) return {};
    SLMRIG_TRY(record_memory());
    if (inputs_.profile) SLMRIG_TRY(profile_cells());
    return inputs_.energy != nullptr ? measure_energies() : Done{};
  }

  Done measure_energies() {
    for (const base::Cell& cell : inputs_.session.cells) {
      if (!measured_cells_.contains(cell.cell_id)) continue;
      if (!goes_on()) break;
      SLMRIG_ASSIGN(const EnergyOutcome outcome,
                    measure_energy(board_, inputs_, context_, cell, *inputs_.energy));
      outcome_.busy_ns += outcome.busy_ns;
      if (!outcome.go_on) return {};
    }
    if (!goes_on()) return {};
    SLMRIG_ASSIGN(const EnergyOutcome outcome,
                  measure_cold_start_energy(board_, inputs_, context_, *inputs_.energy));
    outcome_.busy_ns += outcome.busy_ns;
    advance(inputs_.units.cold_start_energy);
    return {};
  }

  Done profile_cells() {
    bool profiled = false;
    for (const base::Cell& cell : inputs_.session.cells) {
      const auto measured = measured_cells_.find(cell.cell_id);
      if (measured == measured_cells_.end()) continue;
      if (!goes_on()) break;
      SLMRIG_ASSIGN(const ProfileOutcome outcome,
                    profile_cell(board_, inputs_, context_, cell, measured->second));
      outcome_.busy_ns += outcome.busy_ns;
      if (!outcome.go_on) return {};
      profiled = true;
    }
    return profiled && goes_on() ? record_roofline(board_, inputs_, context_) : Done{};
  }

  void activity(const std::string& text) {
    context_.observer.activity(inputs_.session.bench, fmt::format("{} {}: {}", inputs_.session.model,
                                                                  inputs_.session.variant, text));
  }

  // By what the session counts for.
  void advance(const std::map<std::string, uint64_t>& units) {
    if (const auto own = units.find(inputs_.session.session_id); own != units.end())
      context_.observer.advance(inputs_.session.bench, own->second);
  }

  void break_off(std::string_view place, Error error) {
    outcome_.broken = base::within(place, std::move(error));
  }

  // Of cold starts and warm-up. Its suite may be none of this session's cells: as patient as the most patient
  // of them.
  rig::RunRequest first_request() const {
    rig::RunRequest request;
    request.prompt = first_prompt(inputs_.plan).text;
    for (const auto& [cell, timeout_ms] : inputs_.generation_timeouts_ms) {
      request.timeout_ms = std::max(request.timeout_ms, timeout_ms);
    }
    return request;
  }

  std::optional<rig::LoadReport> load() {
    Result<rig::LoadReport> report = board_.agent().load(board_.slot(), load_request(inputs_.session));
    if (report) return *report;
    break_off("loading the model", report.error());
    return std::nullopt;
  }

  Done cold_start(uint32_t repeat) {
    activity(fmt::format("cold start {}/{}", repeat + 1, inputs_.session.cold_starts));
    const int64_t began_ns = context_.clock.monotonic_ns();
    const Result<rig::Banner> banner = board_.reset();
    if (!banner) {
      break_off("resetting the board", banner.error());
      return {};
    }
    const std::optional<rig::LoadReport> loaded = load();
    if (!loaded) return {};
    rig::RunRequest request = first_request();
    request.max_new_tokens = 1;
    const Result<rig::RunReply> reply = board_.agent().run(request);
    if (!reply) {
      break_off("the first generation after a reset", reply.error());
      return {};
    }
    outcome_.busy_ns += context_.clock.monotonic_ns() - began_ns;
    advance(inputs_.units.cold_start);
    base::ColdStart record;
    record.session_id = inputs_.session.session_id;
    record.repeat = repeat;
    record.origin = banner->origin;
    record.boot_ticks = banner->boot_ticks;
    record.load_ticks = loaded->load_ticks;
    record.first_prefill_ticks = reply->encode_ticks + reply->prefill_ticks;
    record.first_token_ticks = reply->first_sample_ticks;
    return context_.sink.add(record);
  }

  // A reset may have met another image than the one that was deployed: a swapped board, a flash that forgets.
  void check_hash() {
    activity("checking the image");
    const Result<rig::SlotState> slot = board_.agent().query_slot(board_.slot(), true);
    if (!slot) return break_off("hash check", slot.error());
    if (slot->sha256 == board_.image_sha256()) return;
    break_off(
        "hash check",
        {ErrorCode::kCorrupt,
         fmt::format("after a reset slot {} holds {}, but {} was deployed; check the board's flash and power",
                     board_.slot(), slot->sha256.empty() ? "nothing" : slot->sha256, board_.image_sha256()),
         {}});
  }

  void warm_up() {
    activity("warm-up");
    const Result<rig::RunReply> reply = board_.agent().run(first_request());
    if (!reply) break_off("warm-up", reply.error());
  }

  Done measure(const base::Cell& cell) {
    CellRun run(board_, inputs_, context_, cell);
    SLMRIG_ASSIGN(CellOutcome outcome, run.run());
    outcome_.busy_ns += outcome.busy_ns;
    if (outcome.stopped) outcome_.stopped = true;
    if (outcome.ended) outcome_.ended_cells.push_back(cell.cell_id);
    if (outcome.failure) {
      const std::string place =
          fmt::format("{} {} {}", inputs_.session.model, inputs_.session.variant, cell.suite);
      outcome_.cell_errors.push_back(base::within(place, *outcome.failure));
    } else if (outcome.ended) {
      measured_cells_[cell.cell_id] = outcome.plain;
    }
    outcome_.broken = std::move(outcome.broken);
    return {};
  }

  Done record_memory() {
    const Result<std::vector<rig::MemoryBytes>> classes = board_.agent().memory();
    if (!classes) {
      // All cells have ended: what is missing is the memory report alone, and not worth another attempt.
      context_.observer.notice(inputs_.session.bench, "no memory report: " + classes.error().text());
      return {};
    }
    const rig::AgentFacts& facts = board_.agent_facts();
    std::vector<rig::MemoryBytes> all = *classes;
    if (facts.text_bytes != 0) {
      all.push_back({"text", facts.text_bytes});
      all.push_back({"data", facts.data_bytes});
      all.push_back({"bss", facts.bss_bytes});
    }
    for (const rig::MemoryBytes& entry : all) {
      SLMRIG_TRY(context_.sink.add(base::MemoryClass{inputs_.session.session_id, entry.name, entry.bytes}));
    }
    return {};
  }

  rig::LiveBoard& board_;
  const SessionInputs& inputs_;
  const SessionContext& context_;
  SessionOutcome outcome_;
  std::map<std::string, PlainTicks> measured_cells_;  // by id; those that ended ok
};

}  // namespace

Result<SessionOutcome> measure_session(rig::LiveBoard& board, const SessionInputs& inputs,
                                       const SessionContext& context) {
  SLMRIG_CHECK(!inputs.session.cells.empty());
  return SessionRun(board, inputs, context).run();
}

}  // namespace slmrig::measure
