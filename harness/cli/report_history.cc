#include "harness/cli/report_history.h"

#include <charconv>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/campaign/gate_input.h"
#include "harness/gate/budget.h"
#include "harness/gate/evaluate.h"
#include "harness/store/findings.h"
#include "harness/store/quarantine.h"
#include "harness/store/releases.h"

namespace slmrig::cli {

reports::ReportHistory LoadedHistory::view() const {
  reports::ReportHistory view;
  view.history = &history;
  view.judgement = &judgement;
  view.findings = findings;
  view.releases = releases;
  view.budgets = budgets;
  view.quarantined = quarantined;
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
  SLMRIG_ASSIGN(loaded.quarantined, store::quarantined_benches(database));
  return {};
}

base::Result<int64_t> parse_since(const std::string& text, int64_t now_ns) {
  constexpr int64_t kNsPerDay = 86'400'000'000'000;
  constexpr int kMostDays = 36'500;
  const char* end = text.data() + text.size();
  int first = 0;
  const auto days = std::from_chars(text.data(), end, first);
  if (days.ec == std::errc() && days.ptr + 1 == end && *days.ptr == 'd' && first > 0 && first <= kMostDays) {
    return now_ns - first * kNsPerDay;
  }
  unsigned month = 0;
  unsigned day = 0;
  if (days.ec == std::errc() && text.size() == 10 && text[4] == '-' && text[7] == '-') {
    std::from_chars(text.data() + 5, text.data() + 7, month);
    std::from_chars(text.data() + 8, end, day);
    const std::chrono::year_month_day date{std::chrono::year(first), std::chrono::month(month),
                                           std::chrono::day(day)};
    if (date.ok()) return std::chrono::sys_days(date).time_since_epoch().count() * kNsPerDay;
  }
  return base::fail(base::ErrorCode::kBadInput,
                    fmt::format("--since {}: expected a date (2026-03-14) or a number of days (90d)", text));
}

base::Result<gate::GateReport> gate_newest_run(store::Reader& reader, const ReportGate& question) {
  SLMRIG_ASSIGN(const gate::BudgetFile budgets, gate::load_budgets(question.budgets));
  campaign::GateQuestion asked;
  asked.runs = {question.run};
  asked.baseline = question.baseline;
  asked.now_ns = base::utc_now_ns();
  SLMRIG_ASSIGN(const gate::GateInput input, campaign::read_gate_input(reader, budgets, asked));
  return gate::evaluate(budgets, input);
}

void add_budget_lines(const gate::GateReport& report, LoadedHistory& history) {
  for (const gate::Row& row : report.rows) {
    if (row.metric == nullptr) continue;
    const gate::Limit& limit = report.budgets.budgets[row.budget].limit;
    for (const gate::BenchResult& bench : row.benches) {
      if (!bench.estimate) continue;
      for (const store::Series& series : history.history.series) {
        const store::SeriesKey& key = series.key;
        const bool same = key.bench == bench.bench && key.model == row.model && key.variant == row.variant &&
                          key.suite == row.suite && key.settings == row.settings &&
                          key.metric == row.metric->name && key.tier == row.tier;
        if (!same) continue;
        history.budgets[key] = {row.id, std::string(gate::to_string(limit.comparison)), bench.limit,
                                std::string(gate::to_string(bench.verdict))};
      }
    }
  }
}

}  // namespace slmrig::cli
