// From a database to the report's page: the same for `slmrig report` and `slmrig serve`.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/cli/report_history.h"
#include "harness/store/rows.h"
#include "reports/report.h"

namespace slmrig::cli {

// What a report is made of. `input` looks at it.
struct ReportRows {
  std::vector<store::RunData> runs;
  std::size_t left_out = 0;
  // Null: no run has series values (a database of an older version). It stays where it is when this is moved.
  std::shared_ptr<const LoadedHistory> history = nullptr;
  std::shared_ptr<const reports::ReportHistory> history_view = nullptr;

  reports::ReportInput input() const;
};

// `runs` are selectors; none: the newest 100.
base::Result<ReportRows> report_rows(const std::string& database, const std::vector<std::string>& runs);

}  // namespace slmrig::cli
