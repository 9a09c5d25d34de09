#include "reports/markdown.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "harness/base/metrics.h"
#include "harness/gate/words.h"
#include "reports/sentence.h"

namespace slmrig::reports {
namespace {

using store::FindingRow;

constexpr std::size_t kMostFindings = 20;
constexpr std::size_t kMostRows = 20;
constexpr std::size_t kDateCharacters = 10;

std::string plain(std::string_view text) {
  std::string result;
  for (const char character : text) {
    if (std::string_view("\\`*_[]|#~").find(character) != std::string_view::npos) result += '\\';
    switch (character) {
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '&': result += "&amp;"; break;
      case '\n':
      case '\r': result += ' '; break;
      default: result += character;
    }
  }
  return result;
}

std::string span_text(std::string_view noun, const std::string& good, const std::string& bad) {
  if (good.empty() && bad.empty()) return {};
  const auto named = [](const std::string& name) { return name.empty() ? "(none given)" : plain(name); };
  if (good == bad) return fmt::format(", {} {}", noun, named(bad));
  return fmt::format(", {} {} … {}", noun, named(good), named(bad));
}

std::string finding_line(const std::vector<FindingRow>& findings, const analyse::FindingGroup& group) {
  const FindingRow& worst = findings[group.findings.front()];
  std::string text = fmt::format("- **{}**{}: {}: {} ({}). {}, since {}{}{}", to_string(worst.direction),
                                 worst.level == store::FindingLevel::kWatch ? " (to be watched)" : "",
                                 plain(finding_place(worst)), plain(finding_title(worst)),
                                 base::to_string(worst.series.tier), to_string(worst.state),
                                 utc_text(worst.onset_at_ns).substr(0, kDateCharacters),
                                 span_text("build", worst.last_good_build, worst.first_bad_build),
                                 span_text("commit", worst.last_good_commit, worst.first_bad_commit));
  text += worst.cause == store::FindingCause::kUnknown
              ? "; nothing that is recorded changed then"
              : fmt::format("; attributed to the {}", to_string(worst.cause));
  if (group.findings.size() > 1) text += fmt::format("; {} more series with it", group.findings.size() - 1);
  return text + "\n";
}

std::string findings_text(const ReportHistory& history) {
  const std::vector<FindingRow> findings = findings_of(history);
  std::string text;
  std::size_t shown = 0;
  std::size_t left_out = 0;
  for (const analyse::FindingGroup& group : analyse::group_findings(findings)) {
    if (findings[group.findings.front()].state == store::FindingState::kResolved) continue;
    if (shown == kMostFindings) {
      ++left_out;
    } else {
      text += finding_line(findings, group);
      ++shown;
    }
  }
  if (left_out > 0) text += fmt::format("- and {} more\n", left_out);
  return text.empty() ? "No change that statistics support.\n" : text;
}

// By what was to be measured there: a cell that failed leaves a dozen series without a figure.
std::string unmeasured_text(const ReportHistory& history) {
  std::map<std::string, std::size_t> places;
  for (const analyse::SeriesJudgement& judged : history.judgement->series) {
    if (judged.status != analyse::SeriesStatus::kUnmeasured) continue;
    const store::SeriesKey& key = judged.key;
    ++places[fmt::format("{}, {} {}{}{}", key.bench, key.model, key.variant, key.suite.empty() ? "" : ", ",
                         key.suite)];
  }
  std::string text;
  std::size_t shown = 0;
  for (const auto& [place, series] : places) {
    if (shown++ == kMostRows) break;
    text += fmt::format("- {}: {} series\n", plain(place), series);
  }
  if (places.size() > kMostRows) text += fmt::format("- and {} more\n", places.size() - kMostRows);
  return text;
}

std::string gate_text(const gate::GateReport& report) {
  std::string text = fmt::format("**Gate:** {}\n", plain(gate::headline(report)));
  std::string rows;
  std::size_t shown = 0;
  for (const gate::Row& row : report.rows) {
    if (!row.holds_back() || shown++ >= kMostRows) continue;
    const gate::Limit& limit = report.budgets.budgets[row.budget].limit;
    rows += fmt::format("| {} | {} | {} | {} | {} |\n", plain(gate::row_name(row)),
                        plain(gate::verdict_text(report, row)), plain(gate::figure_text(row)),
                        plain(gate::limit_text(report, row)), plain(gate::distance_text(row, limit)));
  }
  if (!rows.empty())
    text += "\n| row | verdict | figure | limit | distance |\n|---|---|---:|---:|---:|\n" + rows;
  if (shown > kMostRows) text += fmt::format("\nand {} more rows\n", shown - kMostRows);
  return text;
}

}  // namespace

std::string report_markdown(const ReportInput& input) {
  std::string text;
  if (input.history != nullptr) {
    text += fmt::format("# {}\n\n", plain(history_sentence(*input.history)));
    text += plain(report_sentence(input.runs)) + "\n";
  } else {
    text += fmt::format("# {}\n", plain(report_sentence(input.runs)));
  }
  if (input.gate != nullptr) text += "\n" + gate_text(*input.gate);
  if (input.history == nullptr) return text;
  text += "\n## Findings\n\n" + findings_text(*input.history);
  const std::string unmeasured = unmeasured_text(*input.history);
  if (!unmeasured.empty()) text += "\n## Could not be measured\n\n" + unmeasured;
  return text;
}

}  // namespace slmrig::reports
