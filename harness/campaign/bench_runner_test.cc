#include "harness/campaign/bench_runner.h"

#include <catch2/catch.hpp>

#include "harness/base/file.h"
#include "harness/measure/scripted_board.h"
#include "harness/measure/scripted_meter.h"
#include "harness/store/queries.h"

namespace slmrig::campaign {
namespace {

using base::CellStatus;
using base::ErrorCode;
using Catch::Matchers::Contains;
using measure::ScriptedBoard;

// A bench with one session of two cells, a store of its own, and boards that a test scripts one after the
// other.
struct Bed {
  Bed() : folder(base::TemporaryDirectory::create("campaign").value()) {
    base::Suite suite;
    suite.prompts = {{"p", "text", {}}};
    for (const char* name : {"a", "b"}) {
      suite.name = name;
      expanded.plan.suites.push_back({name, suite});
    }
    bench.name = "bench";
    bench.board.name = "board";
    bench.board.tier = base::Tier::kEmulated;
    bench.board.ticks = {true, 1, 1};
    base::Session session;
    session.session_id = "session";
    session.bench = "bench";
    session.board = "board";
    session.model = "m";
    session.variant = "int8";
    session.cold_starts = 0;
    session.warmup_generations = 0;
    for (const char* name : {"a", "b"}) {
      base::Cell cell;
      cell.cell_id = std::string("cell-") + name;
      cell.suite = name;
      session.cells.push_back(cell);
    }
    expanded.sessions = {session};
    preparation.variants.emplace(variant_key(session), base::VariantFacts{});
  }

  // Runs with these scripts, one for each deployment; a null one fails to deploy.
  void run(std::vector<std::function<void(ScriptedBoard&)>> scripts) {
    auto store = store::open_store((folder.path() / "db").string()).value();
    REQUIRE(store->begin_run({.run_id = "run",
                              .label = {},
                              .build = {},
                              .plan_name = "p",
                              .plan_text = "{}",
                              .rig_name = "r",
                              .started_at_ns = 1,
                              .provenance = {}}));
    const auto deploy = [&](const base::Bench&, const base::VariantFacts&,
                            const rig::UploadProgress&) -> base::Result<std::unique_ptr<rig::LiveBoard>> {
      REQUIRE(deployments < scripts.size());
      const auto& script = scripts[deployments++];
      if (!script) return base::fail(ErrorCode::kTimeout, "the agent is silent");
      auto board = std::make_unique<ScriptedBoard>();
      script(*board);
      return board;
    };
    const CampaignRequest request;
    base::SilentObserver observer;
    const std::string run_id = "run";
    std::atomic<bool> broken = false;
    EmulatorPlaces emulators(1);
    SharedRun shared{.request = request,
                     .expanded = expanded,
                     .preparation = preparation,
                     .units = units,
                     .run_id = run_id,
                     .store = *store,
                     .observer = observer,
                     .deploy = deploy,
                     .open_meter = open_meter,
                     .release = {},
                     .stop = [&] { return stop; },
                     .broken = broken,
                     .emulators = emulators,
                     .tool_versions = {},
                     .mutex = {},
                     .failures = {},
                     .fatal = {},
                     .busy_ns = {}};
    BenchRunner(bench, shared).run();
    failures = shared.failures;
    fatal = shared.fatal;
    REQUIRE(store->commit());
    rows = store::open_reader(store->path()).value().run_data("run").value();
  }

  const store::CellData& cell(std::size_t index) { return rows.sessions.at(0).cells.at(index); }

