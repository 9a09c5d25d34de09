#include "harness/measure/session.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "harness/measure/scripted_board.h"

namespace slmrig::measure {
namespace {

using base::CellStatus;
using base::ErrorCode;
using Catch::Matchers::Contains;

// A plan of one suite with three prompts, a session of one cell, and everything around it.
struct Bed {
  Bed() {
    base::Suite suite;
    suite.name = "s";
    suite.generation.max_new_tokens = 8;
    const nlohmann::json equals_ok = {{"kind", "equals"}, {"text", "ok"}};
    for (const char* id : {"a", "b", "c"}) {
      suite.prompts.push_back({id, std::string("text-") + id, {base::parse_check(equals_ok).value()}});
    }
    plan.suites = {{"s", suite}};
    session.session_id = "session";
    session.bench = "scripted";
    session.model = "m";
    session.variant = "int8";
    session.warmup_generations = 0;
    base::Cell cell;
    cell.cell_id = "cell";
    cell.suite = "s";
    cell.settings.context_tokens = 64;
    session.cells = {cell};
  }

  base::Result<SessionOutcome> measure() {
    return measure_session(
        board, {session, plan, references, units, profile, doubts, host_waiting_ns, {}, timeouts_ms},
        {sink, observer, clock, [&] { return stop; }});
  }

