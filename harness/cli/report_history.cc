#include "harness/cli/report_history.h"

#include <utility>

#include "harness/store/findings.h"
#include "harness/store/releases.h"

namespace slmrig::cli {

reports::ReportHistory LoadedHistory::view() const {
  reports::ReportHistory view;
  view.history = &history;
  view.judgement = &judgement;
  view.findings = findings;
  view.releases = releases;
  view.budgets = budgets;
  return view;
}

base::Result<LoadedHistory> load_history(store::Reader& reader, std::optional<int64_t> since_ns) {
  store::HistoryFilter filter;
  filter.since_ns = since_ns;
  LoadedHistory loaded;
  SLMRIG_ASSIGN(loaded.history, reader.history(filter));
  loaded.judgement = analyse::judge(loaded.history);
  return loaded;
}

base::Done load_kept(const std::string& database, LoadedHistory& loaded) {
  SLMRIG_ASSIGN(loaded.findings, store::read_findings(database));
  SLMRIG_ASSIGN(const std::vector<store::ReleaseRow> releases, store::releases(database));
  for (const store::ReleaseRow& release : releases) {
    for (const std::string& run_id : release.run_ids) loaded.releases.push_back({release.name, run_id});
  }
  return {};
}

}  // namespace slmrig::cli