  base::TemporaryDirectory folder;
  base::ExpandedPlan expanded;
  base::Bench bench;
  Preparation preparation;
  measure::WorkUnits units;
  std::function<base::Result<std::unique_ptr<rig::Meter>>(const base::Bench&, const base::MeterSpec&)>
      open_meter;
  bool stop = false;
  std::size_t deployments = 0;
  std::vector<Failure> failures;
  std::optional<base::Error> fatal;
  store::RunData rows;
};

void well(ScriptedBoard&) {}

TEST_CASE("A session that goes well is deployed once and stores its cells, memory and transcript") {
  Bed bed;
  bed.run({well});
  CHECK(bed.deployments == 1);
  CHECK(bed.failures.empty());
  REQUIRE(bed.rows.sessions.size() == 1);
  CHECK(bed.rows.sessions[0].session.unit_id == "unit-1");
  CHECK(bed.rows.sessions[0].session.ended_at_ns.has_value());
  CHECK(bed.rows.sessions[0].memory.size() == 2);
  CHECK(bed.cell(0).cell.status == CellStatus::kOk);
  CHECK(bed.cell(1).generations.size() == 1);
}

TEST_CASE(
    "The board's condition is kept from before and after, and a cell in which it was throttled is doubted") {
  Bed bed;
  int looks = 0;
  bed.run({[&](ScriptedBoard& board) {
    board.on_board_facts = [&] {
      ++looks;  // the first, one after each cell, and the last
      return rig::BoardFacts{{"throttle.core_count", looks < 3 ? "5" : "6"}};
    };
  }});
  CHECK(looks == 4);
  const base::Provenance& provenance = bed.rows.sessions.at(0).provenance;
  CHECK(provenance.at("board.before.throttle.core_count") == "5");
  CHECK(provenance.at("board.after.throttle.core_count") == "6");
  CHECK(bed.cell(0).cell.doubts.empty());
  REQUIRE(bed.cell(1).cell.doubts.size() == 1);
  CHECK_THAT(bed.cell(1).cell.doubts[0], Contains("throttle.core_count 5 before, 6 after"));
}

TEST_CASE("Resets that were forced while a session went on are in its provenance, also when it breaks") {
  Bed bed;
  const bool breaks = GENERATE(false, true);
  bed.expanded.sessions[0].attempts = 1;
  int runs = 0;
  bed.run({[&](ScriptedBoard& board) {
    board.deployment_for_test().forced_resets["power_switch"] = 1;
    board.on_run = [&](const rig::RunRequest&) -> base::Result<rig::RunReply> {
      if (breaks && ++runs == 2) return base::fail(ErrorCode::kLinkLost, "the cable is out");
      board.deployment_for_test().forced_resets["power_switch"] = 3;
      return ScriptedBoard::good_reply();
    };
  }});
  const base::Provenance& provenance = bed.rows.sessions.at(0).provenance;
  CHECK(provenance.at("deploy.resets_by.power_switch") == "3");
  CHECK(bed.cell(1).cell.status == (breaks ? CellStatus::kFailed : CellStatus::kOk));
}

TEST_CASE("A board that breaks is deployed anew, and only what it had not finished is measured again") {
  Bed bed;
  std::size_t second_runs = 0;
  int first_runs = 0;
  bed.run({[&](ScriptedBoard& board) {
             board.on_run = [&](const rig::RunRequest&) -> base::Result<rig::RunReply> {
               if (++first_runs == 2) return base::fail(ErrorCode::kLinkLost, "the cable is out");
               return ScriptedBoard::good_reply();
             };
           },
           [&](ScriptedBoard& board) {
             board.on_run = [&](const rig::RunRequest&) -> base::Result<rig::RunReply> {
               ++second_runs;
               return ScriptedBoard::good_reply();
             };
           }});
  CHECK(bed.deployments == 2);
  CHECK(second_runs == 1);
  CHECK(bed.failures.empty());
  CHECK(bed.cell(0).cell.status == CellStatus::kOk);
  CHECK(bed.cell(1).cell.status == CellStatus::kOk);
  const store::SessionRow& session = bed.rows.sessions[0].session;
  CHECK(session.attempt == 2);
  REQUIRE(session.retry_reasons.size() == 1);
  CHECK_THAT(session.retry_reasons[0], Contains("the cable is out"));
}

TEST_CASE("A board that never answers fails its cells after the last attempt, with the reason") {
  Bed bed;
  bed.run({nullptr, nullptr});
  CHECK(bed.deployments == 2);
  REQUIRE(bed.failures.size() == 1);
  CHECK(bed.failures[0].error.code == ErrorCode::kTimeout);
  CHECK(bed.cell(0).cell.status == CellStatus::kFailed);
  CHECK_THAT(bed.cell(1).cell.reason, Contains("the agent is silent"));
}

TEST_CASE("A variant that does not fit is a row with its reason, deploys nothing and is no failure") {
  Bed bed;
  bed.expanded.sessions[0].status = CellStatus::kUnfit;
  bed.expanded.sessions[0].reason = "needs 2 bytes, board has 1";
  bed.run({});
  CHECK(bed.failures.empty());
  CHECK(bed.cell(0).cell.status == CellStatus::kUnfit);
  CHECK(bed.cell(0).cell.reason == "needs 2 bytes, board has 1");
}

TEST_CASE(
    "A board that says itself that the model does not fit makes its cells unfit, without another attempt") {
  Bed bed;
  bed.run({[](ScriptedBoard& board) {
    board.on_load = []() -> base::Result<rig::LoadReport> {
      return base::fail(ErrorCode::kUnfit, "arena_too_small: needs 9 bytes, board has 4");
    };
  }});
  CHECK(bed.deployments == 1);
  CHECK(bed.failures.empty());
  CHECK(bed.cell(0).cell.status == CellStatus::kUnfit);
}

TEST_CASE("A model that cannot be prepared fails its cells and reaches no board") {
  Bed bed;
  bed.preparation.variants.clear();
  bed.preparation.variants.emplace(variant_key(bed.expanded.sessions[0]),
                                   base::fail(ErrorCode::kBadInput, "x.gguf: truncated at byte 12"));
  bed.run({});
  REQUIRE(bed.failures.size() == 1);
  CHECK(bed.failures[0].error.code == ErrorCode::kBadInput);
  CHECK_THAT(bed.cell(0).cell.reason, Contains("truncated at byte 12"));
}

TEST_CASE("A recipe that cannot apply is a row with its reason, deploys nothing and is no failure") {
  Bed bed;
  bed.expanded.sessions[0].status = CellStatus::kNotApplicable;
  bed.expanded.sessions[0].reason = "rows of 64 do not hold a block of 256";
  bed.preparation.variants.clear();
  bed.preparation.variants.emplace(
      variant_key(bed.expanded.sessions[0]),
      base::fail(ErrorCode::kUnsupported, "rows of 64 do not hold a block of 256"));
  bed.run({});
  CHECK(bed.failures.empty());
  CHECK(bed.rows.run.cells_not_applicable == 2);
  CHECK(bed.cell(0).cell.status == CellStatus::kNotApplicable);
  CHECK(bed.cell(1).cell.reason == "rows of 64 do not hold a block of 256");
}

TEST_CASE("A generation may take what the plan says, and otherwise ample time for the board") {
  Bed bed;
  bed.expanded.sessions[0].cells[0].settings.generation_timeout_s = 7;
  std::map<std::string, int64_t> limits_ms;
  bed.run({[&](ScriptedBoard& board) {
    board.on_run = [&](const rig::RunRequest& request) -> base::Result<rig::RunReply> {
      limits_ms[limits_ms.empty() ? "a" : "b"] = request.timeout_ms;
      return ScriptedBoard::good_reply();
    };
  }});
  CHECK(limits_ms["a"] == 7000);
  CHECK(limits_ms["b"] >= measure::kGenerationTimeoutMs);
}

TEST_CASE("After a stop no session begins, and nothing is written about it") {
  Bed bed;
  bed.stop = true;
  bed.run({});
  CHECK(bed.rows.sessions.empty());
  CHECK_FALSE(bed.fatal);
}

TEST_CASE(
    "A clock that lies is found on the first session of a board whose ticks are time, and doubted in its "
    "cells") {
  Bed bed;
  bed.bench.board.tier = base::Tier::kHardware;
  bed.bench.board.ticks = {false, 1, 1};
  bed.run({[](ScriptedBoard& board) {
    board.on_clock = []() -> base::Result<rig::ClockReading> {
      const int64_t now_ns = base::monotonic_now_ns();
      return rig::ClockReading{static_cast<uint64_t>(now_ns / 2), now_ns, now_ns};
    };
  }});
  REQUIRE(bed.cell(0).cell.doubts.size() == 1);
  CHECK_THAT(bed.cell(0).cell.doubts[0], Contains("more than 0.5 %"));
  CHECK_THAT(bed.rows.sessions[0].provenance.at("clock.check"), Contains("differ by -50"));
}

// A bed whose meter feeds the board, with one session at each of these supplies.
struct SweepBed : Bed {
  explicit SweepBed(const std::vector<int>& supplies) {
    bench.meter.kind = "scripted";
    bench.meter.mode = "source";
    bench.meter.modelled_clock = true;
    bench.board.power_model.cycles_per_instruction = 1;
    bench.board.voltages = {1800, 3600, 3300};
    expanded.plan.energy.prompts = 0;
    expanded.plan.supply_mv = supplies;
    const base::Session first = expanded.sessions[0];
    expanded.sessions.clear();
    for (const int mv : supplies) {
      base::Session session = first;
      session.session_id += std::to_string(mv);
      session.ordinal = static_cast<uint32_t>(expanded.sessions.size());
      session.supply_mv = mv;
      session.attempts = 1;
      for (base::Cell& cell : session.cells) cell.cell_id += std::to_string(mv);
      expanded.sessions.push_back(std::move(session));
    }
    open_meter = [this](const base::Bench&,
                        const base::MeterSpec&) -> base::Result<std::unique_ptr<rig::Meter>> {
      auto meter = std::make_unique<measure::ScriptedMeter>();
      meter->facts_for_test().sources = true;
      meter->outliving_events = &events;
      return meter;
    };
  }

