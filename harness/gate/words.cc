#include "harness/gate/words.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace slmrig::gate {
namespace {

constexpr double kPercent = 100;

// "1,234,567", "585,385.4".
std::string with_separators(double value) {
  const double rounded = std::round(std::abs(value) * 10) / 10;
  std::string text = fmt::format("{:.0f}", std::floor(rounded));
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  const double tenths = std::round((rounded - std::floor(rounded)) * 10);
  if (tenths > 0) text += fmt::format(".{:.0f}", tenths);
  return value < 0 ? "-" + text : text;
}

// Six digits: a figure that is beyond its limit never reads like it.
std::string number_text(double value, const base::Metric& metric) {
  if (std::isinf(value)) return value < 0 ? "-infinity" : "infinity";
  const bool counts = metric.unit == "bytes" || metric.unit == "instructions";
  if (counts) return with_separators(value);
  if (metric.unit == "ratio") return fmt::format("{:.6g}", value * kPercent);
  return fmt::format("{:.6g}", value);
}

std::string unit_text(const base::Metric& metric) {
  return metric.unit == "ratio" ? "%" : std::string(metric.unit);
}

const BenchResult* shown(const Row& row) {
  if (!row.worst) return nullptr;
  const BenchResult& bench = row.benches[*row.worst];
  return bench.estimate ? &bench : nullptr;
}

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

std::string value_text(double value, const base::Metric& metric) {
  return fmt::format("{} {}", number_text(value, metric), unit_text(metric));
}

std::string row_name(const Row& row) {
  std::string text = fmt::format("{} {} {}", row.board, row.model, row.variant);
  if (!row.suite.empty()) text += " " + row.suite;
  return fmt::format("{} {}", text, row.metric->name);
}

std::string figure_text(const Row& row) {
  const BenchResult* bench = shown(row);
  if (bench == nullptr) return "-";
  const Estimate& estimate = *bench->estimate;
  if (estimate.exact) return value_text(estimate.value, *row.metric);
  if (std::isinf(estimate.low) && std::isinf(estimate.high)) {
    return fmt::format("{} (interval not known)", value_text(estimate.value, *row.metric));
  }
  return fmt::format("{} ({} to {})", value_text(estimate.value, *row.metric),
                     number_text(estimate.low, *row.metric), number_text(estimate.high, *row.metric));
}

std::string limit_text(const GateReport& report, const Row& row) {
  const Limit& limit = report.budgets.budgets[row.budget].limit;
  if (limit.release.empty()) {
    return fmt::format("{} {}", to_string(limit.comparison), value_text(limit.value, *row.metric));
  }
  const BenchResult* bench = shown(row);
  if (bench == nullptr || !bench->release) return limit.text;
  return fmt::format("{} = {}", limit.text, value_text(bench->limit, *row.metric));
}

std::string distance_text(const Row& row, const Limit& limit) {
  const BenchResult* bench = shown(row);
  if (bench == nullptr || bench->limit == 0) return {};
  const bool at_most = limit.comparison == Comparison::kAtMost;
  const double beyond = (bench->estimate->value - bench->limit) * (at_most ? 1 : -1) / std::abs(bench->limit);
  if (beyond == 0) return "at the limit";
  return fmt::format("{:.3g} % {}", std::abs(beyond) * kPercent, beyond > 0 ? "beyond" : "within");
}

std::string verdict_text(const GateReport& report, const Row& row) {
  std::string text(to_string(row.verdict));
  if (row.waiver) {
    const Waiver& waiver = report.budgets.waivers[*row.waiver];
    if (row.waived) text += fmt::format(" (waived until {}: {})", waiver.expires, waiver.issue);
    if (row.lapsed) text += fmt::format(" (waiver of {} lapsed on {})", waiver.owner, waiver.expires);
    if (!row.waived && !row.lapsed)
      text += fmt::format(" (beyond its waiver's ceiling, {})", waiver.ceiling.text);
  }
  if (row.excused) text += " (excused by coverage)";
  return text;
}

std::string headline(const GateReport& report) {
  std::vector<std::string> parts;
  for (const Verdict verdict :
       {Verdict::kFail, Verdict::kSystematicLimited, Verdict::kUnmeasurable, Verdict::kInconclusive,
        Verdict::kUntrusted, Verdict::kMissing, Verdict::kPass}) {
    if (const std::size_t count = report.count(verdict))
      parts.push_back(fmt::format("{} {}", count, to_string(verdict)));
  }
  std::size_t waived = 0;
  for (const Row& row : report.rows) waived += row.waived ? 1 : 0;
  if (waived > 0) parts.push_back(fmt::format("{} of them waived", waived));
  const auto strange = std::count_if(report.artifacts.begin(), report.artifacts.end(),
                                     [](const Artifact& artifact) { return !artifact.measured; });
  if (strange > 0)
    parts.push_back(counted(static_cast<std::size_t>(strange), "artifact") + " not as measured");
  return fmt::format("{}: {} of {}: {}", to_string(report.outcome), counted(report.rows.size(), "row"),
                     counted(report.budgets.budgets.size(), "budget"), fmt::join(parts, ", "));
}

std::vector<std::string> remarks(const GateReport& report) {
  std::vector<std::string> lines;
  for (const Coverage& coverage : report.coverage) {
    if (coverage.silent.empty()) continue;
    const Budget& budget = report.budgets.budgets[coverage.budget];
    lines.push_back(fmt::format("{} ({} {}): {} of {} benches answered, {:.0f} % are asked for{}; silent: {}",
                                budget.place, budget.metric->name, budget.limit.text,
                                coverage.expected.size() - coverage.silent.size(), coverage.expected.size(),
                                budget.coverage * kPercent, coverage.met ? "" : ", so it is not decided",
                                fmt::join(coverage.silent, ", ")));
  }
  for (std::size_t i = 0; i < report.waivers.size(); ++i) {
    const Waiver& waiver = report.budgets.waivers[i];
    const WaiverState& state = report.waivers[i];
    if (state.note.empty() && !state.lapsed) continue;
    const std::string row = fmt::format("{} {} {}{}{} {}", waiver.board, waiver.model, waiver.variant,
                                        waiver.suite.empty() ? "" : " ", waiver.suite, waiver.metric);
    std::string text = fmt::format("{} ({}, {}, owner {})", waiver.place, row, waiver.issue, waiver.owner);
    if (state.lapsed)
      text += fmt::format(" lapsed on {}: extend it with a reason, or take it out", waiver.expires);
    if (!state.note.empty()) {
      text += fmt::format("{}{}", state.lapsed ? "; " : state.used ? ": " : " is unused: ", state.note);
    }
    lines.push_back(std::move(text));
  }
  for (const Artifact& artifact : report.artifacts) {
    lines.push_back(artifact.measured
                        ? fmt::format("artifact {}: measured ({})", artifact.file, artifact.what)
                        : fmt::format("artifact {}: fail: not what was measured (SHA-256 {})", artifact.file,
                                      artifact.sha256));
  }
  lines.insert(lines.end(), report.notes.begin(), report.notes.end());
  return lines;
}

}  // namespace slmrig::gate
