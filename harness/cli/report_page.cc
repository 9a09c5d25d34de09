#include "harness/cli/report_page.h"

#include <utility>

#include "harness/cli/accept.h"
#include "harness/store/queries.h"

namespace slmrig::cli {
namespace {

// A page of more records than these is slow to open; older ones are named.
constexpr std::size_t kRunsOfAReport = 100;

base::Result<std::vector<std::string>> chosen_runs(const std::vector<std::string>& selectors,
                                                   store::Reader& reader, std::size_t& left_out) {
  std::vector<std::string> ids;
  for (const std::string& selector : selectors) {
    SLMRIG_ASSIGN(const store::RunRow run, reader.find_run(selector));
    ids.push_back(run.run_id);
  }
  if (!ids.empty()) return ids;
  SLMRIG_ASSIGN(const std::vector<store::RunRow> all, reader.runs());
  for (const store::RunRow& run : all) {
    if (ids.size() < kRunsOfAReport) ids.push_back(run.run_id);
  }
  left_out = all.size() - ids.size();
  return ids;
}

}  // namespace

reports::ReportInput ReportRows::input() const {
  reports::ReportInput input;
  input.runs = runs;
  input.runs_left_out = left_out;
  input.history = history_view.get();
  if (gate) input.gate = &*gate;
  if (acceptances) input.acceptances = &*acceptances;
  return input;
}

base::Result<ReportRows> report_rows(const std::string& database, const ReportQuestion& question) {
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(database));
  ReportRows rows;
  SLMRIG_ASSIGN(const std::vector<std::string> ids, chosen_runs(question.runs, reader, rows.left_out));
  for (const std::string& id : ids) {
    SLMRIG_ASSIGN(store::RunData data, reader.run_data(id));
    rows.runs.push_back(std::move(data));
  }
  if (!question.budgets.empty() && !ids.empty()) {
    SLMRIG_ASSIGN(rows.gate, gate_newest_run(reader, {question.budgets, question.baseline, ids.front()}));
  }
  if (!question.conditions.empty() && !ids.empty()) {
    SLMRIG_ASSIGN(rows.acceptances,
                  accept_variants(reader, question.conditions, database, rows.runs.front()));
  }
  SLMRIG_ASSIGN(LoadedHistory loaded, load_history(reader, question.since_ns));
  if (loaded.history.series.empty()) return rows;
  SLMRIG_TRY(load_kept(database, loaded));
  if (rows.gate) add_budget_lines(*rows.gate, loaded);
  rows.history = std::make_shared<const LoadedHistory>(std::move(loaded));
  rows.history_view = std::make_shared<const reports::ReportHistory>(rows.history->view());
  return rows;
}

}  // namespace slmrig::cli
