#include "harness/gate/rows_for_test.h"
#include "harness/gate/words.h"

namespace slmrig::gate {
namespace {

using Catch::Matchers::Contains;

constexpr int64_t kEndOfMarchNs = 1'774'998'000'000'000'000;  // 2026-03-31 23:00 UTC
constexpr int64_t kAprilNs = 1'775'001'600'000'000'000;       // 2026-04-01 00:00 UTC

BudgetFile waived_budget(const std::string& ceiling) {
  return budgets_of(R"({"metric": "accuracy", "limit": ">= 0.9"})",
                    fmt::format(R"(, "waivers": [{{"board": "nucleo", "model": "nano", "variant": "int8",
      "suite": "intents", "metric": "accuracy", "ceiling": ">= {}", "expires": "2026-03-31", "issue": "Q-1",
      "reason": "retrained next week", "owner": "kim"}}])",
                                ceiling));
}

GateReport report_at(const BudgetFile& budgets, int64_t now_ns, double accuracy) {
  GateInput input;
  input.now_ns = now_ns;
  input.sessions = {with_value(sketch_session(), "accuracy", accuracy)};
  return *evaluate(budgets, input);
}

TEST_CASE("A waiver lets its row through up to its ceiling until the end of its day") {
  const GateReport report = report_at(waived_budget("0.8"), kEndOfMarchNs, 0.85);
  CHECK(report.outcome == Outcome::kPass);
  CHECK(report.rows[0].verdict == Verdict::kFail);  // no verdict is ever changed
  CHECK(report.rows[0].waived);
  CHECK_THAT(verdict_text(report, report.rows[0]), Contains("waived until 2026-03-31: Q-1"));
  CHECK(report_at(waived_budget("0.8"), kAprilNs - 1, 0.85).outcome == Outcome::kPass);  // its last moment
}

TEST_CASE("Beyond its ceiling a waiver lets nothing through") {
  const GateReport report = report_at(waived_budget("0.8"), kEndOfMarchNs, 0.79);
  CHECK(report.outcome == Outcome::kFail);
  CHECK_THAT(verdict_text(report, report.rows[0]), Contains("beyond its waiver's ceiling"));
}

TEST_CASE("A lapsed waiver is no failure of the row, but of its own") {
  const GateReport report = report_at(waived_budget("0.8"), kAprilNs, 0.85);
  CHECK(report.outcome == Outcome::kLapsed);
  CHECK_THAT(remarks(report).at(0), Contains("owner kim") && Contains("lapsed on 2026-03-31"));
  // What it never let through fails all the same.
  CHECK(report_at(waived_budget("0.8"), kAprilNs, 0.7).outcome == Outcome::kFail);
  // It is to be taken out also when its row passes.
  CHECK(report_at(waived_budget("0.8"), kAprilNs, 0.95).outcome == Outcome::kLapsed);
}

TEST_CASE("A waiver that is not needed is listed") {
  const GateReport report = report_at(waived_budget("0.8"), kEndOfMarchNs, 0.95);
  CHECK(report.outcome == Outcome::kPass);
  CHECK_THAT(remarks(report).at(0), Contains("unused") && Contains("its row needs none"));
}

TEST_CASE("What was not measured cannot be waived") {
  GateInput input;
  input.now_ns = kEndOfMarchNs;
  input.sessions = {sketch_session()};
  const GateReport report = *evaluate(waived_budget("0.1"), input);
  CHECK(report.rows[0].verdict == Verdict::kMissing);
  CHECK(!report.rows[0].waived);
  CHECK(report.outcome == Outcome::kUndecided);
}

}  // namespace
}  // namespace slmrig::gate
