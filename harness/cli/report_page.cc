#include "harness/cli/report_page.h"

#include <utility>

#include "harness/store/queries.h"

namespace slmrig::cli {
namespace {

// A page of more runs than these is slow to open; older ones are named.
constexpr std::size_t kRunsOfAReport = 20;

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
  return input;
}

base::Result<ReportRows> report_rows(const std::string& database, const std::vector<std::string>& runs) {
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(database));
  ReportRows rows;
  SLMRIG_ASSIGN(const std::vector<std::string> ids, chosen_runs(runs, reader, rows.left_out));
  for (const std::string& id : ids) {
    SLMRIG_ASSIGN(store::RunData data, reader.run_data(id));
    rows.runs.push_back(std::move(data));
  }
  return rows;
}

}  // namespace slmrig::cli