  base::Plan plan;
  base::Session session;
  References references;
  WorkUnits units;
  bool profile = false;
  std::vector<std::string> doubts;
  std::function<std::optional<int64_t>()> host_waiting_ns;
  std::map<std::string, int64_t> timeouts_ms;
  ScriptedBoard board;
  MemorySink sink;
  base::SilentObserver observer;
  base::ManualClock clock;
  bool stop = false;
};

TEST_CASE(
    "A session resets, loads, generates once, checks the hash, warms up, measures and asks for memory") {
  Bed bed;
  bed.session.cold_starts = 2;
  bed.session.warmup_generations = 1;
  bed.session.cells[0].settings.prompts = 1;
  const auto outcome = bed.measure();
  REQUIRE(outcome);
  CHECK_FALSE(outcome->broken);
  CHECK(bed.board.events == std::vector<std::string>{"reset", "load 64", "run text-a 1", "reset", "load 64",
                                                     "run text-a 1", "hash", "run text-a 32", "run text-a 8",
                                                     "memory"});
  REQUIRE(bed.sink.cold_starts.size() == 2);
  CHECK(bed.sink.cold_starts[1].repeat == 1);
  CHECK(bed.sink.cold_starts[1].origin == "reset");
  CHECK(bed.sink.cold_starts[1].boot_ticks == 100);
  CHECK(bed.sink.cold_starts[1].load_ticks == 50);
  CHECK(bed.sink.cold_starts[1].first_prefill_ticks == 21);
  CHECK(bed.sink.cold_starts[1].first_token_ticks == 4);
}

TEST_CASE("Each prompt of a cell becomes a generation with its raw ticks, judged and compared") {
  Bed bed;
  bed.session.cold_starts = 0;
  // The hash of the ids {7, 2} as little-endian int32; that of prompt b is another, that of c is not known.
  const std::string hash = "28bade6573ebdf9afa6b1c4fd22315b11a0fb31c604729dc77eb43135544a530";
  bed.references["cell"] = {{"a", hash}, {"b", "other"}};
  bed.board.on_run = [&](const rig::RunRequest& request) -> base::Result<rig::RunReply> {
    rig::RunReply reply = ScriptedBoard::good_reply();
    if (request.prompt == "text-b") reply.output = "wrong\xFF";
    return reply;
  };
  const auto outcome = bed.measure();
  REQUIRE(outcome);
  CHECK(outcome->ended_cells == std::vector<std::string>{"cell"});
  CHECK(outcome->busy_ns == 3000);
  REQUIRE(bed.sink.generations.size() == 3);
  const base::Generation& first = bed.sink.generations[0];
  CHECK(first.prompt_id == "a");
  CHECK(first.token_ticks == std::vector<uint64_t>{25, 6});
  CHECK(first.token_ids == std::vector<int32_t>{7, 2});
  CHECK(first.matches_reference == true);
  CHECK(first.correct == true);
  CHECK(first.output_text == "ok");
  CHECK(first.prompt_text == "text-a");
  CHECK(bed.sink.generations[1].correct == false);
  CHECK(bed.sink.generations[1].failed_checks == std::vector<std::string>{"equals"});
  CHECK(bed.sink.generations[1].output_text == "wrong\xEF\xBF\xBD");
  CHECK(bed.sink.generations[1].matches_reference == false);
  CHECK_FALSE(bed.sink.generations[2].matches_reference.has_value());
  REQUIRE(bed.sink.cells.size() == 1);
  CHECK(bed.sink.cells[0].status == CellStatus::kOk);
  CHECK(bed.sink.cells[0].busy_ns == 3000);
  CHECK(bed.sink.memory.size() == 2);
}

TEST_CASE(
    "A suite's budget reaches the board in its own ticks, and the record says what was answered instead") {
  for (const bool emulated : {false, true}) {
    Bed bed;
    bed.session.cold_starts = 0;
    bed.profile = true;
    bed.plan.suites[0].suite.fallback = base::SuiteFallback{2, 500, base::AnswerForm::kSentence, "Again."};
    bed.board.bench_for_test().board.ticks = {emulated, 5, 16};
    bed.references["cell"] = {{"a", "not what was stopped"}};
    bed.board.on_run = [&](const rig::RunRequest& request) -> base::Result<rig::RunReply> {
      rig::RunReply reply = ScriptedBoard::good_reply();
      CHECK(request.fallback == "Again.");
      CHECK(request.form == base::AnswerForm::kSentence);
      CHECK(request.budget_ticks == (request.profile ? 0U : emulated ? 1600U : 6'400'000U));
      reply.fallback = base::FallbackReason::kBudget;
      reply.output = request.fallback;
      if (emulated && !request.profile) {  // the prompt alone took too long
        reply.generated_tokens = 0;
        reply.token_ids.clear();
        reply.token_ticks.clear();
      }
      return reply;
    };
    REQUIRE(bed.measure());
    REQUIRE(bed.sink.generations.size() == 3);
    CHECK(bed.sink.generations[0].fallback == base::FallbackReason::kBudget);
    CHECK(bed.sink.generations[0].output_text == "Again.");
    CHECK(bed.sink.generations[0].token_ticks.empty() == emulated);
    CHECK_FALSE(bed.sink.generations[0].matches_reference.has_value());
  }
}

TEST_CASE("A suite that keeps its text to itself leaves hashes and no text in the records") {
  Bed bed;
  bed.plan.suites[0].suite.store_text = false;
  REQUIRE(bed.measure());
  for (const base::Generation& generation : bed.sink.generations) {
    CHECK(generation.prompt_text.empty());
    CHECK(generation.output_text.empty());
    CHECK(generation.token_ids.empty());
    CHECK(generation.token_ids_sha256.size() == 64);
    CHECK(generation.prompt_sha256.size() == 64);
    CHECK(generation.correct == true);
  }
}

TEST_CASE("A prompt that the board refuses twice fails its cell and not the prompts after it") {
  Bed bed;
  bed.session.cold_starts = 0;
  bed.board.on_run = [](const rig::RunRequest& request) -> base::Result<rig::RunReply> {
    if (request.prompt == "text-b")
      return base::fail(ErrorCode::kDeviceFault, "prompt_too_long: 80 tokens, room for 63");
    return ScriptedBoard::good_reply();
  };
  const auto outcome = bed.measure();
  REQUIRE(outcome);
  CHECK_FALSE(outcome->broken);
  CHECK(outcome->ended_cells.size() == 1);
  REQUIRE(outcome->cell_errors.size() == 1);
  CHECK(bed.sink.generations.size() == 2);
  REQUIRE(bed.sink.cells.size() == 1);
  CHECK(bed.sink.cells[0].status == CellStatus::kFailed);
  CHECK_THAT(bed.sink.cells[0].reason, Contains("prompt b") && Contains("80 tokens, room for 63"));
}

TEST_CASE("A board that restarted in between gets its model again, and the cell is doubted") {
  Bed bed;
  int runs = 0;
  bed.board.on_run = [&](const rig::RunRequest&) -> base::Result<rig::RunReply> {
    if (++runs == 3) return base::fail(ErrorCode::kDeviceFault, "the agent restarted: watchdog");
    return ScriptedBoard::good_reply();
  };
  const auto outcome = bed.measure();
  REQUIRE(outcome);
  CHECK(bed.sink.generations.size() == 3);
  REQUIRE(bed.sink.cells.size() == 1);
  CHECK(bed.sink.cells[0].status == CellStatus::kOk);
  REQUIRE(bed.sink.cells[0].doubts.size() == 1);
  CHECK_THAT(bed.sink.cells[0].doubts[0], Contains("second try") && Contains("watchdog"));
}

TEST_CASE("A board that refuses everything is not asked for the rest of a long suite") {
  Bed bed;
  bed.session.cold_starts = 0;
  bed.session.cells[0].settings.repeats = 100;
  bed.board.on_run = [](const rig::RunRequest&) -> base::Result<rig::RunReply> {
    return base::fail(ErrorCode::kDeviceFault, "engine_fault");
  };
  const auto outcome = bed.measure();
  REQUIRE(outcome);
  CHECK(bed.board.events.size() < 20);
  CHECK_THAT(bed.sink.cells.at(0).reason, Contains("and 2 more of 300"));
}

TEST_CASE("A board that falls silent breaks the session, and its cell is left for another attempt") {
  Bed bed;
  bed.board.on_run = [&](const rig::RunRequest& request) -> base::Result<rig::RunReply> {
    if (request.prompt == "text-c") return base::fail(ErrorCode::kTimeout, "no answer within 120 s");
    return ScriptedBoard::good_reply();
  };
  const auto outcome = bed.measure();
  REQUIRE(outcome);
  REQUIRE(outcome->broken);
  CHECK(outcome->broken->code == ErrorCode::kTimeout);
  CHECK_THAT(outcome->broken->text(), Contains("prompt c"));
  CHECK(outcome->ended_cells.empty());
  CHECK(bed.sink.cells.empty());
  CHECK(bed.sink.generations.size() == 2);
}

TEST_CASE("Another image after a reset than was deployed breaks the session before anything is measured") {
  Bed bed;
  bed.board.held_sha256 = "bb";
  const auto outcome = bed.measure();
  REQUIRE(outcome);
  REQUIRE(outcome->broken);
  CHECK(outcome->broken->code == ErrorCode::kCorrupt);
  CHECK(bed.sink.generations.empty());
}

TEST_CASE("A stop ends the cell it falls into as interrupted, and no further one begins") {
  Bed bed;
  bed.session.cells.push_back(bed.session.cells[0]);
  bed.session.cells[1].cell_id = "later";
  bed.session.cold_starts = 0;
  bed.board.on_run = [&](const rig::RunRequest& request) -> base::Result<rig::RunReply> {
    if (request.prompt == "text-b") bed.stop = true;
    return ScriptedBoard::good_reply();
  };
  const auto outcome = bed.measure();
  REQUIRE(outcome);
  CHECK(outcome->stopped);
  CHECK(outcome->ended_cells.empty());
  CHECK(bed.sink.generations.size() == 2);
  REQUIRE(bed.sink.cells.size() == 1);
  CHECK(bed.sink.cells[0].status == CellStatus::kInterrupted);
  CHECK_THAT(bed.sink.cells[0].reason, Contains("2 of 3 generations"));
}

TEST_CASE(
    "A cell during which programs waited for the host's processors is doubted, and a quiet one is not") {
  for (const bool busy : {false, true}) {
    Bed bed;
    int64_t waited_ns = 0;
    bed.host_waiting_ns = [&] { return std::optional(waited_ns); };
    bed.board.on_run = [&](const rig::RunRequest&) -> base::Result<rig::RunReply> {
      bed.clock.advance(1000);
      waited_ns += busy ? 200 : 50;
      return ScriptedBoard::good_reply();
    };
    REQUIRE(bed.measure());
    CHECK(bed.sink.cells.at(0).doubts.size() == (busy ? 1 : 0));
  }
}

// What good_reply() costs, and where it went: 25 ticks of prefill and 6 of decode, of which looking took 5
// and 1.
rig::RunReply profiled_reply() {
  rig::RunReply reply = ScriptedBoard::good_reply();
  using base::Phase;
  reply.operators = {{Phase::kPrefill, 0, "query", 1, 15, 300, 400},
                     {Phase::kPrefill, -1, "output", 1, 5, 30, 40},
                     {Phase::kDecode, 0, "query", 1, 5, 100, 400}};
  reply.subtracted_ticks = {5, 1};
  return reply;
}

TEST_CASE("A profile pass comes after timing and memory, and adds the prompts of a cell up") {
  Bed bed;
  bed.session.cold_starts = 0;
  bed.profile = true;
  bed.board.on_run = [](const rig::RunRequest& request) -> base::Result<rig::RunReply> {
    return request.profile ? profiled_reply() : ScriptedBoard::good_reply();
  };
  const auto outcome = bed.measure();
  REQUIRE(outcome);
  CHECK(outcome->busy_ns == 6000);
  CHECK(bed.board.events == std::vector<std::string>{"load 64", "run text-a 8", "run text-b 8",
                                                     "run text-c 8", "memory", "profile text-a 8",
                                                     "profile text-b 8", "profile text-c 8", "roofline"});
  REQUIRE(bed.sink.rooflines.size() == 1);
  CHECK(bed.sink.rooflines[0].session_id == "session");
  CHECK(bed.sink.rooflines[0].entries.at(0).macs == 4000);
  CHECK(bed.sink.generations.size() == 3);
  REQUIRE(bed.sink.profiles.size() == 1);
  const base::Profile& profile = bed.sink.profiles[0];
  CHECK(profile.cell_id == "cell");
  CHECK(profile.generations == 3);
  CHECK(profile.phases[0].tokens == 9);
  CHECK(profile.phases[0].ticks == 75);
  CHECK(profile.phases[0].subtracted_ticks == 15);
  CHECK(profile.phases[1].tokens == 3);
  CHECK(profile.phases[1].ticks == 18);
  REQUIRE(profile.operators.size() == 3);
  CHECK(profile.operators[0].operator_name == "query");
  CHECK(profile.operators[0].calls == 3);
  CHECK(profile.operators[0].macs == 900);
  CHECK(profile.operators[1].layer == -1);
  CHECK(profile.operators[2].phase == base::Phase::kDecode);
  CHECK(profile.operators[2].ticks == 15);
}

TEST_CASE("What looking costs between operators is taken off each call, unless something else is in it") {
  // In the profile pass a token takes 6 ticks, of which the device took off 1 and the timing pass knew
  // `plain`.
  for (const auto& [plain_decode, expected] : {std::pair<uint64_t, uint64_t>{6, 5}, {5, 5}, {4, 4}, {3, 5}}) {
    Bed bed;
    bed.session.cold_starts = 0;
    bed.session.cells[0].settings.prompts = 1;
    bed.profile = true;
    bed.board.on_run = [plain_decode =
                            plain_decode](const rig::RunRequest& request) -> base::Result<rig::RunReply> {
      if (request.profile) return profiled_reply();
      rig::RunReply reply = ScriptedBoard::good_reply();
      reply.token_ticks[1] = plain_decode;
      return reply;
    };
    REQUIRE(bed.measure());
    const base::Profile& profile = bed.sink.profiles.at(0);
    INFO(plain_decode);
    CHECK(profile.operators[2].ticks == expected);
    CHECK(profile.phases[1].ticks == 6);
    CHECK(profile.phases[1].subtracted_ticks == 6 - expected);
  }
}

TEST_CASE(
    "An engine that cannot profile, or a board that breaks in the pass, leaves the cell as it was measured") {
  for (const bool breaks : {false, true}) {
    Bed bed;
    bed.profile = true;
    bed.board.on_run = [&](const rig::RunRequest& request) -> base::Result<rig::RunReply> {
      if (request.profile && breaks) return base::fail(ErrorCode::kLinkLost, "the cable is out");
      return ScriptedBoard::good_reply();
    };
    const auto outcome = bed.measure();
    REQUIRE(outcome);
    CHECK_FALSE(outcome->broken);
    CHECK(outcome->ended_cells == std::vector<std::string>{"cell"});
    CHECK(bed.sink.profiles.empty());
    CHECK(bed.sink.rooflines.empty());
    CHECK(bed.sink.cells.at(0).status == CellStatus::kOk);
  }
}

TEST_CASE("A board that breaks in the roofline leaves the profile as it was measured") {
  Bed bed;
  bed.profile = true;
  bed.board.on_run = [](const rig::RunRequest& request) -> base::Result<rig::RunReply> {
    return request.profile ? profiled_reply() : ScriptedBoard::good_reply();
  };
  bed.board.on_roofline = []() -> base::Result<std::vector<base::RooflineEntry>> {
    return base::fail(ErrorCode::kDeviceFault, "not a request");  // an older agent
  };
  const auto outcome = bed.measure();
  REQUIRE(outcome);
  CHECK_FALSE(outcome->broken);
  CHECK(bed.sink.profiles.size() == 1);
  CHECK(bed.sink.rooflines.empty());
}

TEST_CASE("Each generation may take as long as the plan or the board says, cold starts and warm-up, too") {
  Bed bed;
  bed.session.warmup_generations = 1;
  std::vector<int64_t> limits_ms;
  bed.board.on_run = [&](const rig::RunRequest& request) -> base::Result<rig::RunReply> {
    limits_ms.push_back(request.timeout_ms);
    return ScriptedBoard::good_reply();
  };
  SECTION("said") {
    bed.timeouts_ms = {{"cell", 700'000}};
    REQUIRE(bed.measure());
    CHECK(limits_ms == std::vector<int64_t>(5, 700'000));
  }
  SECTION("not said") {
    REQUIRE(bed.measure());
    CHECK(limits_ms == std::vector<int64_t>(5, kGenerationTimeoutMs));
  }
}

TEST_CASE("A sink that can write no more ends the session with its error") {
  Bed bed;
  bed.sink.fail_after = 2;
  const auto outcome = bed.measure();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == ErrorCode::kIo);
}

}  // namespace
}  // namespace slmrig::measure
