#include "reports/report_json.h"

#include <catch2/catch.hpp>
#include <limits>
#include <set>

#include "harness/base/file.h"
#include "reports/testing/sample_run.h"
#include "reports/testing/schema_checker.h"

namespace slmrig::reports {
namespace {

nlohmann::json schema() {
  return nlohmann::json::parse(base::read_text("reports/report.schema.json").value());
}

nlohmann::json written(const store::RunData& run, ReportLimits limits = {}) {
  return nlohmann::json::parse(script_safe_text(report_json({{&run, 1}, 0, limits})));
}

// The cells of a bench's variant, by the names a reader would use.
const nlohmann::json* find_cell(const nlohmann::json& report, const std::string& bench,
                                const std::string& model, const std::string& variant,
                                const std::string& suite) {
  for (const auto& cell : report["cells"]) {
    const auto& session = report["sessions"][cell["session"].get<std::size_t>()];
    if (session["bench"] == bench && session["model"] == model && session["variant"] == variant &&
        cell["suite"] == suite)
      return &cell;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("what is written has the form of the published schema", "[reports]") {
  CHECK(schema_problem(written(sample_run()), schema()) == "");
  CHECK(schema_problem(written(hostile_run()), schema()) == "");
  CHECK(schema_problem(written(failed_run()), schema()) == "");
  CHECK(schema_problem(written(smallest_run()), schema()) == "");
  CHECK(schema_problem(nlohmann::json::parse(script_safe_text(report_json({}))), schema()) == "");
}

TEST_CASE("the schema checker names what is wrong and where", "[reports]") {
  nlohmann::json report = written(smallest_run());
  report["cells"][0]["status"] = "fine";
  CHECK(schema_problem(report, schema()).find("report.cells[0].status: found \"fine\"") == 0);
  report["cells"][0].erase("status");
  CHECK(schema_problem(report, schema()) == "report.cells[0].status: missing");
  report["cells"] = 3;
  CHECK(schema_problem(report, schema()).find("report.cells: found 3") == 0);
}

TEST_CASE("cells of time have rates and cells of instructions have counts", "[reports]") {
  const nlohmann::json report = written(sample_run());
  const auto* timed = find_cell(report, "native", "wrist-nano", "f32", "intents");
  REQUIRE(timed);
  CHECK((*timed)["figures"]["tokens_per_s"].is_number());
  CHECK((*timed)["figures"]["instructions_per_token"].is_null());
  const auto* counted = find_cell(report, "mps2-an386", "wrist-nano", "f32", "intents");
  REQUIRE(counted);
  CHECK((*counted)["figures"]["tokens_per_s"].is_null());
  CHECK((*counted)["figures"]["instructions_per_token"].is_number());
  CHECK(report["sessions"][(*counted)["session"].get<std::size_t>()]["tier"] == "emulated");
}

TEST_CASE("a cell that does not fit is there with its reason and no figure", "[reports]") {
  const nlohmann::json report = written(sample_run());
  const auto* cell = find_cell(report, "mps3-an547", "wrist-wide", "f32", "intents");
  REQUIRE(cell);
  CHECK((*cell)["status"] == "unfit");
  CHECK((*cell)["reason"] == "needs 4194304 bytes, board has 2097152");
  CHECK((*cell)["figures"]["token_p50"].is_null());
  CHECK((*cell)["band"]["median"] == "");
}

TEST_CASE("limits leave out traces and answers, and say how many", "[reports]") {
  store::RunData run = sample_run();
  for (auto& generation : run.sessions[0].cells[0].generations) generation.correct = false;
  const std::size_t wrong = run.sessions[0].cells[0].generations.size();
  const nlohmann::json report = written(run, {2, 3});
  CHECK(report["cells"][0]["traces"].size() == 2);
  CHECK(report["cells"][0]["answers"].size() == 3);
  CHECK(report["cells"][0]["answers_left_out"] == wrong - 3);
  CHECK(report["cells"][0]["generations"] == wrong);
}

TEST_CASE("an answer of a private suite is null, an empty answer is not", "[reports]") {
  store::RunData run = smallest_run();
  store::GenerationRow& generation = run.sessions[0].cells[0].generations[0];
  generation.correct = false;
  generation.output_text.clear();
  CHECK(written(run)["cells"][0]["answers"][0]["text"] == "");
  generation.prompt_text.clear();
  generation.token_ids.clear();
  CHECK(written(run)["cells"][0]["answers"][0]["text"].is_null());
}

TEST_CASE("an answer that is the suite's fallback text is listed with its reason", "[reports]") {
  store::RunData run = smallest_run();
  store::GenerationRow& generation = run.sessions[0].cells[0].generations[0];
  generation.correct = true;
  generation.matches_reference = true;
  CHECK(written(run)["cells"][0]["answers"].empty());
  CHECK(written(run)["cells"][0]["figures"]["fallback"]["count"] == 0);
  generation.fallback = base::FallbackReason::kBudget;
  const nlohmann::json report = written(run);
  CHECK(schema_problem(report, schema()) == "");
  REQUIRE(report["cells"][0]["answers"].size() == 1);
  CHECK(report["cells"][0]["answers"][0]["fallback"] == "budget");
  CHECK(report["cells"][0]["figures"]["fallback"]["count"] == 1);
  CHECK(report["cells"][0]["figures"]["fallback"]["of"] == 1);
}

TEST_CASE("figures that are not finite are null", "[reports]") {
  store::RunData run = sample_run();
  run.run.busy_share = std::numeric_limits<double>::quiet_NaN();
  CHECK(written(run)["runs"][0]["busy_share"].is_null());
}

TEST_CASE("the text may stand inside a script element", "[reports]") {
  const store::RunData run = hostile_run();
  const std::string text = script_safe_text(report_json({{&run, 1}, 0, {}}));
  CHECK(text.find_first_of("<>&") == std::string::npos);
  CHECK(std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; }));
  const auto parsed = nlohmann::json::parse(text);
  CHECK(parsed["runs"][0]["label"].get<std::string>().find("</script>") == 0);
}

TEST_CASE("several runs stand newest first and older ones are counted", "[reports]") {
  const std::vector<store::RunData> runs = {sample_run(), smallest_run()};
  const auto report = report_json({runs, 5, {}});
  CHECK(report["runs"].size() == 2);
  CHECK(report["sessions"].back()["run"] == 1);
  CHECK(report["cells"].back()["session"] == report["sessions"].size() - 1);
  CHECK(report["notes"].size() == 2);
  CHECK(report["notes"][1] == "5 older runs are in the database and not in this file.");
}

}  // namespace slmrig::reports
