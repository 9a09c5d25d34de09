// Sessions of a known truth for the tests of this room.
#pragma once

#include <string>
#include <vector>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "harness/gate/evaluate.h"

namespace slmrig::gate {

struct SessionSketch {
  std::string id = "s1";
  std::string bench = "rack-1";
  std::string board = "nucleo";
  std::string unit = "u1";
  std::string variant = "int8";
  base::Tier tier = base::Tier::kHardware;
  int64_t started_at_ns = 1000;
};

// A session of model `nano` and suite `intents` without any figure.
inline GateSession sketch_session(const SessionSketch& sketch = {}) {
  GateSession session;
  session.run_id = "run-" + sketch.id;
  session.session_id = sketch.id;
  session.bench = sketch.bench;
  session.board = sketch.board;
  session.unit_id = sketch.unit;
  session.engine = "slm";
  session.model = "nano";
  session.variant = sketch.variant;
  session.tier = sketch.tier;
  session.started_at_ns = sketch.started_at_ns;
  GateCell cell;
  cell.cell_id = "cell-" + sketch.id;
  cell.suite = "intents";
  cell.settings = "ctx=256 new=32 top_k=1 temp=0 seed=1";
  session.cells.push_back(std::move(cell));
  return session;
}

inline GateSession with_value(GateSession session, const std::string& metric, double value,
                              uint64_t samples = 100) {
  const bool of_session = base::find_metric(metric)->scope == base::MetricScope::kSession;
  (of_session ? session.values : session.cells.front().values)
      .push_back({metric, samples, value, std::nullopt, {}});
  return session;
}

// One answer whose tokens took `costs`.
inline GateSession with_answer(GateSession session, std::vector<double> costs, bool ended_early = true) {
  Answer answer;
  answer.prompt_id = fmt::format("p{}", session.cells.front().answers.size());
  answer.token_costs = std::move(costs);
  answer.ended_early = ended_early;
  session.cells.front().answers.push_back(std::move(answer));
  return session;
}

// Sessions "s1", "s2", ... of one bench, with one value each.
inline std::vector<GateSession> sessions_with(const std::string& metric, const std::vector<double>& values,
                                              SessionSketch sketch = {}) {
  std::vector<GateSession> sessions;
  for (const double value : values) {
    sketch.started_at_ns += 1;
    sessions.push_back(with_value(sketch_session(sketch), metric, value));
    sessions.back().session_id += fmt::format("-{}", sessions.size());
  }
  return sessions;
}

// Of the session's one cell.
inline HistoryNames history_names(const GateSession& session, const std::string& metric) {
  return {session.bench,          session.unit_id,           session.engine, session.model, session.variant,
          session.cells[0].suite, session.cells[0].settings, metric};
}

inline BudgetFile budgets_of(const std::string& budgets, const std::string& more = "") {
  auto parsed = parse_budgets(fmt::format(R"({{"budgets": [{}]{}}})", budgets, more), "test.json");
  if (!parsed) FAIL(parsed.error().text());
  return *parsed;
}

inline GateReport evaluated(const BudgetFile& budgets, std::vector<GateSession> sessions) {
  GateInput input;
  input.sessions = std::move(sessions);
  auto report = evaluate(budgets, input);
  if (!report) FAIL(report.error().text());
  return *report;
}

inline Row only_row(const BudgetFile& budgets, std::vector<GateSession> sessions) {
  GateReport report = evaluated(budgets, std::move(sessions));
  REQUIRE(report.rows.size() == 1);
  return report.rows.front();
}

}  // namespace slmrig::gate
