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

Result<std::vector<UndecidedCell>> undecided_cells(const gate::BudgetFile& budgets,
                                                   const std::string& database, const std::string& run_id) {
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(database));
  campaign::GateQuestion question;
  question.database = database;
  question.runs = {run_id};
  question.now_ns = base::utc_now_ns();
  SLMRIG_ASSIGN(const gate::GateInput input, campaign::read_gate_input(reader, budgets, question));
  SLMRIG_ASSIGN(const gate::GateReport report, gate::evaluate(budgets, input));
  std::vector<UndecidedCell> cells;
  for (const gate::Row& row : report.rows) {
    for (const gate::BenchResult& bench : row.benches) {
      if (bench.verdict != gate::Verdict::kInconclusive) continue;
      cells.push_back({bench.bench, row.board, row.model, row.variant, row.suite});
    }
  }
  return cells;
}

}  // namespace

Result<campaign::UntilDecided> until_budgets_decide(const std::string& budgets_file,
                                                    const std::string& database) {
  SLMRIG_ASSIGN(const gate::BudgetFile budgets, gate::load_budgets(budgets_file));
  campaign::UntilDecided how;
  how.undecided = [budgets, database](const std::string& run_id) {
    return undecided_cells(budgets, database, run_id);
  };
  return how;
}

}  // namespace slmrig::cli
