// The history of a database, judged, as a report shows it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/analyse/findings.h"
#include "harness/base/error.h"
#include "harness/gate/verdict.h"
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
  std::vector<store::QuarantineRow> quarantined;

  // Points into this, which must stay where it is.
  reports::ReportHistory view() const;
};

// "2026-03-14", the beginning of that day (UTC), or "90d" before now. kBadInput for anything else.
base::Result<int64_t> parse_since(const std::string& text, int64_t now_ns);

struct ReportGate {
  std::string budgets;   // file
  std::string baseline;  // may be empty
  std::string run;       // whose figures are gated
};
base::Result<gate::GateReport> gate_newest_run(store::Reader& reader, const ReportGate& question);

// Gives each series the limit that it was held against.
void add_budget_lines(const gate::GateReport& report, LoadedHistory& history);

// All nights, or those since then.
base::Result<LoadedHistory> load_history(store::Reader& reader, std::optional<int64_t> since_ns = {});

// Adds the findings, releases and quarantines that the database keeps.
base::Done load_kept(const std::string& database, LoadedHistory& loaded);

}  // namespace slmrig::cli
