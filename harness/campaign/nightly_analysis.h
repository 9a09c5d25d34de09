// What `slmrig analyse` does with a database: reads its history, judges the last night, and keeps what was
// found from night to night.
#pragma once

#include <string>
#include <vector>

#include "harness/analyse/findings.h"
#include "harness/base/error.h"
#include "harness/store/finding_rows.h"
#include "harness/store/history.h"

namespace slmrig::campaign {

struct NightlyRequest {
  std::string database;
  store::HistoryFilter filter;
  bool keep = true;  // false: only looks, and the database is not written
  int64_t now_ns = 0;
};

struct NightlyAnalysis {
  store::History history;
  analyse::NightJudgement judgement;
  // New, ongoing and acknowledged ones of the series that the filter takes, with their states after this
  // night; alerts and regressions first.
  std::vector<store::FindingRow> findings;
  // That ended tonight, with the reason as the last event.
  std::vector<store::FindingUpdate> resolved;
  analyse::JudgementCounts counts;
};

// Errors as of store::Reader and store::keep_findings. A database without any run is kBadInput.
base::Result<NightlyAnalysis> analyse_nights(const NightlyRequest& request);

}  // namespace slmrig::campaign
