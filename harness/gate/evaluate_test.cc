#include "harness/gate/evaluate.h"

#include <random>

#include "harness/gate/rows_for_test.h"
#include "harness/gate/words.h"

namespace slmrig::gate {
namespace {

using Catch::Matchers::Contains;

SessionSketch emulated(std::string id = "s1", std::string bench = "rack-1") {
  SessionSketch sketch;
  sketch.id = std::move(id);
  sketch.bench = std::move(bench);
  sketch.tier = base::Tier::kEmulated;
  return sketch;
}

BudgetFile token_budget(const std::string& more = "") {
  return budgets_of(fmt::format(R"({{"metric": "decode_tokens_per_s", "limit": ">= 100"{}}})", more));
}

TEST_CASE("Instruction counts are exact: at the limit they pass, one beyond they fail") {
  const BudgetFile budgets = budgets_of(R"({"metric": "token_instructions_mean", "limit": "<= 1000"})");
  const auto verdict = [&](double value) {
    return only_row(budgets, {with_value(sketch_session(emulated()), "token_instructions_mean", value)})
        .verdict;
  };
  CHECK(verdict(1000) == Verdict::kPass);
  CHECK(verdict(1001) == Verdict::kFail);
}

TEST_CASE("A percentile of instructions is taken over the answers' tokens, the first left out") {
  const BudgetFile budgets = budgets_of(R"({"metric": "token_instructions_p50", "limit": "<= 20"})");
  const Row row = only_row(budgets, {with_answer(sketch_session(emulated()), {900, 10, 20, 30})});
  CHECK(row.verdict == Verdict::kPass);
  CHECK(row.benches[0].estimate->value == 20);
  CHECK(row.benches[0].estimate->samples == 3);
}

TEST_CASE("Time is met by hardware alone, instructions by emulated boards alone") {
  const BudgetFile time = token_budget();
  const Row row = only_row(time, {with_value(sketch_session(emulated()), "decode_tokens_per_s", 500)});
  CHECK(row.verdict == Verdict::kMissing);
  CHECK_THAT(row.reason, Contains("tier emulated"));
  SessionSketch modelled;
  modelled.tier = base::Tier::kModelled;
  CHECK(only_row(time, {with_value(sketch_session(modelled), "decode_tokens_per_s", 500)}).verdict ==
        Verdict::kMissing);
  const BudgetFile count = budgets_of(R"({"metric": "token_instructions_mean", "limit": "<= 1000"})");
  CHECK(only_row(count, {with_value(sketch_session(), "token_instructions_mean", 5)}).verdict ==
        Verdict::kMissing);
}

TEST_CASE("Five sessions decide, and say so beyond their interval alone") {
  CHECK(only_row(token_budget(), sessions_with("decode_tokens_per_s", {110, 111, 109, 110, 110})).verdict ==
        Verdict::kPass);
  CHECK(only_row(token_budget(), sessions_with("decode_tokens_per_s", {90, 91, 89, 90, 90})).verdict ==
        Verdict::kFail);
  const Row row = only_row(token_budget(), sessions_with("decode_tokens_per_s", {101, 104, 98, 102, 103}));
  CHECK(row.verdict == Verdict::kInconclusive);
  CHECK(row.benches[0].more_sessions > 0);
  CHECK_THAT(row.reason, Contains("more sessions would decide"));
}

TEST_CASE("As many more sessions as it asks for do decide, most of the time") {
  const BudgetFile budgets = token_budget();
  std::mt19937_64 random(5);
  std::normal_distribution<double> noise(101.5, 2);
  int decided = 0;
  int asked = 0;
  for (int i = 0; i < 200; ++i) {
    std::vector<double> values(5);
    for (double& value : values) value = noise(random);
    const Row row = only_row(budgets, sessions_with("decode_tokens_per_s", values));
    if (row.verdict != Verdict::kInconclusive) continue;
    ++asked;
    for (uint32_t more = row.benches[0].more_sessions; more > 0; --more) values.push_back(noise(random));
    if (only_row(budgets, sessions_with("decode_tokens_per_s", values)).verdict == Verdict::kPass) ++decided;
  }
  CHECK(asked > 50);
  CHECK(decided > asked / 2);
}

TEST_CASE("A row that one bench answers is not decided while another of its benches is silent") {
  const std::vector<GateSession> sessions = {
      with_value(sketch_session(emulated("s1", "rack-1")), "token_instructions_mean", 900),
      sketch_session(emulated("s2", "rack-2"))};
  const auto report = [&](const std::string& coverage) {
    return evaluated(budgets_of(R"({"metric": "token_instructions_mean", "limit": "<= 1000"})", coverage),
                     sessions);
  };
  CHECK(report("").rows[0].verdict == Verdict::kPass);
  CHECK(report("").outcome == Outcome::kUndecided);
  CHECK(report(R"(, "coverage": 0.5)").outcome == Outcome::kPass);
}

TEST_CASE("Boards that nobody named count as one") {
  std::vector<GateSession> sessions;
  for (const char* bench : {"rack-1", "rack-2"}) {
    sessions.push_back(with_value(sketch_session(emulated(bench, bench)), "token_instructions_mean", 900));
    sessions.back().unit_id.clear();
  }
  const auto verdict = [&](int least_units) {
    return only_row(budgets_of(fmt::format(
                        R"({{"metric": "token_instructions_mean", "limit": "<= 1000", "least_units": {}}})",
                        least_units)),
                    sessions)
        .verdict;
  };
  CHECK(verdict(1) == Verdict::kPass);
  CHECK(verdict(2) == Verdict::kMissing);
}

TEST_CASE("One session is inconclusive, however good, until history tells how sessions differ") {
  const BudgetFile budgets = token_budget();
  GateInput input;
  input.sessions = sessions_with("decode_tokens_per_s", {200});
  CHECK(evaluate(budgets, input)->rows[0].verdict == Verdict::kInconclusive);
  CHECK(evaluate(budgets, input)->rows[0].benches[0].more_sessions == 4);
  const GateSession& session = input.sessions[0];
  const HistorySpread spread{history_names(session, "decode_tokens_per_s"), 2.0, kLeastNights - 1};
  input.spreads = {spread};
  CHECK(evaluate(budgets, input)->rows[0].verdict == Verdict::kInconclusive);
  input.spreads[0].nights = 30;
  CHECK(evaluate(budgets, input)->rows[0].verdict == Verdict::kPass);
  // Another board on the bench: what is known of the first says nothing.
  input.spreads[0].of.unit_id = "another";
  CHECK(evaluate(budgets, input)->rows[0].verdict == Verdict::kInconclusive);
}

TEST_CASE("A limit nearer than any number of sessions could tell is unmeasurable") {
  const Row row = only_row(token_budget(), sessions_with("decode_tokens_per_s", {90, 110.01, 100, 95, 105}));
  CHECK(row.verdict == Verdict::kUnmeasurable);
  CHECK_THAT(row.reason, Contains("50 sessions"));
}

TEST_CASE("A p99 demands its minimum of samples") {
  const BudgetFile budgets = budgets_of(R"({"metric": "token_ms_p99", "limit": "<= 20"})");
  const auto sessions = [](std::size_t tokens) {
    std::vector<GateSession> all;
    std::mt19937_64 random(3);
    std::normal_distribution<double> noise(10, 0.2);
    for (int i = 0; i < 5; ++i) {
      SessionSketch sketch;
      sketch.id = fmt::format("s{}", i);
      std::vector<double> costs = {99};
      for (std::size_t token = 0; token < tokens; ++token) costs.push_back(noise(random));
      all.push_back(with_answer(sketch_session(sketch), costs));
    }
    return all;
  };
  const Row few = only_row(budgets, sessions(60));
  CHECK(few.verdict == Verdict::kInconclusive);
  CHECK_THAT(few.reason, Contains("takes 459 samples, there are 300"));
  CHECK(few.benches[0].more_sessions == 3);
  CHECK(only_row(budgets, sessions(100)).verdict == Verdict::kPass);
}

TEST_CASE("Whole answers: so many tokens, that went to their limit") {
  const BudgetFile budgets = budgets_of(
      R"({"metric": "answer_instructions_max", "limit": "<= 60", "answer_tokens": 3, "no_early_end": true})");
  GateSession session = sketch_session(emulated());
  session = with_answer(session, {30, 10, 10, 500}, false);  // 50 for three tokens
  session = with_answer(session, {90, 90, 90}, true);        // ended by the model
  session = with_answer(session, {70, 10}, false);           // too short
  const Row row = only_row(budgets, {session});
  CHECK(row.verdict == Verdict::kPass);
  CHECK(row.benches[0].estimate->value == 50);
  CHECK(row.benches[0].estimate->samples == 1);
  const Row none = only_row(budgets, {with_answer(sketch_session(emulated()), {70, 10}, false)});
  CHECK(none.verdict == Verdict::kMissing);
  CHECK_THAT(none.reason, Contains("no answer of 3 tokens or more that went to its limit"));
}

TEST_CASE("The worst bench stands for its board") {
  const BudgetFile budgets = budgets_of(R"({"metric": "memory_peak_bytes", "limit": "<= 100"})");
  const Row row =
      only_row(budgets, {with_value(sketch_session(emulated("a", "rack-1")), "memory_peak_bytes", 90),
                         with_value(sketch_session(emulated("b", "rack-2")), "memory_peak_bytes", 101)});
  CHECK(row.verdict == Verdict::kFail);
  CHECK(row.benches[*row.worst].bench == "rack-2");
}

TEST_CASE("What was not measured is missing, what is doubted untrusted, and neither passes") {
  const BudgetFile budgets = token_budget();
  GateSession failed = sketch_session();
  failed.cells[0].status = base::CellStatus::kUnfit;
  failed.cells[0].reason = "the arena needs more";
  GateReport report = evaluated(budgets, {failed});
  CHECK(report.rows[0].verdict == Verdict::kMissing);
  CHECK_THAT(report.rows[0].reason, Contains("the arena needs more"));
  CHECK(report.outcome == Outcome::kUndecided);
  std::vector<GateSession> doubted = sessions_with("decode_tokens_per_s", {200, 200, 200, 200, 200});
  for (GateSession& session : doubted) session.cells[0].doubts = {"the clock was off"};
  report = evaluated(budgets, doubted);
  CHECK(report.rows[0].verdict == Verdict::kUntrusted);
  CHECK(report.outcome == Outcome::kUndecided);
  CHECK_THAT(only_row(budgets, {}).reason, Contains("nothing was measured"));
  GateSession nan = with_value(sketch_session(), "decode_tokens_per_s", std::nan(""));
  CHECK(only_row(budgets, {nan}).verdict == Verdict::kMissing);
}

TEST_CASE("A budget that nothing matches names what is near") {
  const BudgetFile budgets =
      budgets_of(R"({"variant": "int9", "metric": "memory_peak_bytes", "limit": "<= 100"})");
  const Row row = only_row(budgets, {with_value(sketch_session(), "memory_peak_bytes", 1)});
  CHECK(row.verdict == Verdict::kMissing);
  CHECK_THAT(row.reason, Contains("'int9'") && Contains("int8"));
}

TEST_CASE("A board that nobody knows is bad input") {
  GateInput input;
  input.sessions = {sketch_session()};
  const BudgetFile budgets = budgets_of(R"({"board": "nucleoo", "metric": "image_bytes", "limit": "<= 1"})");
  const auto report = evaluate(budgets, input, {"nucleo", "native"});
  REQUIRE(!report);
  CHECK_THAT(report.error().text(), Contains("budgets[0].board") && Contains("did you mean 'nucleo'?"));
}

TEST_CASE("One dead board of ten is excused by coverage, two are not") {
  const BudgetFile budgets =
      budgets_of(R"({"metric": "memory_peak_bytes", "limit": "<= 100", "coverage": 0.9})");
  const auto report_of = [&](int dead) {
    std::vector<GateSession> sessions;
    for (int i = 0; i < 10; ++i) {
      SessionSketch sketch = emulated(fmt::format("s{}", i), fmt::format("rack-{}", i));
      sketch.board = fmt::format("board-{}", i);
      sessions.push_back(with_value(sketch_session(sketch), "memory_peak_bytes", 90));
      if (i < dead) sessions.back().cells[0].status = base::CellStatus::kFailed;
    }
    return evaluated(budgets, sessions);
  };
  CHECK(report_of(0).outcome == Outcome::kPass);
  const GateReport one = report_of(1);
  CHECK(one.outcome == Outcome::kPass);
  CHECK(one.rows[0].verdict == Verdict::kMissing);
  CHECK(one.rows[0].excused);
  CHECK(report_of(2).outcome == Outcome::kUndecided);
  CHECK(report_of(10).outcome == Outcome::kUndecided);
}

TEST_CASE("Fewer boards than asked for are no pass") {
  const BudgetFile budgets =
      budgets_of(R"({"metric": "memory_peak_bytes", "limit": "<= 100", "least_units": 2})");
  const GateSession first = with_value(sketch_session(emulated("a", "rack-1")), "memory_peak_bytes", 90);
  SessionSketch other = emulated("b", "rack-2");
  other.unit = "u2";
  const GateSession second = with_value(sketch_session(other), "memory_peak_bytes", 90);
  CHECK(evaluated(budgets, {first}).outcome == Outcome::kUndecided);
  CHECK(evaluated(budgets, {first, second}).outcome == Outcome::kPass);
}

TEST_CASE("A limit against a release compares bench with bench") {
  const BudgetFile budgets = budgets_of(R"({"metric": "token_instructions_mean", "limit": "<= 1.05x r1"})");
  GateInput input;
  const auto with = [](double value) {
    return std::vector{with_value(sketch_session(emulated()), "token_instructions_mean", value)};
  };
  CHECK_THAT(evaluate(budgets, input).error().text(), Contains("r1"));
  input.releases["r1"] = with(1000);
  input.sessions = with(1050);
  CHECK(evaluate(budgets, input)->outcome == Outcome::kPass);
  CHECK_THAT(limit_text(*evaluate(budgets, input), evaluate(budgets, input)->rows[0]),
             Contains("1,050 instructions"));
  input.sessions = with(1051);
  CHECK(evaluate(budgets, input)->outcome == Outcome::kFail);
  input.releases["r1"][0].bench = "elsewhere";
  CHECK(evaluate(budgets, input)->rows[0].verdict == Verdict::kMissing);
}

TEST_CASE("Times of another board behind the bench cannot be held against a release") {
  const BudgetFile budgets = budgets_of(R"({"metric": "decode_tokens_per_s", "limit": ">= 0.97x r1"})");
  GateInput input;
  input.sessions = sessions_with("decode_tokens_per_s", {100, 101, 99, 100, 100});
  SessionSketch then;
  then.id = "then";
  input.releases["r1"] = sessions_with("decode_tokens_per_s", {100, 101, 99, 100, 100}, then);
  CHECK(evaluate(budgets, input)->rows[0].verdict == Verdict::kPass);
  for (GateSession& session : input.releases["r1"]) session.unit_id = "u0";
  const Row row = evaluate(budgets, input)->rows[0];
  CHECK(row.verdict == Verdict::kSystematicLimited);
  CHECK_THAT(row.reason, Contains("measure the build of r1 again"));
}

TEST_CASE("A share of right answers is exact for its prompts, and wide for all that people might say") {
  GateSession session = with_value(sketch_session(emulated()), "accuracy", 1.0, 8);
  for (int i = 0; i < 8; ++i) {
    session = with_answer(session, {1, 1});
    session.cells[0].answers.back().correct = true;
  }
  CHECK(only_row(budgets_of(R"({"metric": "accuracy", "limit": ">= 0.9"})"), {session}).verdict ==
        Verdict::kPass);
  const Row row =
      only_row(budgets_of(R"({"metric": "accuracy", "limit": ">= 0.9", "prompts": "sample"})"), {session});
  CHECK(row.verdict == Verdict::kInconclusive);
  CHECK(row.benches[0].estimate->low == Approx(0.5623).epsilon(1e-3));  // 0.01^(1/8)
}

TEST_CASE("A run that did not end is undecided, and says so") {
  GateInput input;
  input.sessions = {with_value(sketch_session(emulated()), "memory_peak_bytes", 90)};
  const BudgetFile budgets = budgets_of(R"({"metric": "memory_peak_bytes", "limit": "<= 100"})");
  CHECK(evaluate(budgets, input)->outcome == Outcome::kPass);
  input.unfinished_runs = {"r"};
  CHECK(evaluate(budgets, input)->outcome == Outcome::kUndecided);
}

TEST_CASE("Energies: modelled ones meet nothing, and what the meter is wrong by no repetition mends") {
  const BudgetFile budgets = budgets_of(R"({"metric": "energy_uj_per_answer", "limit": "<= 1000"})");
  const auto sessions = [](double value) {
    std::vector<GateSession> all =
        sessions_with("energy_uj_per_answer", {value, value + 1, value - 1, value, value});
    for (GateSession& session : all) session.cells[0].energy = EnergyUncertainty{0.05, 0.01, "ppk2"};
    return all;
  };
  CHECK(only_row(budgets, sessions(900)).verdict == Verdict::kPass);
  CHECK(only_row(budgets, sessions(1100)).verdict == Verdict::kFail);
  const Row near = only_row(budgets, sessions(980));
  CHECK(near.verdict == Verdict::kSystematicLimited);
  CHECK_THAT(near.reason, Contains("a limit against a release"));
  // Against a release by the same meter the same figures decide.
  const BudgetFile relative = budgets_of(R"({"metric": "energy_uj_per_answer", "limit": "<= 1.03x r1"})");
  GateInput input;
  input.sessions = sessions(980);
  input.releases["r1"] = sessions(1000);
  CHECK(evaluate(relative, input)->rows[0].verdict == Verdict::kPass);
  for (GateSession& session : input.releases["r1"]) session.cells[0].energy->meter = "another";
  CHECK(evaluate(relative, input)->rows[0].verdict == Verdict::kSystematicLimited);
  std::vector<GateSession> modelled = sessions(900);
  for (GateSession& session : modelled) session.cells[0].values[0].tier = base::Tier::kModelled;
  CHECK(only_row(budgets, modelled).verdict == Verdict::kMissing);
  std::vector<GateSession> doubted = sessions(900);
  for (GateSession& session : doubted) session.cells[0].values[0].doubts = {"samples were lost"};
  CHECK(only_row(budgets, doubted).verdict == Verdict::kUntrusted);
}

TEST_CASE("The lowest supply of a sweep is what a worst case asks for") {
  GateSession high = with_value(sketch_session(emulated("a")), "accuracy", 1);
  GateSession low = with_value(sketch_session(emulated("b")), "accuracy", 0.5);
  high.cells[0].settings += " supply_mv=3300";
  low.cells[0].settings += " supply_mv=1800";
  const auto row = [&](const char* supply) {
    return only_row(
        budgets_of(fmt::format(R"({{"metric": "accuracy", "limit": ">= 0.9", "supply_mv": {}}})", supply)),
        {high, low});
  };
  CHECK(row("\"lowest\"").verdict == Verdict::kFail);
  CHECK(row("3300").verdict == Verdict::kPass);
  CHECK(row("2000").verdict == Verdict::kMissing);
}

}  // namespace
}  // namespace slmrig::gate
