// The history of a database for the page: every series night by night, and what is judged of the newest
// night. The form is report.schema.json's History.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/analyse/findings.h"
#include "harness/store/finding_rows.h"
#include "harness/store/history.h"
#include "harness/store/rows.h"

namespace slmrig::reports {

// A run that was pinned under a name.
struct PinnedRun {
  std::string name;
  std::string run_id;
};

// The limit that a gate held a series' newest night to.
struct BudgetLine {
  std::string row;         // the gate's
  std::string comparison;  // "<=", ">="
  double limit = 0;        // in the metric's unit
  std::string verdict;
};

// All of it outlives the call. `findings` are those that are kept (store/findings.h), resolved ones included;
// where there are none yet, the judgement's own.
struct ReportHistory {
  const store::History* history = nullptr;
  const analyse::NightJudgement* judgement = nullptr;  // of that history
  std::span<const store::FindingRow> findings;
  std::span<const PinnedRun> releases;
  std::map<store::SeriesKey, BudgetLine> budgets;
  std::span<const store::QuarantineRow> quarantined;  // benches that are out of service now
};

// `inlined`: ids of the runs whose records are in the page, in the order of its `runs`.
nlohmann::ordered_json history_json(const ReportHistory& input, const std::vector<std::string>& inlined);

// Those that are kept; where none are yet, the judgement's own.
std::vector<store::FindingRow> findings_of(const ReportHistory& input);

// "2 regressions, 1 improvement, 41 unchanged, 3 could not be measured".
std::string history_sentence(const ReportHistory& input);

// "token p99 +10.2 % (95 %: +9.9 to +10.5 %)": what changed, for people.
std::string finding_title(const store::FindingRow& finding);
// "mps2-an386, wrist-nano int8, intents"
std::string finding_place(const store::FindingRow& finding);

}  // namespace slmrig::reports
