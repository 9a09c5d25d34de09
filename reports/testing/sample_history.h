// Histories to make reports of, in tests: three boards night by night, with a slower kernel, a faster one, a
// swapped board, one that is new and one that was not measured. The same options give the same history.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/analyse/findings.h"
#include "harness/store/history.h"
#include "reports/history_json.h"

namespace slmrig::reports {

struct SampleHistoryOptions {
  std::size_t nights = 90;
  int64_t newest_at_ns = 1'767'225'600'000'000'000;  // 2026-01-01 00:00 UTC
  std::string newest_run_id;  // of a run whose record is in the page; empty: like the others
};

// History, judgement, releases and budgets together; history and judgement stay where they are, so that
// input() may point to them.
class SampleHistory {
 public:
  SampleHistory(store::History history, std::vector<PinnedRun> releases,
                std::map<store::SeriesKey, BudgetLine> budgets);
  ReportHistory input() const;
  const store::History& history() const { return history_; }
  const analyse::NightJudgement& judgement() const { return judgement_; }

 private:
  store::History history_;
  analyse::NightJudgement judgement_;
  std::vector<PinnedRun> releases_;
  std::map<store::SeriesKey, BudgetLine> budgets_;
};

SampleHistory sample_history(const SampleHistoryOptions& options = {});

// One series of one point.
SampleHistory smallest_history();

// One series of so many points, one of them, after a third, far above all others: what a chart can bear.
SampleHistory long_history(std::size_t nights);

// A thousand boards; names of 200 characters in several scripts and of markup; values from 1e-12 to 1e12, not
// a number, infinite, all the same, and none.
SampleHistory hostile_history();

}  // namespace slmrig::reports
