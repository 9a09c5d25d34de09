#include "reports/testing/sample_gate.h"

#include "harness/base/metrics.h"

namespace slmrig::reports {
namespace {

gate::Row row_of(const char* id, const char* board, const char* metric, gate::Verdict verdict, double value) {
  gate::Row row;
  row.id = id;
  row.board = board;
  row.model = "wrist-nano";
  row.variant = "int8";
  row.suite = "intents";
  row.metric = base::find_metric(metric);
  row.verdict = verdict;
  if (verdict == gate::Verdict::kMissing) {
    row.reason = "no session of the run measured it";
    return row;
  }
  gate::BenchResult bench;
  bench.bench = board;
  bench.verdict = verdict;
  gate::Estimate estimate;
  estimate.value = value;
  estimate.low = 0.99 * value;
  estimate.high = 1.01 * value;
  estimate.sessions = 5;
  bench.estimate = estimate;
  bench.limit = 0.115;
  row.benches.push_back(bench);
  row.worst = 0;
  return row;
}

}  // namespace

gate::GateReport sample_gate() {
  gate::GateReport report;
  report.budgets.file = "budgets.json";
  gate::Budget budget;
  budget.limit.value = 0.115;
  budget.limit.text = "<= 0.115 ms";
  report.budgets.budgets.push_back(budget);
  report.rows = {row_of("00c0ffee", "a|b<script>", "token_ms_p99", gate::Verdict::kFail, 0.121),
                 row_of("00c0ffef", "native", "token_ms_p99", gate::Verdict::kMissing, 0),
                 row_of("00c0fff0", "desk", "token_ms_p99", gate::Verdict::kPass, 0.1)};
  report.coverage.emplace_back();
  report.outcome = gate::Outcome::kFail;
  return report;
}

}  // namespace slmrig::reports
