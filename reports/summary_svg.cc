#include "reports/summary_svg.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "harness/gate/words.h"
#include "reports/report_json.h"
#include "reports/sentence.h"

namespace slmrig::reports {
namespace {

using store::FindingRow;

constexpr int kWidth = 900;
constexpr int kEdge = 24;
constexpr int kRowHeight = 60;
constexpr int kLineWidth = 220;
constexpr int kLineHeight = 40;
constexpr std::size_t kMostFindings = 6;
constexpr std::size_t kTitleCharacters = 78;
constexpr std::size_t kRowCharacters = 84;
constexpr std::size_t kMostColumns = 2 * kLineWidth;

struct Ink {
  const char* mark;
  const char* colour;
};

// Never colour alone.
Ink ink_of(store::FindingDirection direction) {
  switch (direction) {
    case store::FindingDirection::kRegression: return {"✗", "#a8201a"};
    case store::FindingDirection::kImprovement: return {"✓", "#1a6b34"};
    case store::FindingDirection::kTrade: return {"⇄", "#7d5200"};
    case store::FindingDirection::kChange: return {"◆", "#7d5200"};
  }
  return {"◆", "#7d5200"};
}

// At most so many characters, never cut inside one.
std::string clipped(std::string_view text, std::size_t characters) {
  std::size_t seen = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xc0U) != 0x80U;
    if (begins && seen++ == characters) return std::string(text.substr(0, at)) + "…";
  }
  return std::string(text);
}

std::string text_at(int x, int y, int size, const char* style, std::string_view text) {
  return fmt::format("<text x=\"{}\" y=\"{}\" font-size=\"{}\" {}>{}</text>\n", x, y, size, style,
                     html_escaped(text));
}

// The sentence in as many lines as it needs, broken at spaces.
std::vector<std::string> lines_of(std::string_view text, std::size_t characters) {
  std::vector<std::string> lines;
  while (text.size() > characters) {
    std::size_t end = text.rfind(' ', characters);
    if (end == std::string_view::npos || end == 0) break;
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  lines.push_back(clipped(text, characters));
  return lines;
}

std::string line_of(const analyse::SeriesJudgement& judged, int top, const char* colour) {
  std::vector<double> values;
  for (const analyse::UnitSegment& segment : judged.nights.segments) {
    for (const double value : segment.values()) values.push_back(value);
  }
  if (values.size() > kMostColumns) values.erase(values.begin(), values.end() - kMostColumns);
  if (values.size() < 2) return {};
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  const double range = *greatest > *least ? *greatest - *least : 1;
  std::string points;
  for (std::size_t at = 0; at < values.size(); ++at) {
    const double x = kWidth - kEdge - kLineWidth +
                     static_cast<double>(at) * kLineWidth / static_cast<double>(values.size() - 1);
    const double y = top + kLineHeight - (values[at] - *least) / range * kLineHeight;
    points += fmt::format("{:.1f},{:.1f} ", x, y);
  }
  points.pop_back();
  return fmt::format("<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"1.6\" points=\"{}\"/>\n", colour,
                     points);
}

std::string finding_row(const ReportHistory& history, const FindingRow& finding, std::size_t others,
                        int top) {
  const Ink ink = ink_of(finding.direction);
  const std::string title =
      fmt::format("{} {}: {}", ink.mark, to_string(finding.direction), finding_title(finding));
  std::string where = fmt::format("{} ({}), {}", finding_place(finding), base::to_string(finding.series.tier),
                                  to_string(finding.state));
  if (finding.level == store::FindingLevel::kWatch) where += ", to be watched";
  if (others > 0) where += fmt::format(", and {} more series", others);
  std::string row =
      text_at(kEdge, top + 16, 16, fmt::format("font-weight=\"600\" fill=\"{}\"", ink.colour).c_str(),
              clipped(title, kRowCharacters - 10));
  row += text_at(kEdge, top + 38, 14, "fill=\"#59636b\"", clipped(where, kRowCharacters));
  for (const analyse::SeriesJudgement& judged : history.judgement->series) {
    if (judged.key == finding.series) return row + line_of(judged, top, ink.colour);
  }
  return row;
}

std::string gate_row(const gate::GateReport& gate, int top) {
  const bool passes = gate.outcome == gate::Outcome::kPass;
  const bool undecided = gate.outcome == gate::Outcome::kUndecided;
  const char* mark = passes ? "✓" : undecided ? "?" : "✗";
  const char* colour = passes ? "#1a6b34" : undecided ? "#7d5200" : "#a8201a";
  return text_at(kEdge, top, 16, fmt::format("font-weight=\"600\" fill=\"{}\"", colour).c_str(),
                 clipped(fmt::format("{} gate: {}", mark, gate::headline(gate)), kRowCharacters + 16));
}

std::string findings_rows(const ReportHistory& history, int& top) {
  const std::vector<FindingRow> findings = findings_of(history);
  std::string rows;
  std::size_t shown = 0;
  std::size_t left_out = 0;
  for (const analyse::FindingGroup& group : analyse::group_findings(findings)) {
    const FindingRow& worst = findings[group.findings.front()];
    if (worst.state == store::FindingState::kResolved) continue;
    if (shown++ >= kMostFindings) {
      ++left_out;
      continue;
    }
    rows += finding_row(history, worst, group.findings.size() - 1, top);
    top += kRowHeight;
  }
  if (left_out > 0) {
    rows += text_at(kEdge, top + 16, 14, "fill=\"#59636b\"", fmt::format("and {} more findings", left_out));
    top += kRowHeight / 2;
  }
  return rows;
}

}  // namespace

std::string summary_svg(const ReportInput& input) {
  const std::string sentence =
      input.history != nullptr ? history_sentence(*input.history) : report_sentence(input.runs);
  std::string body;
  int top = kEdge + 20;
  for (const std::string& line : lines_of(sentence, kTitleCharacters)) {
    body += text_at(kEdge, top, 20, "font-weight=\"600\" fill=\"#1b2126\"", line);
    top += 28;
  }
  if (input.history != nullptr) {
    for (const std::string& line : lines_of(report_sentence(input.runs), kRowCharacters + 30)) {
      body += text_at(kEdge, top, 13, "fill=\"#59636b\"", line);
      top += 20;
    }
  }
  if (input.gate != nullptr) {
    body += gate_row(*input.gate, top + 8);
    top += 34;
  }
  if (input.history != nullptr) body += findings_rows(*input.history, top);
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"system-ui, sans-serif\" role=\"img\">\n<title>{2}</title>\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"#fff\"/>\n{3}</svg>\n",
      kWidth, top + kEdge / 2, html_escaped(sentence), body);
}

}  // namespace slmrig::reports
