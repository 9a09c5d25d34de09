#include "harness/campaign/bench_runner.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "harness/analyse/series.h"
#include "harness/campaign/board_condition.h"
#include "harness/campaign/host_facts.h"
#include "harness/campaign/schedule.h"
#include "harness/campaign/sentinels.h"
#include "harness/campaign/session_facts.h"
#include "harness/measure/clock_check.h"
#include "harness/plan/estimate.h"
#include "harness/store/queries.h"

namespace slmrig::campaign {
namespace {

constexpr std::string_view kBundledEngine = "slm";

using base::CellStatus;
using base::Done;
using base::Error;
using base::ErrorCode;
using base::Session;

// A board or a link may do better the next time; a wrong file or a model that does not fit will not.
bool is_worth_another_attempt(ErrorCode code) {
  switch (code) {
    case ErrorCode::kTimeout:
    case ErrorCode::kLinkLost:
    case ErrorCode::kDeviceFault:
    case ErrorCode::kCorrupt: return true;
    case ErrorCode::kBadInput:
    case ErrorCode::kUnsupported:
    case ErrorCode::kUnfit:
    case ErrorCode::kLocked:
    case ErrorCode::kWrongBoard:
    case ErrorCode::kIo: return false;
  }
  return false;
}

// By a debug probe or the like, which may leave the debug domain awake.
bool was_flashed(const base::Bench& bench) {
  const std::string& kind = base::flasher_kind(bench);
  return kind == "pyocd" || kind == "command";
}

}  // namespace

BenchRunner::BenchRunner(const base::Bench& bench, SharedRun& run) : bench_(bench), run_(run) {
  if (is_emulated(bench_)) place_.emplace(run_.emulators, work_left_ns(run_.expanded.sessions.front()));
}

void BenchRunner::run() {
  for (const Session& session : run_.expanded.sessions) {
    if (session.bench != bench_.name) continue;
    if (run_.stop()) break;
    if (const Done done = run_session(session); !done) {
      const std::lock_guard lock(run_.mutex);
      if (!run_.fatal) run_.fatal = done.error();
      run_.broken = true;
      break;
    }
  }
  meter_.reset();
  place_.reset();
  if (run_.release) run_.release(bench_.name);
  run_.observer.activity(bench_.name, run_.stop() ? "stopped" : "done");
}

int64_t BenchRunner::work_left_ns(const Session& from) const {
  int64_t left_ns = 0;
  bool has_begun = false;
  for (const Session& session : run_.expanded.sessions) {
    has_begun |= session.session_id == from.session_id;
    if (!has_begun || session.bench != bench_.name || session.status != CellStatus::kOk) continue;
    const auto& variant = run_.preparation.variants.at(variant_key(session));
    if (variant) left_ns += plan::expected_session_ns(bench_, *variant, run_.expanded.plan, session);
  }
  return left_ns;
}

Done BenchRunner::run_session(Session session) {
  const auto& variant = run_.preparation.variants.at(variant_key(session));
  if (!variant && session.status == CellStatus::kOk) {
    note_failure(session, variant.error());
    return record_unmeasured(session, CellStatus::kFailed, variant.error().text());
  }
  if (session.status != CellStatus::kOk) {
    if (session.reason != unmeasured_reason_) {
      run_.observer.notice(bench_.name, fmt::format("{} {} is {}: {}", session.model, session.variant,
                                                    base::to_string(session.status), session.reason));
    }
    unmeasured_reason_ = session.reason;
    return record_unmeasured(session, session.status, session.reason);
  }
  if (place_) place_->take(work_left_ns(session));
  if (run_.stop()) return {};
  const auto before = run_.request.attempts.find(session.session_id);
  const uint32_t earlier = before == run_.request.attempts.end() ? 0 : before->second;
  for (uint32_t number = 1; number <= session.attempts; ++number) {
    run_.observer.stage(bench_.name,
                        fmt::format("{} {}, {} cells{}", session.model, session.variant, session.cells.size(),
                                    number == 1 ? "" : fmt::format(", attempt {}", number)));
    std::optional<Error> broken;
    SLMRIG_TRY(attempt(session, *variant, earlier + number, broken));
    if (!broken || session.cells.empty() || run_.stop()) break;
    const bool again = number < session.attempts && is_worth_another_attempt(broken->code);
    run_.observer.notice(bench_.name, fmt::format("{} {}: {}{}", session.model, session.variant,
                                                  broken->text(), again ? "; trying again" : ""));
    if (again) continue;
    if (broken->code != ErrorCode::kUnfit && !is_brown_out(session, *broken)) note_failure(session, *broken);
    break;
  }
  return finish_session(session.session_id);
}

Done BenchRunner::record_unmeasured(const Session& session, CellStatus status, const std::string& reason) {
  const auto& variant = run_.preparation.variants.at(variant_key(session));
  base::VariantFacts facts;
  if (variant) facts = *variant;
  SLMRIG_TRY(run_.store.begin_session(start_of(session, facts, 1)));
  SLMRIG_TRY(end_cells(session, status, reason));
  return run_.store.end_session(session.session_id, clock_.utc_ns());
}

Done BenchRunner::attempt(Session& session, const base::VariantFacts& variant, uint32_t number,
                          std::optional<Error>& broken) {
  run_.observer.activity(bench_.name, fmt::format("deploying {} {}", session.model, session.variant));
  const auto progress = [&](uint64_t done, uint64_t total) {
    run_.observer.activity(bench_.name, fmt::format("uploading {} {}: {}%", session.model, session.variant,
                                                    total == 0 ? 100 : done * 100 / total));
  };
  is_at_session_supply_ = false;
  ready_meter();  // which may feed the board
  base::Bench bench = bench_;
  if (is_sentinel(session)) {
    const auto frozen = run_.preparation.frozen_agents.find(bench_.name);
    if (frozen != run_.preparation.frozen_agents.end()) bench.agent = frozen->second;
  }
  auto board = run_.deploy(bench, variant, progress);
  if (!board) {
    broken = board.error();
    SLMRIG_TRY(run_.store.begin_session(start_of(session, variant, number)));
    return end_broken(session, *broken);
  }
  return measure_on(**board, session, variant, number, broken);
}

Done BenchRunner::measure_on(rig::LiveBoard& board, Session& session, const base::VariantFacts& variant,
                             uint32_t number, std::optional<Error>& broken) {
  if (const std::string text = deployment_text(board.deployment()); !text.empty()) {
    run_.observer.stage(bench_.name, fmt::format("{} {}: {}", session.model, session.variant, text));
  }
  SLMRIG_TRY(check_clock(board, broken));
  if (meter_ && was_flashed(bench_) && meter_->feeds_the_board() && !broken) {
    run_.observer.activity(bench_.name, "taking the power away after flashing");
    if (const Done cycled = meter_->power_cycle(board, clock_); !cycled) broken = cycled.error();
  }
  // Not before: agent and image get onto the board at the supply that the rig file says.
  if (!broken) {
    if (const Done set = set_supply(session); !set) broken = set.error();
  }
  base::SessionStart start = start_of(session, variant, number);
  describe_board(board, start);
  if (clock_check_) start.provenance["clock.check"] = *clock_check_;
  BoardWatch watch(board.agent());
  if (const Done looked = watch.begin(); !looked && !broken) broken = looked.error();
  start.provenance.merge(condition_facts(watch.facts(), "before"));
  if (meter_) start.provenance.merge(base::Provenance(meter_->facts()));
  if (!meter_missing_.empty()) {
    start.provenance["meter.kind"] = bench_.meter.kind;
    start.provenance["energy.missing"] = meter_missing_;
  }
  if (session.supply_mv != 0) start.provenance["supply.mv"] = fmt::format("{}", session.supply_mv);
  SLMRIG_TRY(run_.store.begin_session(start));
  if (!broken) {
    // The host answers with the bundled runtime: what another engine says need not be the same.
    const bool comparable = board.banner().engine == kBundledEngine;
    const measure::References references = comparable ? references_of(session) : measure::References{};
    measure::SessionInputs inputs{.session = session,
                                  .plan = run_.expanded.plan,
                                  .references = references,
                                  .units = run_.units,
                                  .profile = run_.request.profile,
                                  .doubts = doubts_about(board),
                                  .host_waiting_ns = {},
                                  .board_doubt = {},
                                  .generation_timeouts_ms = timeouts_of(session, variant),
                                  .energy = nullptr};
    std::optional<measure::EnergyMeans> energy;
    if (meter_ && run_.expanded.plan.energy.prompts != 0)
      energy.emplace(meter_->means(run_.expanded.plan.energy, board.banner().has_markers, run_.store.path()));
    if (energy) inputs.energy = &*energy;
    if (shares_the_host(bench_)) inputs.host_waiting_ns = host_waiting_ns;
    if (watch.tells()) inputs.board_doubt = [&watch] { return watch.look(); };
    auto outcome = measure::measure_session(board, inputs, {run_.store, run_.observer, clock_, run_.stop});
    if (!outcome) return tl::unexpected(outcome.error());
    for (const Error& error : outcome->cell_errors) note_failure(session, error);
    std::erase_if(session.cells, [&](const base::Cell& cell) {
      const auto& ended = outcome->ended_cells;
      return std::find(ended.begin(), ended.end(), cell.cell_id) != ended.end();
    });
    broken = outcome->broken;
    base::Provenance at_end = reset_facts(board.deployment());
    if (!broken && watch.tells()) {
      watch.look();
      at_end.merge(condition_facts(watch.facts(), "after"));
    }
    SLMRIG_TRY(run_.store.add(base::SessionFacts{session.session_id, at_end}));
    const std::lock_guard lock(run_.mutex);
    run_.busy_ns[bench_.name] += outcome->busy_ns;
  }
  SLMRIG_TRY(run_.store.add(base::SessionLog{session.session_id, "transcript", board.transcript()}));
  if (const std::string log = board.process_log(); !log.empty()) {
    SLMRIG_TRY(run_.store.add(base::SessionLog{session.session_id, "process", log}));
  }
  if (broken) return end_broken(session, *broken);
  good_supply_mv_ = std::max(good_supply_mv_, session.supply_mv);
  return {};
}

Done BenchRunner::set_supply(const Session& session) {
  if (meter_) {
    SLMRIG_TRY(meter_->set_supply(session.supply_mv));
    is_at_session_supply_ = true;
    return {};
  }
  if (session.supply_mv == 0) return {};
  return base::fail(ErrorCode::kUnsupported,
                    fmt::format("{} mV are asked for, and the meter that would feed the board is not there",
                                session.supply_mv));
}

bool BenchRunner::is_brown_out(const Session& session, const Error& error) const {
  if (!is_at_session_supply_ || session.supply_mv == 0 || session.supply_mv >= good_supply_mv_) return false;
  return error.code == ErrorCode::kTimeout || error.code == ErrorCode::kLinkLost ||
         error.code == ErrorCode::kDeviceFault;
}

Done BenchRunner::end_broken(const Session& session, const Error& error) {
  if (is_brown_out(session, error)) {
    return end_cells(session, CellStatus::kUnfit,
                     fmt::format("brown_out at {} mV, where {} mV went well: {}", session.supply_mv,
                                 good_supply_mv_, error.text()));
  }
  return end_cells(session, error.code == ErrorCode::kUnfit ? CellStatus::kUnfit : CellStatus::kFailed,
                   error.text());
}

BenchMeter* BenchRunner::ready_meter() {
  const base::Plan& plan = run_.expanded.plan;
  const bool wanted = plan.energy.prompts != 0 || !plan.supply_mv.empty();
  if (bench_.meter.kind.empty() || !wanted || !run_.open_meter) return nullptr;
  const auto missing = [this](const Error& why) -> BenchMeter* {
    if (meter_missing_ != why.text())
      run_.observer.notice(bench_.name, "no energy is measured: " + why.text());
    meter_missing_ = why.text();
    return nullptr;
  };
  if (!meter_) {
    run_.observer.activity(bench_.name, fmt::format("opening the meter {}", bench_.meter.kind));
    auto opened = BenchMeter::open(bench_.meter, bench_.board, [&](const base::MeterSpec& spec) {
      return run_.open_meter(bench_, spec);
    });
    if (!opened) return missing(opened.error());
    meter_ = std::move(*opened);
  } else if (const Done back = meter_->ensure(); !back) {
    return missing(back.error());
  }
  meter_missing_.clear();
  // As the rig file says, until the board is deployed to.
  if (const Done set = meter_->set_supply(0); !set) run_.observer.notice(bench_.name, set.error().text());
  meter_->check();
  for (const std::string& doubt : meter_->doubts()) run_.observer.notice(bench_.name, doubt);
  return meter_.get();
}

measure::References BenchRunner::references_of(const Session& session) const {
  measure::References references;
  for (const base::Cell& cell : session.cells) {
    const auto known = run_.preparation.references.find(reference_key(session, cell));
    if (known != run_.preparation.references.end()) references[cell.cell_id] = known->second;
  }
  return references;
}

// What a board is expected to need is a rough model, and hosts are busy: only one that hangs should be given
// up.
std::map<std::string, int64_t> BenchRunner::timeouts_of(const Session& session,
                                                        const base::VariantFacts& variant) const {
  constexpr int64_t kPatience = 20;
  std::map<std::string, int64_t> timeouts_ms;
  for (const base::Cell& cell : session.cells) {
    const base::Suite& suite = base::suite_of(run_.expanded.plan, cell);
    const int64_t expected_ns = plan::expected_generation_ns(bench_.board, variant, suite, cell.settings);
    const int64_t ample_ms = std::max(measure::kGenerationTimeoutMs, kPatience * expected_ns / 1'000'000);
    const int64_t planned_ms = int64_t{cell.settings.generation_timeout_s} * 1000;
    timeouts_ms[cell.cell_id] = planned_ms != 0 ? planned_ms : ample_ms;
  }
  return timeouts_ms;
}

// Once for each bench and run: it costs two idle seconds, and a clock does not change its mind between two
// sessions.
Done BenchRunner::check_clock(rig::LiveBoard& board, std::optional<Error>& broken) {
  if (clock_check_ || bench_.board.ticks.counts_instructions || bench_.board.tier != base::Tier::kHardware)
    return {};
  run_.observer.activity(bench_.name, "comparing the board's clock with the host's");
  const auto check = measure::check_clock(board.agent(), bench_.board.ticks, clock_);
  if (!check) {
    broken = base::within("clock check", check.error());
    return {};
  }
  clock_check_ = check->text;
  clock_doubt_ = check->doubt;
  if (!clock_doubt_.empty()) run_.observer.notice(bench_.name, clock_doubt_);
  return {};
}

std::vector<std::string> BenchRunner::doubts_about(const rig::LiveBoard& board) const {
  std::vector<std::string> doubts;
  if (!clock_doubt_.empty()) doubts.push_back(clock_doubt_);
  if (!board.banner().reset_reason.empty()) {
    doubts.push_back("the board had restarted by itself: " + board.banner().reset_reason);
  }
  return doubts;
}

Done BenchRunner::end_cells(const Session& session, CellStatus status, const std::string& reason) {
  for (const base::Cell& cell : session.cells) {
    base::CellEnd end;
    end.cell_id = cell.cell_id;
    end.status = status;
    end.reason = reason;
    end.ended_at_ns = clock_.utc_ns();
    SLMRIG_TRY(run_.store.end_cell(end));
  }
  return {};
}

Done BenchRunner::finish_session(const std::string& session_id) {
  SLMRIG_TRY(run_.store.end_session(session_id, clock_.utc_ns()));
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(run_.store.path()));
  SLMRIG_ASSIGN(const store::SessionData data, reader.session_data(session_id));
  return run_.store.put_series_values(session_id, analyse::series_values(data));
}

base::SessionStart BenchRunner::start_of(const Session& session, const base::VariantFacts& variant,
                                         uint32_t number) const {
  base::SessionStart start;
  start.run_id = run_.run_id;
  start.session = session;
  start.tier = bench_.board.tier;
  start.ticks = bench_.board.ticks;
  start.tick_source = bench_.board.tick_source;
  start.unit_id = bench_.unit_id;
  start.engine = run_.expanded.plan.engine;
  start.variant = variant;
  start.started_at_ns = clock_.utc_ns();
  start.attempt = number;
  start.provenance = variant_facts(bench_, variant);
  if (const auto version = run_.tool_versions.find(bench_.board.emulator.program);
      version != run_.tool_versions.end()) {
    start.provenance["emulator.version"] = version->second;
  }
  return start;
}

void BenchRunner::note_failure(const Session& session, const Error& error) {
  const std::lock_guard lock(run_.mutex);
  run_.failures.push_back(
      {bench_.name, base::within(fmt::format("{} {}", session.model, session.variant), error)});
}

}  // namespace slmrig::campaign
