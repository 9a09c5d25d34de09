#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/suggest.h"
#include "harness/gate/words.h"
#include "harness/gate/writers.h"

namespace slmrig::gate {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

// One of them suffices: a name recurs where several budgets limit it.
Result<const Row*> find_row(const GateReport& report, const std::string& id) {
  std::vector<const Row*> found;
  std::vector<std::string> known;
  for (const Row& row : report.rows) {
    known.push_back(row.id);
    if (!id.empty() && (row.id.starts_with(id) || row_name(row) == id)) found.push_back(&row);
  }
  if (found.empty()) return fail(ErrorCode::kBadInput, base::unknown_name("row", id, known), "--explain");
  if (found.size() == 1) return found.front();
  std::vector<std::string> names;
  for (const Row* row : found) {
    names.push_back(fmt::format("{} ({} {})", row->id, row_name(*row), limit_text(report, *row)));
  }
  return fail(ErrorCode::kBadInput,
              fmt::format("'{}' names {} rows: {}", id, found.size(), fmt::join(names, "; ")), "--explain");
}

void add_estimate(const std::string& title, const Estimate& estimate, const base::Metric& metric,
                  double confidence, std::string& text) {
  text += fmt::format("  {:<13} {}\n", title, value_text(estimate.value, metric));
  std::vector<std::string> sessions;
  for (const double value : estimate.of_sessions) sessions.push_back(value_text(value, metric));
  text += fmt::format("  sessions      {}: {}\n", estimate.sessions, fmt::join(sessions, ", "));
  text += fmt::format("  samples       {}\n", estimate.samples);
  text += fmt::format("  method        {}\n", estimate.method);
  if (estimate.exact) return;
  text += fmt::format("  bounds        {} to {}, each at {:g} %\n", value_text(estimate.low, metric),
                      value_text(estimate.high, metric), confidence * 100);
  if (estimate.degrees_of_freedom > 0) {
    text += fmt::format("  spread        {} between sessions{}\n",
                        value_text(estimate.standard_deviation, metric),
                        estimate.spread_from_history ? ", earlier nights included" : "");
  }
  if (estimate.systematic > 0) {
    text += fmt::format("  meter         known to {}, however often it measures\n",
                        value_text(estimate.systematic, metric));
  }
}

// The rule that the verdict follows, in its own numbers.
std::string formula(const Limit& limit, const Estimate& estimate, bool exact) {
  const bool at_most = limit.comparison == Comparison::kAtMost;
  const std::string sides = at_most ? "upper bound <= limit passes, lower bound > limit fails"
                                    : "lower bound >= limit passes, upper bound < limit fails";
  if (exact) return fmt::format("figure {} limit passes", to_string(limit.comparison));
  const std::string meter =
      estimate.systematic > 0 ? "; bounds are widened by what the meter is known to" : "";
  if (limit.release.empty()) return sides + meter;
  return fmt::format("bounds of figure - {:g} x that of {}, each from its own ({}){}; {} 0", limit.factor,
                     limit.release, "square root of the sum of squares", meter,
                     at_most ? "upper <= 0 passes, lower >" : "lower >= 0 passes, upper <");
}

void add_bench(const GateReport& report, const Row& row, const BenchResult& bench, std::string& text) {
  const Budget& budget = report.budgets.budgets[row.budget];
  const double confidence = report.budgets.confidence;
  text += fmt::format("\nbench {}{}: {}\n", bench.bench,
                      bench.units.empty() ? "" : fmt::format(" (unit {})", fmt::join(bench.units, ", ")),
                      to_string(bench.verdict));
  if (!bench.reason.empty()) text += fmt::format("  why           {}\n", bench.reason);
  if (bench.estimate) {
    add_estimate("figure", *bench.estimate, *row.metric, confidence, text);
    if (bench.release) add_estimate(budget.limit.release, *bench.release, *row.metric, confidence, text);
    text += fmt::format("  limit         {} {}\n", to_string(budget.limit.comparison),
                        value_text(bench.limit, *row.metric));
    const bool exact = bench.estimate->exact && (!bench.release || bench.release->exact);
    text += fmt::format("  formula       {}\n", formula(budget.limit, *bench.estimate, exact));
    if (!exact) text += fmt::format("  p             {:.3g}, were the limit met\n", bench.p_value);
    if (bench.detectable > 0 && std::isfinite(bench.detectable)) {
      text += fmt::format("  detectable    {} from the limit, with so many sessions and a power of 80 %\n",
                          value_text(bench.detectable, *row.metric));
    }
  }
  text += fmt::format("  session ids   {}\n", fmt::join(bench.session_ids, ", "));
}

}  // namespace

Result<std::string> gate_explanation(const GateReport& report, const std::string& id,
                                     const ExplainPlace& place) {
  SLMRIG_ASSIGN(const Row* const row, find_row(report, id));
  const Budget& budget = report.budgets.budgets[row->budget];
  std::string text = fmt::format("row {}: {}\n", row->id, row_name(*row));
  if (!row->settings.empty()) text += fmt::format("settings        {}\n", row->settings);
  text += fmt::format("tier            {}\n", base::to_string(row->tier));
  text += fmt::format("budget          {} of {}: {} {}\n", budget.place, report.budgets.file,
                      budget.metric->name, budget.limit.text);
  text += fmt::format("verdict         {}\n", verdict_text(report, *row));
  if (!row->reason.empty()) text += fmt::format("why             {}\n", row->reason);
  const std::string distance = distance_text(*row, budget.limit);
  if (!distance.empty()) text += fmt::format("distance        {} the limit\n", distance);
  if (row->q_value) {
    text += fmt::format(
        "q               {:.3g}: of the rows that fail as clearly, so many would meet their limit\n",
        *row->q_value);
  }
  if (row->benches.size() > 1) text += "The worst bench counts.\n";
  for (const BenchResult& bench : row->benches) add_bench(report, *row, bench, text);
  return text + fmt::format("\nagain           {} --explain {}\n", place.command, row->id);
}

}  // namespace slmrig::gate
