// Limits against the stable level of a series.
#include "harness/gate/evaluate.h"
#include "harness/gate/rows_for_test.h"
#include "harness/gate/writers.h"

namespace slmrig::gate {
namespace {

using Catch::Matchers::Contains;

constexpr const char* kTime = "decode_tokens_per_s";

BudgetFile drift_budget(const std::string& limit, const char* metric = kTime) {
  return budgets_of(fmt::format(R"({{"metric": "{}", "limit": "{}"}})", metric, limit));
}

StableFigure stable_figure(const GateSession& session, const std::string& metric, double level,
                           double standard_error) {
  StableFigure figure{history_names(session, metric), session.tier, {}};
  figure.level.unit_id = session.unit_id;
  figure.level.nights = std::vector<double>(20, level);
  figure.level.since = "2026-03-01";
  figure.level.level = level;
  figure.level.standard_error = standard_error;
  return figure;
}

GateInput five_sessions_against(double level, double standard_error = 0.1) {
  GateInput input;
  input.sessions = sessions_with(kTime, {99.8, 100, 100.2, 99.9, 100.1});
  input.stable = {stable_figure(input.sessions[0], kTime, level, standard_error)};
  return input;
}

GateReport report_of(const std::string& limit, const GateInput& input) {
  auto report = evaluate(drift_budget(limit), input);
  if (!report) FAIL(report.error().text());
  REQUIRE(report->rows.size() == 1);
  return *report;
}

TEST_CASE("A limit of drift is judged against the stable level, and both are uncertain") {
  const auto verdict = [](double level, double standard_error) {
    return report_of(">= 0.97x stable", five_sessions_against(level, standard_error)).rows[0].verdict;
  };
  CHECK(verdict(100, 0.1) == Verdict::kPass);
  CHECK(verdict(105, 0.1) == Verdict::kFail);           // 0.97 * 105 = 101.85
  CHECK(verdict(103, 0.01) == Verdict::kInconclusive);  // 99.91: more sessions would decide
  CHECK(verdict(102, 0.1) == Verdict::kPass);
  CHECK(verdict(102, 1) == Verdict::kUnmeasurable);
  CHECK(verdict(105, 1) == Verdict::kUnmeasurable);     // none would: the level itself is not known better
}

TEST_CASE("What is exact is held against the stable level to the last count") {
  SessionSketch sketch;
  sketch.tier = base::Tier::kEmulated;
  const std::string metric = "token_instructions_mean";
  GateInput input;
  input.sessions = {with_value(sketch_session(sketch), metric, 1001)};
  input.stable = {stable_figure(input.sessions[0], metric, 1001, 0)};
  const BudgetFile budgets = drift_budget("<= 1x stable", metric.c_str());
  CHECK(evaluate(budgets, input)->rows[0].verdict == Verdict::kPass);
  input.stable[0].level.level = 1000;
  CHECK(evaluate(budgets, input)->rows[0].verdict == Verdict::kFail);
  // Figures of another tier are another series.
  input.stable[0].tier = base::Tier::kHardware;
  CHECK(evaluate(budgets, input)->rows[0].verdict == Verdict::kMissing);
}

TEST_CASE("Without a stable level a limit of drift is missing, and says why") {
  GateInput input = five_sessions_against(100);
  const auto row = [&] { return report_of(">= 0.97x stable", input).rows[0]; };
  CHECK(row().verdict == Verdict::kPass);
  input.stable[0].level.missing = "learning, 3 of 8 nights";
  CHECK(row().verdict == Verdict::kMissing);
  CHECK_THAT(row().reason, Contains("learning, 3 of 8 nights"));
  input.stable[0].level.missing = "";
  input.stable[0].of.unit_id = "u7";
  CHECK(row().verdict == Verdict::kMissing);
  CHECK_THAT(row().reason, Contains("another board (u7; now it is u1)"));
  input.stable[0].of.metric = "ttft_ms_p50";
  CHECK_THAT(row().reason, Contains("no night of this"));
  input.stable.clear();
  CHECK(row().verdict == Verdict::kMissing);
}

TEST_CASE("An explanation of drift tells the nights of the level") {
  const GateReport report = report_of(">= 0.97x stable", five_sessions_against(105));
  const auto text = gate_explanation(report, report.rows[0].id, {"slmrig gate"});
  REQUIRE(text);
  CHECK_THAT(*text, Contains("median of the 20 nights since 2026-03-01 that have one level"));
  CHECK_THAT(*text, Contains("bounds of figure - 0.97 x that of stable"));
}

TEST_CASE("The stable level is no release, and is of all answers") {
  CHECK(drift_budget(">= 0.97x stable").releases().empty());
  for (const char* more :
       {R"("full_context": true)", R"("answer_tokens": 8)", R"("temperature_c": {"most": 30})"}) {
    const auto parsed = parse_budgets(
        fmt::format(R"({{"budgets": [{{"metric": "answer_ms_p50", "limit": "<= 1.1x stable", {}}}]}})", more),
        "b.json");
    REQUIRE_FALSE(parsed);
    CHECK_THAT(parsed.error().text(), Contains("history keeps a figure of all answers"));
  }
}

}  // namespace
}  // namespace slmrig::gate
