#include "reports/history_json.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <set>

#include "harness/base/file.h"
#include "reports/packed_integers.h"
#include "reports/report_json.h"
#include "reports/testing/sample_history.h"
#include "reports/testing/sample_run.h"
#include "reports/testing/schema_checker.h"

namespace slmrig::reports {
namespace {

nlohmann::json written(const SampleHistory& sample, std::span<const store::RunData> runs = {}) {
  const ReportHistory history = sample.input();
  ReportInput input;
  input.runs = runs;
  input.history = &history;
  return nlohmann::json::parse(script_safe_text(report_json(input)));
}

std::string problem_of(const nlohmann::json& report) {
  return schema_problem(report, nlohmann::json::parse(base::read_text("reports/report.schema.json").value()));
}

const nlohmann::json& series_of(const nlohmann::json& report, const std::string& bench,
                                const std::string& model, const std::string& variant,
                                const std::string& suite, const std::string& metric) {
  for (const auto& series : report["history"]["series"]) {
    if (series["bench"] == bench && series["model"] == model && series["variant"] == variant &&
        series["suite"] == suite && series["metric"] == metric) {
      return series;
    }
  }
  FAIL("no series " << bench << " " << model << " " << variant << " " << suite << " " << metric);
  std::abort();
}

}  // namespace

TEST_CASE("a history is of the schema's form", "[reports]") {
  CHECK(problem_of(written(sample_history())) == "");
  CHECK(problem_of(written(smallest_history())) == "");
  CHECK(problem_of(written(hostile_history())) == "");
  CHECK(problem_of(written(SampleHistory({}, {}, {}))) == "");
}

TEST_CASE("the slower kernel, the faster one, the new board and the missing figure are told", "[reports]") {
  const auto report = written(sample_history());
  const auto& slower = series_of(report, "native", "wrist-nano", "int8", "intents", "token_ms_p99");
  CHECK(slower["status"] == "regression");
  CHECK(slower["budget"]["verdict"] == "fail");
  REQUIRE(slower["segments"].size() == 2);
  CHECK(slower["segments"][1]["from"] == 30);
  REQUIRE(slower["changes"].size() == 1);
  // Counted over all points, not over those of the last unit.
  CHECK(slower["changes"][0]["index"] == 78);
  CHECK(series_of(report, "mps2-an386", "wrist-nano", "int4", "intents",
                  "token_instructions_p99")["status"] == "improvement");
  CHECK(series_of(report, "mps3-an547", "wrist-nano", "int8", "intents", "accuracy")["status"] == "learning");
  CHECK(series_of(report, "native", "wrist-wide", "f32", "intents", "token_ms_p99")["status"] ==
        "unmeasured");
  CHECK(series_of(report, "native", "wrist-wide", "int4", "intents", "token_ms_p99")["status"] ==
        "unchanged");
  CHECK(report["history"]["nights"].size() == 90);
  CHECK(report["history"]["releases"][0]["night"] == 45);
  const auto& finding = report["history"]["findings"][0];
  CHECK(report["history"]["series"][finding["series"].get<std::size_t>()]["bench"] ==
        finding["what"].get<std::string>().substr(0, finding["what"].get<std::string>().find(',')));
}

TEST_CASE("nights know which record of the page is theirs", "[reports]") {
  const std::vector<store::RunData> runs = {sample_run()};
  SampleHistoryOptions options;
  options.newest_run_id = runs.front().run.run_id;
  const auto report = written(sample_history(options), runs);
  CHECK(report["history"]["nights"][89]["inlined"] == 0);
  CHECK(report["history"]["nights"][88]["inlined"] == -1);
  // The names of the record are those of the series, so that the page finds it.
  const auto& session = report["sessions"][0];
  CHECK(series_of(report, session["bench"], session["model"], session["variant"], "intents",
                  "accuracy")["settings"] == report["cells"][0]["settings"]);
}

TEST_CASE("numbers are packed as small as they are", "[reports]") {
  const auto report = written(hostile_history());
  std::set<char> kinds;
  for (const auto& series : report["history"]["series"]) kinds.insert(series["values"].get<std::string>()[0]);
  CHECK(kinds == std::set<char>{'f', 'i'});
  const auto small = written(smallest_history());
  // 1.25 is 0x3fa00000.
  CHECK(small["history"]["series"][0]["values"] == "fAACgPw==");
  const auto sample = written(sample_history());
  const auto& bytes = series_of(sample, "native", "wrist-nano", "int8", "", "image_bytes");
  CHECK(bytes["values"] == "i" + pack_integers(std::vector<int64_t>(90, 291'904)));
}

TEST_CASE("what is not finite is in no series", "[reports]") {
  const auto report = written(hostile_history());
  const auto& all = report["history"]["series"];
  const auto empty =
      std::count_if(all.begin(), all.end(), [](const auto& series) { return series["run"] == ""; });
  CHECK(empty == 2);
}

}  // namespace slmrig::reports
