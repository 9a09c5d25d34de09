#include <algorithm>

#include <fmt/format.h>

#include "harness/gate/words.h"
#include "harness/gate/writers.h"

namespace slmrig::gate {
namespace {

// A cell of a table: nothing in it ends the cell, begins a link or is taken for HTML.
std::string cell(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '|': result += "\\|"; break;
      case '\n': result += ' '; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '&': result += "&amp;"; break;
      case '*':
      case '_':
      case '`':
      case '[':
      case ']':
        result += '\\';
        result += c;
        break;
      default: result += c;
    }
  }
  return result;
}

std::string table(const GateReport& report, const std::vector<const Row*>& rows) {
  std::string text =
      "| row | verdict | board | model | variant | suite | metric | figure | limit | why |\n"
      "|---|---|---|---|---|---|---|---:|---:|---|\n";
  for (const Row* row : rows) {
    const Limit& limit = report.budgets.budgets[row->budget].limit;
    std::string why = distance_text(*row, limit);
    if (!row->reason.empty()) why += (why.empty() ? "" : "; ") + row->reason;
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", row->id,
                        cell(verdict_text(report, *row)), cell(row->board), cell(row->model),
                        cell(row->variant), cell(row->suite), cell(row->metric->name),
                        cell(figure_text(*row)), cell(limit_text(report, *row)), cell(why));
  }
  return text;
}

}  // namespace

std::string gate_markdown(const GateReport& report) {
  std::vector<const Row*> holding;
  std::vector<const Row*> others;
  for (const Row& row : report.rows) (row.holds_back() ? holding : others).push_back(&row);
  std::stable_sort(holding.begin(), holding.end(),
                   [](const Row* left, const Row* right) { return left->verdict > right->verdict; });
  std::string text =
      fmt::format("### slmrig gate: {}\n\n{}\n", to_string(report.outcome), cell(headline(report)));
  if (!holding.empty()) text += "\n" + table(report, holding);
  const std::vector<std::string> lines = remarks(report);
  if (!lines.empty()) text += "\n";
  for (const std::string& line : lines) text += fmt::format("- {}\n", cell(line));
  if (!others.empty()) {
    text += fmt::format("\n<details><summary>{} rows that let through</summary>\n\n{}\n</details>\n",
                        others.size(), table(report, others));
  }
  return text;
}

}  // namespace slmrig::gate
