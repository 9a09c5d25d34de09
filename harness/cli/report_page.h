// From a database to the report's page: the same for `slmrig report` and `slmrig serve`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/cli/report_history.h"
#include "harness/gate/verdict.h"
#include "harness/store/rows.h"
#include "reports/report.h"

namespace slmrig::cli {

struct ReportQuestion {
  std::vector<std::string> runs;              // selectors; none: the newest 100
  std::optional<int64_t> since_ns;            // nights since then; absent: all
  std::string budgets;                        // file; empty: no gate
  std::string baseline;                       // the release that 'baseline' in a limit means
  std::vector<gate::Condition> conditions{};  // that variants of the newest run must meet; none: not asked
};

// What a report is made of. `input` looks at it.
struct ReportRows {
  std::vector<store::RunData> runs;
  std::size_t left_out = 0;
  // Null: no run has series values (a database of an older version). It stays where it is when this is moved.
  std::shared_ptr<const LoadedHistory> history = nullptr;
  std::shared_ptr<const reports::ReportHistory> history_view = nullptr;
  std::optional<gate::GateReport> gate;  // absent: no budgets were asked for
  std::optional<reports::Acceptances> acceptances{};

  reports::ReportInput input() const;
};

base::Result<ReportRows> report_rows(const std::string& database, const ReportQuestion& question);

}  // namespace slmrig::cli
