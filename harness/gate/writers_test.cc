#include "harness/gate/writers.h"

#include <cctype>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/gate/rows_for_test.h"
#include "harness/gate/words.h"

namespace slmrig::gate {
namespace {

using Catch::Matchers::Contains;

// One row of each kind, names as hostile as they come.
GateReport sample_report() {
  const BudgetFile budgets = budgets_of(
      R"({"name": "<b> & \"co\"", "metric": "memory_peak_bytes", "limit": "<= 100 kB", "coverage": 0.5},
         {"metric": "decode_tokens_per_s", "limit": ">= 100"},
         {"metric": "accuracy", "limit": ">= 0.9"})",
      R"(, "waivers": [{"board": "<script>|`x`", "model": "nano", "variant": "int8", "suite": "intents",
          "metric": "accuracy", "ceiling": ">= 0.8", "expires": "2099-01-01", "issue": "Q-1 % 2,3:4",
          "reason": "r", "owner": "kim"}])");
  SessionSketch hostile;
  hostile.board = "<script>|`x`";
  GateSession first = with_value(sketch_session(hostile), "memory_peak_bytes", 90'000);
  first = with_value(first, "decode_tokens_per_s", 50);
  first = with_value(first, "accuracy", 0.85);
  SessionSketch other;
  other.id = "s2";
  other.board = other.bench = "second";
  GateSession second = with_value(sketch_session(other), "memory_peak_bytes", 100'001);
  second = with_value(second, "accuracy", 1.0);
  SessionSketch dead;
  dead.id = "s3";
  dead.board = dead.bench = "dead\nboard\x01";
  GateSession third = sketch_session(dead);
  third.cells[0].status = base::CellStatus::kFailed;
  third.cells[0].reason = "no banner <in 3 s>";
  return evaluated(budgets, {first, second, third});
}

// Whether tags are balanced and text holds nothing that must be escaped: enough of XML for what we write.
bool is_well_formed(const std::string& text) {
  std::vector<std::string> open;
  std::size_t at = text.find("?>") + 2;
  while (at < text.size()) {
    const std::size_t tag = text.find('<', at);
    if (tag == std::string::npos) break;
    const std::size_t end = text.find('>', tag);
    if (end == std::string::npos || text.find('<', tag + 1) < end) return false;
    const std::string inner = text.substr(tag + 1, end - tag - 1);
    const std::string name = inner.substr(0, inner.find(' '));
    if (inner.starts_with("/")) {
      if (open.empty() || open.back() != inner.substr(1)) return false;
      open.pop_back();
    } else if (!inner.ends_with("/")) {
      open.push_back(name);
    }
    at = end + 1;
  }
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20U && c != '\n') return false;
  }
  return open.empty();
}

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

TEST_CASE("JUnit: failures fail, what is not decided is an error, what is waived is skipped") {
  const std::string xml = gate_junit(sample_report());
  INFO(xml);
  CHECK(is_well_formed(xml));
  CHECK(count_of(xml, "<testsuite ") == 4);     // of each budget, and one of what is no row
  CHECK(count_of(xml, "<testcase ") == 9 + 2);  // coverage that is not met, twice
  CHECK(count_of(xml, "<failure ") == 1);
  CHECK(count_of(xml, "<skipped ") >= 2);  // waived accuracy, excused memory of the dead board
  CHECK_THAT(xml, Contains("&lt;script&gt;") && !Contains("<script>"));
  CHECK_THAT(xml, Contains("no banner &lt;in 3 s&gt;"));
}

TEST_CASE("JSON has every row, and what a row says is what people read") {
  const GateReport report = sample_report();
  const nlohmann::json json = nlohmann::json::parse(gate_json(report));
  CHECK(json["outcome"] == to_string(report.outcome));
  CHECK(json["headline"] == headline(report));
  REQUIRE(json["rows"].size() == report.rows.size());
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    CHECK(json["rows"][i]["id"] == report.rows[i].id);
    CHECK(json["rows"][i]["verdict_text"] == verdict_text(report, report.rows[i]));
    CHECK(json["rows"][i]["figure_text"] == figure_text(report.rows[i]));
  }
}

TEST_CASE("No output contradicts another: verdicts stand everywhere alike") {
  const GateReport report = sample_report();
  const std::string markdown = gate_markdown(report);
  const std::string github = gate_github(report);
  const std::string junit = gate_junit(report);
  const nlohmann::json gitlab = nlohmann::json::parse(gate_gitlab(report));
  CHECK_THAT(markdown, Contains(std::string(to_string(report.outcome))));
  CHECK_THAT(github, Contains(headline(report)));
  std::size_t not_passed = 0;
  for (const Row& row : report.rows) {
    INFO(row_name(row));
    CHECK_THAT(markdown, Contains(row.id));
    CHECK_THAT(junit, Contains("[" + row.id + "]"));
    if (row.verdict != Verdict::kPass) ++not_passed;
  }
  CHECK(gitlab.size() == not_passed);
  CHECK(count_of(github, "::error") ==
        report.count(Verdict::kFail) + 1 - 1);  // one is waived, the headline is one
}

TEST_CASE("Annotations keep each to its line") {
  const std::string github = gate_github(sample_report());
  CHECK_THAT(github, Contains("%2C") && Contains("%3A"));
  std::size_t at = 0;
  while (at < github.size()) {
    CHECK(github.compare(at, 2, "::") == 0);
    at = github.find('\n', at) + 1;
  }
}

TEST_CASE("Markdown's tables hold what names hold") {
  const std::string markdown = gate_markdown(sample_report());
  CHECK_THAT(markdown, Contains("&lt;script&gt;\\|\\`x\\`") && !Contains("<script>"));
}

TEST_CASE("A row explains itself, by its id or the beginning of it") {
  const GateReport report = sample_report();
  const Row& row = report.rows.front();
  const auto text = gate_explanation(report, row.id, {"slmrig gate --budgets b.json"});
  REQUIRE(text);
  CHECK_THAT(*text, Contains("memory_peak_bytes <= 100 kB") && Contains("formula") && Contains("samples") &&
                        Contains("slmrig gate --budgets b.json --explain " + row.id));
  const auto none = gate_explanation(report, "zzz", {});
  REQUIRE(!none);
  CHECK(none.error().code == base::ErrorCode::kBadInput);
  CHECK(!gate_explanation(report, "", {}));
}

}  // namespace
}  // namespace slmrig::gate
