// From a database to the report's page: the same for `slmrig report` and `slmrig serve`.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/store/rows.h"
#include "reports/report.h"

namespace slmrig::cli {

// What a report is made of. `input` looks at `runs`.
struct ReportRows {
  std::vector<store::RunData> runs;
  std::size_t left_out = 0;

  reports::ReportInput input() const;
};

// `runs` are selectors; none: the newest 20.
base::Result<ReportRows> report_rows(const std::string& database, const std::vector<std::string>& runs);

}  // namespace slmrig::cli
