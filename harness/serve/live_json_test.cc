#include "harness/serve/live_json.h"

#include <catch2/catch.hpp>

#include <limits>

#include "harness/base/file.h"
#include "reports/testing/schema_checker.h"

namespace slmrig::serve {
namespace {

store::LiveCell cell(const std::string& bench, const std::string& session, const std::string& suite,
                     std::optional<base::CellStatus> status = base::CellStatus::kOk) {
  store::LiveCell live;
  live.session.bench = bench;
  live.session.board = bench;
  live.session.session_id = session;
  live.session.model = "wrist-nano";
  live.session.variant = "int8";
  live.session.started_at_ns = 10'000'000'000;
  live.cell.cell_id = session + "-" + suite;
  live.cell.session_id = session;
  live.cell.suite = suite;
  if (status) {
    live.cell.status = *status;
    live.cell.ended_at_ns = 20'000'000'000;
  }
  return live;
}

store::RunRow run(const std::string& id, bool ended) {
  store::RunRow row;
  row.run_id = id;
  row.plan_name = "demo";
  row.started_at_ns = 5'000'000'000;
  if (ended) row.ended_at_ns = 30'000'000'000;
  row.cells_interrupted = 2;
  return row;
}

std::string problem(const nlohmann::ordered_json& json) {
  const auto schema = nlohmann::json::parse(base::read_text("harness/serve/live.schema.json").value());
  return reports::schema_problem(json, schema);
}

}  // namespace

TEST_CASE("an empty database has its form, too") {
  const auto json = live_json({});
  CHECK(problem(json).empty());
  CHECK(json["open"].empty());
}

TEST_CASE("a run in progress tells what each bench does, has done and last said") {
  LiveInput input;
  input.runs = {run("r2", false), run("r1", true)};
  OpenRun open;
  open.run = input.runs[0];
  open.planned_cells = 12;
  open.cells = {cell("left", "s1", "intents"), cell("left", "s1", "summaries", base::CellStatus::kFailed),
                cell("right", "s2", "intents"), cell("left", "s3", "intents", std::nullopt),
                cell("left", "s3", "summaries", std::nullopt)};
  open.cells[2].session.ended_at_ns = 21'000'000'000;
  open.cells[3].so_far.generations = 7;
  open.cells[3].so_far.newest_at_ns = 25'000'000'000;
  input.open_runs = {open};
  const auto json = live_json(input);
  CHECK(problem(json).empty());

  const auto& shown = json["open"][0];
  CHECK(shown["cells_ended"] == 3);
  CHECK(shown["cells_begun"] == 5);
  CHECK(shown["cells_planned"] == 12);
  CHECK(shown["newest_at_ms"] == 25'000);
  const auto& left = shown["benches"][0];
  CHECK(left["bench"] == "left");
  CHECK(left["cell"]["suite"] == "intents");  // cells are measured in their order
  CHECK(left["cell"]["generations"] == 7);
  CHECK(left["cells"]["ok"] == 1);
  CHECK(left["cells"]["failed"] == 1);
  const auto& right = shown["benches"][1];
  CHECK(right["cell"].is_null());
  CHECK(right["session_ended"] == true);
  // What goes on is not called interrupted; what was is.
  CHECK(json["runs"][0]["cells"]["interrupted"] == 0);
  CHECK(json["runs"][1]["cells"]["interrupted"] == 2);
}

TEST_CASE("figures that are none are null, and long lists are cut and counted") {
  LiveInput input;
  for (int i = 0; i < 35; ++i) input.runs.push_back(run(std::to_string(i), false));
  for (const auto& each : input.runs) input.open_runs.push_back({each, {}, std::nullopt});
  input.newest = {cell("b", "s", "intents"), cell("b", "s", "summaries")};
  input.newest[0].so_far.token_cost_mean = std::numeric_limits<double>::quiet_NaN();
  input.newest[1].so_far.token_cost_mean = 5.0;
  input.newest[1].session.cost_unit = store::CostUnit::kNone;
  const auto json = live_json(input);
  CHECK(problem(json).empty());
  CHECK(json["runs"].size() == kListedRuns);
  CHECK(json["runs_left_out"] == 5);
  CHECK(json["open"].size() == kShownOpenRuns);
  CHECK(json["open_left_out"] == 31);
  CHECK(json["newest"][0]["token_mean"].is_null());
  CHECK(json["newest"][1]["token_mean"].is_null());
}

}  // namespace slmrig::serve
