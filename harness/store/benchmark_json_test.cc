#include "harness/store/benchmark_json.h"

#include <nlohmann/json.hpp>

#include "harness/store/imports.h"
#include "harness/store/queries.h"
#include "harness/store/records_for_test.h"

namespace slmrig::store {

namespace {

RunData run_with_two_sessions(const std::string& path, bool emulated) {
  const auto store = must(open_store(path));
  must(store->begin_run(run_for_test()));
  for (const std::string id : {"s-1", "s-2"}) {
    base::SessionStart session = session_for_test("run-1", id, 1);
    if (emulated) {
      session.tier = base::Tier::kEmulated;
      session.ticks = {true, 1, 1};
    }
    must(store->begin_session(session));
    must(store->add(generation_for_test(id + "-c0", "p-1")));
    must(store->add(generation_for_test(id + "-c0", "p-2", {500})));
    must(store->end_cell({id + "-c0", base::CellStatus::kOk, "", {}, 1, 1}));
  }
  must(store->end_run({"run-1", 1, false, 1.0}));
  return must(must(open_reader(path)).run_data("run-1"));
}

}  // namespace

TEST_CASE("benchmark JSON: generations of all sessions of a cell are repetitions of one name") {
  const TestFolder folder;
  const BenchmarkJson exported = google_benchmark_json(run_with_two_sessions(folder.file(), false), false);
  CHECK(exported.benchmarks == 3);
  CHECK(exported.cells_without_time == 0);
  const nlohmann::json document = nlohmann::json::parse(exported.text);
  CHECK(document["context"]["slmrig_run_id"] == "run-1");
  const nlohmann::json& benchmarks = document["benchmarks"];
  REQUIRE(benchmarks.size() == 10);  // 4 ttft, 4 answers, 2 with tokens after the first
  CHECK(benchmarks[0]["name"] == "desk-3/wrist-nano/int8/intents/ctx=256,new=32/ttft");
  CHECK(benchmarks[0]["real_time"] == 500);
  CHECK(benchmarks[0]["repetitions"] == 4);
  CHECK(benchmarks[3]["repetition_index"] == 3);
  CHECK(benchmarks[4]["name"] == "desk-3/wrist-nano/int8/intents/ctx=256,new=32/answer");
  CHECK(benchmarks[4]["real_time"] == 830);
  CHECK(benchmarks[8]["real_time"] == 110);
  CHECK(benchmarks[8]["time_unit"] == "ns");
}

TEST_CASE("benchmark JSON: instructions are no time, and come under a name that says so when asked for") {
  const TestFolder folder;
  const RunData run = run_with_two_sessions(folder.file(), true);
  CHECK(google_benchmark_json(run, false).benchmarks == 0);
  CHECK(google_benchmark_json(run, false).cells_without_time == 2);
  const nlohmann::json document = nlohmann::json::parse(google_benchmark_json(run, true).text);
  CHECK(document["benchmarks"][0]["name"] ==
        "desk-3/wrist-nano/int8/intents/ctx=256,new=32/ttft/instructions");
}

TEST_CASE("benchmark JSON: what is exported can be imported") {
  const TestFolder folder;
  const BenchmarkJson exported = google_benchmark_json(run_with_two_sessions(folder.file(), false), false);
  const auto store = must(open_store(folder.file("other.db")));
  const ImportReport report = must(import_figures(*store, exported.text, {.file = "run.json", .now_ns = 5}));
  CHECK(report.figures == 3);
  CHECK(report.notices.empty());
}

}  // namespace slmrig::store