  std::vector<std::string> events;
};

void silent(ScriptedBoard& board) {
  board.on_run = [](const rig::RunRequest&) -> base::Result<rig::RunReply> {
    return base::fail(ErrorCode::kTimeout, "the agent is silent");
  };
}

TEST_CASE("A board that falls silent at a lowered supply is a brown-out: a result, not a failure") {
  SweepBed bed({3300, 1800});
  bed.run({well, silent});
  CHECK(bed.failures.empty());
  REQUIRE(bed.rows.sessions.size() == 2);
  CHECK(bed.rows.sessions[0].cells[0].cell.status == CellStatus::kOk);
  CHECK(bed.rows.sessions[1].provenance.at("supply.mv") == "1800");
  for (const store::CellData& cell : bed.rows.sessions[1].cells) {
    CHECK(cell.cell.status == CellStatus::kUnfit);
    CHECK_THAT(cell.cell.reason, Catch::StartsWith("brown_out at 1800 mV, where 3300 mV went well") &&
                                     Contains("the agent is silent"));
  }
  // Lowered after the board was deployed to, and put back at the end.
  CHECK(bed.events == std::vector<std::string>{"voltage 3300", "power on", "voltage 1800", "voltage 3300",
                                               "power on", "close"});
}

TEST_CASE("Silence is a failure where no higher supply went well, or while the board is deployed to") {
  SweepBed bed({3300, 1800});
  const bool is_deployment = GENERATE(false, true);
  if (is_deployment) {
    bed.run({well, nullptr});
  } else {
    bed.run({silent, silent});
  }
  CHECK(bed.failures.size() == (is_deployment ? 1 : 2));
  CHECK(bed.rows.sessions[1].cells[0].cell.status == CellStatus::kFailed);
}

TEST_CASE("A sweep without its meter measures nothing at a supply that it only believes in") {
  SweepBed bed({2000});
  bed.open_meter = [](const base::Bench&,
                      const base::MeterSpec&) -> base::Result<std::unique_ptr<rig::Meter>> {
    return base::fail(ErrorCode::kLinkLost, "the meter was unplugged");
  };
  bed.run({well});
  CHECK(bed.failures.size() == 1);
  CHECK(bed.rows.sessions[0].cells[0].cell.status == CellStatus::kFailed);
  CHECK_THAT(bed.rows.sessions[0].cells[0].cell.reason, Contains("2000 mV are asked for"));
}

}  // namespace
}  // namespace slmrig::campaign
