#include "harness/cli/summary.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "harness/cli/figures.h"
#include "harness/cli/footnotes.h"
#include "harness/cli/text_table.h"

namespace slmrig::cli {
namespace {

using analyse::CellSummary;
using store::CostUnit;

// What the figures of a tier are, in words that stand above them.
std::string tier_text(const CellSummary& cell) {
  switch (cell.cost_unit) {
    case CostUnit::kNanoseconds: return fmt::format("tier {}: times", base::to_string(cell.tier));
    case CostUnit::kInstructions:
      return fmt::format("tier {}: counts of instructions, not times", base::to_string(cell.tier));
    case CostUnit::kNone: return fmt::format("tier {}: answers only", base::to_string(cell.tier));
  }
  return {};
}

std::string rate_text(const CellSummary& cell) {
  if (cell.cost_unit == CostUnit::kInstructions) {
    return cell.token_cost_mean ? count_text(*cell.token_cost_mean) : kNothing;
  }
  return cell.decode_tokens_per_s ? count_text(*cell.decode_tokens_per_s) : kNothing;
}

std::vector<std::string> figures_of(const CellSummary& cell, bool with_fallbacks) {
  const auto cost = [&](const std::optional<double>& value) { return cost_text(value, cell.cost_unit); };
  const auto memory = cell.memory_peak_bytes
                          ? std::optional<double>(static_cast<double>(*cell.memory_peak_bytes))
                          : std::nullopt;
  std::vector<std::string> figures = {cost(cell.cold_start.total_cost_p50),
                                      cost(cell.ttft_cost_p50),
                                      cost(cell.token_cost_p50),
                                      cost(cell.token_cost_p95),
                                      cost(cell.token_cost_p99),
                                      cost(cell.token_cost_max),
                                      rate_text(cell),
                                      bytes_text(memory),
                                      share_text(cell.accuracy()),
                                      cell.checked == 0 ? kNothing : fmt::format("{}", cell.checked),
                                      share_text(cell.reference_agreement())};
  if (with_fallbacks) figures.push_back(fmt::format("{}", cell.fallbacks()));
  return figures;
}

TextTable empty_table(CostUnit unit, bool with_fallbacks) {
  const Align right = Align::kRight;
  std::vector<Column> columns = {
      {"model"},         {""},
      {"suite"},         {"cold", right},
      {"ttft", right},   {"p50", right},
      {"p95", right},    {"p99", right},
      {"max", right},    {unit == CostUnit::kInstructions ? "a tok" : "tok/s", right},
      {"memory", right}, {"right", right},
      {"of", right},     {"=host", right}};
  if (with_fallbacks) columns.push_back({"fallback", right});
  columns.push_back({""});
  return TextTable(std::move(columns));
}

// "left, board mps2-an386, unit virtual-0001, tier emulated: ...". A cell that failed early knows no unit.
std::string bench_title(const std::vector<CellSummary>& cells) {
  const CellSummary& first = cells.front();
  const auto known =
      std::find_if(cells.begin(), cells.end(), [](const CellSummary& cell) { return !cell.unit_id.empty(); });
  const std::string unit = known == cells.end() ? "" : fmt::format(", unit {}", known->unit_id);
  const std::string board = first.board == first.bench ? "" : fmt::format(", board {}", first.board);
  return fmt::format("{}{}{}, {}\n", first.bench, board, unit, tier_text(first));
}

bool by_name(const CellSummary& left, const CellSummary& right) {
  return std::tie(left.model, left.variant, left.suite, left.settings, left.session_ordinal) <
         std::tie(right.model, right.variant, right.suite, right.settings, right.session_ordinal);
}

// Suites of a session that was not measured for one reason: said once.
bool ended_alike(const CellSummary& left, const CellSummary& right) {
  return left.status != base::CellStatus::kOk && left.session_id == right.session_id &&
         left.status == right.status && left.reason == right.reason;
}

// `suites` are those that the row speaks of.
void append_row(const CellSummary& cell, const std::string& suites, bool with_fallbacks, Footnotes& notes,
                TextTable& table) {
  // The first session goes without a number: most plans have no second one.
  const std::string session = cell.session_ordinal == 0 ? "" : fmt::format("#{}", cell.session_ordinal + 1);
  std::vector<std::string> row = {cell.model, cell.variant + session, suites};
  if (cell.status != base::CellStatus::kOk) {
    table.add_note_row(std::move(row), fmt::format("{}: {}", base::to_string(cell.status), cell.reason));
    return;
  }
  for (std::string& figure : figures_of(cell, with_fallbacks)) row.push_back(std::move(figure));
  row.push_back(notes.mark(cell.doubts));
  table.add_row(std::move(row));
}

}  // namespace

std::string summary_text(const std::vector<CellSummary>& cells) {
  // Real boards first; within a tier by name.
  std::set<std::pair<base::Tier, std::string>> benches;
  for (const CellSummary& cell : cells) benches.emplace(cell.tier, cell.bench);
  Footnotes notes;
  std::string text;
  for (const auto& [tier, bench] : benches) {
    std::vector<CellSummary> of_bench;
    std::copy_if(cells.begin(), cells.end(), std::back_inserter(of_bench),
                 [&name = bench](const CellSummary& cell) { return cell.bench == name; });
    std::stable_sort(of_bench.begin(), of_bench.end(), by_name);
    const CellSummary& first = of_bench.front();
    text += bench_title(of_bench);
    const bool with_fallbacks = std::any_of(of_bench.begin(), of_bench.end(),
                                            [](const CellSummary& cell) { return cell.fallbacks() > 0; });
    TextTable table = empty_table(first.cost_unit, with_fallbacks);
    for (std::size_t at = 0, next = 0; at < of_bench.size(); at = next) {
      next = at + 1;
      while (next < of_bench.size() && ended_alike(of_bench[at], of_bench[next])) ++next;
      append_row(of_bench[at], next - at == 1 ? of_bench[at].suite : fmt::format("{} suites", next - at),
                 with_fallbacks, notes, table);
    }
    text += table.text() + "\n";
  }
  return text + notes.text();
}

std::string cells_text(const store::RunRow& run) {
  std::string text = fmt::format("{} ok", run.cells_ok);
  const auto add = [&](uint32_t count, const char* status) {
    if (count != 0) text += fmt::format(", {} {}", count, status);
  };
  add(run.cells_failed, "failed");
  add(run.cells_unfit, "unfit");
  add(run.cells_not_applicable, "not applicable");
  add(run.cells_interrupted, "interrupted");
  return text;
}

std::string short_id(const std::string& run_id) {
  // Time in milliseconds: 48 bits and a dash.
  constexpr std::size_t kTimeCharacters = 13;
  return run_id.substr(0, kTimeCharacters);
}

}  // namespace slmrig::cli
