#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/gate/words.h"
#include "harness/gate/writers.h"

namespace slmrig::gate {
namespace {

// XML 1.0 has no other control characters than these three, escaped or not.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      case '\n': result += "&#10;"; break;
      case '\t': result += "&#9;"; break;
      default: result += static_cast<unsigned char>(c) < 0x20U ? ' ' : c;
    }
  }
  return result;
}

enum class CaseKind { kGood, kFailure, kError, kSkipped };

CaseKind kind_of(const Row& row) {
  if (row.verdict == Verdict::kPass) return CaseKind::kGood;
  if (row.waived || row.excused) return CaseKind::kSkipped;
  return row.verdict == Verdict::kFail ? CaseKind::kFailure : CaseKind::kError;
}

std::string message_of(const GateReport& report, const Row& row) {
  const std::string reason = row.reason.empty() ? "" : ": " + row.reason;
  return fmt::format("{}: {}, limit {}{}", verdict_text(report, row), figure_text(row),
                     limit_text(report, row), reason);
}

// A passing case has no content: the schema of Ant allows none.
std::string case_text(const GateReport& report, const Row& row) {
  const std::string head = fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"0\"",
                                       escaped(fmt::format("{}.{}", row.board, row.metric->name)),
                                       escaped(fmt::format("{} [{}]", row_name(row), row.id)));
  const std::string message = escaped(message_of(report, row));
  switch (kind_of(row)) {
    case CaseKind::kGood: return head + "/>\n";
    case CaseKind::kSkipped: return fmt::format("{}><skipped message=\"{}\"/></testcase>\n", head, message);
    case CaseKind::kFailure:
      return fmt::format("{}><failure type=\"{}\" message=\"{}\">{}</failure></testcase>\n", head,
                         to_string(row.verdict), message, message);
    case CaseKind::kError:
      return fmt::format("{}><error type=\"{}\" message=\"{}\">{}</error></testcase>\n", head,
                         to_string(row.verdict), message, message);
  }
  return {};
}

struct Counts {
  std::size_t tests = 0;
  std::size_t failures = 0;
  std::size_t errors = 0;
  std::size_t skipped = 0;

  void add(CaseKind kind) {
    ++tests;
    failures += kind == CaseKind::kFailure ? 1 : 0;
    errors += kind == CaseKind::kError ? 1 : 0;
    skipped += kind == CaseKind::kSkipped ? 1 : 0;
  }
};

// `output`: a line for each case, which is where figures of passing ones stand.
std::string suite_text(const GateReport& report, std::size_t number, const std::string& name,
                       const Counts& counts, const std::string& cases, const std::string& output) {
  // Ant's schema wants a host and a time without a zone; which host judged means nothing.
  constexpr std::size_t kSecondsOfUtc = 19;
  const std::string time = base::utc_text(report.judged_at_ns).substr(0, kSecondsOfUtc);
  return fmt::format(
      "  <testsuite name=\"{}\" package=\"slmrig.gate\" id=\"{}\" timestamp=\"{}\" hostname=\"localhost\" "
      "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"0\">\n    <properties/>\n{}"
      "    <system-out>{}</system-out>\n    <system-err/>\n  </testsuite>\n",
      escaped(name), number, time, counts.tests, counts.failures, counts.errors, counts.skipped, cases,
      escaped(output));
}

// What holds a release back and is no row: a lapsed waiver, coverage, an unfinished run.
std::string other_cases(const GateReport& report, Counts& counts) {
  std::string cases;
  const auto add = [&](CaseKind kind, const std::string& name, const std::string& message) {
    counts.add(kind);
    const std::string_view tag = kind == CaseKind::kFailure ? "failure" : "error";
    cases += fmt::format(
        "    <testcase classname=\"gate\" name=\"{}\" time=\"0\"><{} type=\"gate\" "
        "message=\"{}\"/></testcase>\n",
        escaped(name), tag, escaped(message));
  };
  for (std::size_t i = 0; i < report.waivers.size(); ++i) {
    const Waiver& waiver = report.budgets.waivers[i];
    if (report.waivers[i].lapsed) {
      add(CaseKind::kError, waiver.place,
          fmt::format("the waiver of {} ({}) lapsed on {}", waiver.owner, waiver.issue, waiver.expires));
    }
  }
  for (const Coverage& coverage : report.coverage) {
    if (coverage.met || coverage.expected.empty()) continue;
    const Budget& budget = report.budgets.budgets[coverage.budget];
    add(CaseKind::kError, budget.place + " coverage",
        fmt::format("{} of {} benches did not answer", coverage.silent.size(), coverage.expected.size()));
  }
  for (const Artifact& artifact : report.artifacts) {
    if (!artifact.measured) {
      add(CaseKind::kFailure, artifact.file,
          fmt::format("not what was measured (SHA-256 {})", artifact.sha256));
    }
  }
  for (const std::string& note : report.notes) add(CaseKind::kError, "run", note);
  return cases;
}

}  // namespace

std::string gate_junit(const GateReport& report) {
  std::string suites;
  for (std::size_t i = 0; i < report.budgets.budgets.size(); ++i) {
    const Budget& budget = report.budgets.budgets[i];
    Counts counts;
    std::string cases;
    std::string output;
    for (const Row& row : report.rows) {
      if (row.budget != i) continue;
      counts.add(kind_of(row));
      cases += case_text(report, row);
      output += fmt::format("{} [{}] {}\n", row_name(row), row.id, message_of(report, row));
    }
    const std::string own = fmt::format("{} {} {}", budget.what(), budget.metric->name, budget.limit.text);
    suites += suite_text(report, i, budget.name.empty() ? own : budget.name, counts, cases, output);
  }
  Counts others;
  const std::string cases = other_cases(report, others);
  if (others.tests > 0) {
    suites += suite_text(report, report.budgets.budgets.size(), "gate", others, cases, headline(report));
  }
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n" + suites + "</testsuites>\n";
}

}  // namespace slmrig::gate
