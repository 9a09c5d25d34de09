#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "harness/gate/words.h"
#include "harness/gate/writers.h"

namespace slmrig::gate {
namespace {

// Data of workflow commands: '%' and line ends are escaped; in properties ':' and ',' as well.
std::string github_text(std::string_view text, bool property) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '%': result += "%25"; break;
      case '\r': result += "%0D"; break;
      case '\n': result += "%0A"; break;
      case ':': result += property ? "%3A" : ":"; break;
      case ',': result += property ? "%2C" : ","; break;
      default: result += c;
    }
  }
  return result;
}

std::string description(const GateReport& report, const Row& row) {
  const std::string reason = row.reason.empty() ? "" : ": " + row.reason;
  return fmt::format("{}: {}, {}, limit {}{}", row_name(row), verdict_text(report, row), figure_text(row),
                     limit_text(report, row), reason);
}

bool is_shown(const Row& row) { return row.verdict != Verdict::kPass; }

}  // namespace

std::string gate_github(const GateReport& report) {
  std::string text;
  const auto add = [&](std::string_view kind, std::string_view title, std::string_view message) {
    text += fmt::format("::{} file={},title={}::{}\n", kind, github_text(report.budgets.file, true),
                        github_text(title, true), github_text(message, false));
  };
  for (const Row& row : report.rows) {
    if (!is_shown(row)) continue;
    const bool fails = row.verdict == Verdict::kFail && row.holds_back();
    add(fails              ? "error"
        : row.holds_back() ? "warning"
                           : "notice",
        fmt::format("slmrig gate: {}", verdict_text(report, row)), description(report, row));
  }
  for (const std::string& remark : remarks(report)) add("notice", "slmrig gate", remark);
  add(report.outcome == Outcome::kPass ? "notice" : "error", "slmrig gate", headline(report));
  return text;
}

std::string gate_gitlab(const GateReport& report) {
  nlohmann::ordered_json entries = nlohmann::ordered_json::array();
  for (const Row& row : report.rows) {
    if (!is_shown(row)) continue;
    const bool fails = row.verdict == Verdict::kFail && row.holds_back();
    nlohmann::ordered_json entry;
    entry["description"] = description(report, row);
    entry["check_name"] = fmt::format("slmrig gate {}", row.metric->name);
    entry["fingerprint"] = row.id;
    entry["severity"] = fails ? "critical" : row.holds_back() ? "major" : "info";
    entry["location"] = {{"path", report.budgets.file}, {"lines", {{"begin", 1}}}};
    entries.push_back(std::move(entry));
  }
  constexpr int kIndent = 2;
  return entries.dump(kIndent, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace slmrig::gate
