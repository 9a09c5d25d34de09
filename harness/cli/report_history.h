// The history of a database, judged, as a report shows it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/analyse/findings.h"
#include "harness/base/error.h"
#include "harness/store/history.h"
#include "harness/store/queries.h"
#include "reports/history_json.h"

namespace slmrig::cli {

struct LoadedHistory {
  store::History history;
  analyse::NightJudgement judgement;
  std::vector<store::FindingRow> findings;  // that are kept; empty: the judgement's own are shown
  std::vector<reports::PinnedRun> releases;
  std::map<store::SeriesKey, reports::BudgetLine> budgets;

  // Points into this, which must stay where it is.
  reports::ReportHistory view() const;
};

// All nights, or those since then.
base::Result<LoadedHistory> load_history(store::Reader& reader, std::optional<int64_t> since_ns = {});

// Adds the findings and releases that the database keeps.
base::Done load_kept(const std::string& database, LoadedHistory& loaded);

}  // namespace slmrig::cli
