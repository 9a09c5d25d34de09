#include "harness/cli/undecided.h"

#include <vector>

#include "harness/base/clock.h"
#include "harness/campaign/gate_input.h"
#include "harness/gate/budget.h"
#include "harness/gate/evaluate.h"
#include "harness/store/queries.h"

namespace slmrig::cli {
namespace {

using base::Result;
using campaign::UndecidedCell;

// Sessions that are doubted are measured again, since what disturbed them may pass; not for ever.
constexpr std::size_t kMostDoubtedSessions = base::kSessionsOfGate;

bool would_more_tell(const gate::BenchResult& bench) {
  switch (bench.verdict) {
    // Of prompts that are too few, sessions make no more.
    case gate::Verdict::kInconclusive: return bench.more_sessions > 0;
    case gate::Verdict::kUntrusted: return bench.session_ids.size() < kMostDoubtedSessions;
    default: return false;
  }
}

bool is_decided(gate::Verdict verdict) {
  return verdict == gate::Verdict::kPass || verdict == gate::Verdict::kFail;
}

Result<gate::GateReport> gated(const gate::BudgetFile& budgets, const std::string& database,
                               const std::string& run_id) {
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(database));
  campaign::GateQuestion question;
  question.database = database;
  question.runs = {run_id};
  question.now_ns = base::utc_now_ns();
  SLMRIG_ASSIGN(const gate::GateInput input, campaign::read_gate_input(reader, budgets, question));
  return gate::evaluate(budgets, input);
}

}  // namespace

std::vector<UndecidedCell> undecided_cells(const gate::GateReport& report) {
  std::vector<UndecidedCell> cells;
  for (const gate::Row& row : report.rows) {
    if (row.waived || row.excused) continue;
    if (row.benches.empty()) cells.push_back({"", row.board, row.model, row.variant, row.suite, false});
    for (const gate::BenchResult& bench : row.benches) {
      if (is_decided(bench.verdict)) continue;
      cells.push_back({bench.bench, row.board, row.model, row.variant, row.suite, would_more_tell(bench)});
    }
  }
  return cells;
}

Result<campaign::UntilDecided> until_budgets_decide(const std::string& budgets_file,
                                                    const std::string& database) {
  SLMRIG_ASSIGN(const gate::BudgetFile budgets, gate::load_budgets(budgets_file));
  campaign::UntilDecided how;
  how.undecided = [budgets, database](const std::string& run_id) -> Result<std::vector<UndecidedCell>> {
    SLMRIG_ASSIGN(const gate::GateReport report, gated(budgets, database, run_id));
    return undecided_cells(report);
  };
  return how;
}

}  // namespace slmrig::cli
