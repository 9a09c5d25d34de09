#include <algorithm>
#include <map>
#include <random>

#include "harness/gate/rows_for_test.h"

namespace slmrig::gate {
namespace {

// Runs with everything in them: several boards, benches, sessions, variants, failures and doubts.
std::vector<GateSession> random_sessions(std::mt19937_64& random) {
  std::vector<GateSession> sessions;
  const auto any = [&](int count) { return static_cast<int>(random() % static_cast<uint64_t>(count)); };
  std::normal_distribution<double> noise(0, 2);
  for (int i = 0; i < 12; ++i) {
    SessionSketch sketch;
    sketch.id = fmt::format("s{}", i);
    sketch.board = fmt::format("board-{}", any(3));
    sketch.bench = sketch.board + fmt::format("-{}", any(2));
    sketch.unit = sketch.bench;
    sketch.variant = any(2) == 0 ? "int8" : "f32";
    sketch.started_at_ns = any(5);  // clocks jump, and two may begin at once
    GateSession session = with_value(sketch_session(sketch), "decode_tokens_per_s", 100 + noise(random));
    session = with_value(session, "accuracy", 0.88 + 0.01 * any(5));
    std::vector<double> costs;
    for (int token = 0; token < 40; ++token) costs.push_back(10 + noise(random));
    session = with_answer(session, costs);
    if (any(6) == 0) session.cells[0].status = base::CellStatus::kFailed;
    if (any(6) == 0) session.cells[0].doubts = {"doubt"};
    sessions.push_back(std::move(session));
  }
  return sessions;
}

BudgetFile random_budgets() {
  return budgets_of(R"({"metric": "decode_tokens_per_s", "limit": ">= 99"},
                       {"metric": "accuracy", "limit": ">= 0.9", "coverage": 0.7},
                       {"metric": "token_ms_p95", "limit": "<= 14", "variant": "int8"})");
}

// Row id to verdict.
std::map<std::string, Verdict> verdicts(const GateReport& report) {
  std::map<std::string, Verdict> result;
  for (const Row& row : report.rows) result[row.id] = row.verdict;
  return result;
}

TEST_CASE("The order of sessions and budgets never changes a verdict, nor does a run that is named twice") {
  std::mt19937_64 random(11);
  for (int round = 0; round < 60; ++round) {
    std::vector<GateSession> sessions = random_sessions(random);
    BudgetFile budgets = random_budgets();
    const GateReport first = evaluated(budgets, sessions);
    std::shuffle(sessions.begin(), sessions.end(), random);
    std::shuffle(budgets.budgets.begin(), budgets.budgets.end(), random);
    sessions.push_back(sessions.front());
    const GateReport second = evaluated(budgets, sessions);
    CHECK(verdicts(first) == verdicts(second));
    CHECK(first.outcome == second.outcome);
  }
}

TEST_CASE("Adding a series never creates a pass") {
  std::mt19937_64 random(12);
  int held = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<GateSession> sessions = random_sessions(random);
    const BudgetFile budgets = random_budgets();
    const auto before = verdicts(evaluated(budgets, sessions));
    // Another bench of a board that is there, all of whose figures are splendid.
    GateSession more = sessions.front();
    more.session_id = "added";
    more.bench += "-new";
    more.unit_id += "-new";
    more.cells[0].status = base::CellStatus::kOk;
    more.cells[0].doubts.clear();
    more.cells[0].values = {{"decode_tokens_per_s", 100, 1e6}, {"accuracy", 100, 1.0}};
    sessions.push_back(more);
    const GateReport report = evaluated(budgets, sessions);
    for (const Row& row : report.rows) {
      const auto then = before.find(row.id);
      if (then == before.end()) continue;
      // A row that nothing had answered has now an answer: that is no other series, but the one it lacked.
      if (then->second == Verdict::kMissing || then->second == Verdict::kUntrusted) continue;
      INFO(row.id << " " << row.metric->name);
      if (then->second != Verdict::kPass) {
        ++held;
        CHECK(row.verdict != Verdict::kPass);
      }
    }
  }
  CHECK(held > 20);
}

}  // namespace
}  // namespace slmrig::gate
