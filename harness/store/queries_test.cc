// Finding runs and cells by what a person types.
#include "harness/store/queries.h"

#include "harness/store/records_for_test.h"
#include "harness/store/sample_data.h"

namespace slmrig::store {

namespace {

void add_run(Store& store, const std::string& id, const std::string& label, int64_t started_at_ns) {
  base::RunStart run = run_for_test(id);
  run.label = label;
  run.started_at_ns = started_at_ns;
  must(store.begin_run(run));
}

}  // namespace

TEST_CASE("a run is found by latest, by label, by the beginning of its id") {
  const TestFolder folder;
  auto store = must(open_store(folder.file()));
  auto reader = must(open_reader(folder.file()));
  CHECK(reader.find_run("latest").error().message.find("no runs") != std::string::npos);
  add_run(*store, "01aa-1", "nightly", 10);
  add_run(*store, "01aa-2", "nightly", 30);
  add_run(*store, "01bb-3", "", 20);
  CHECK(must(reader.find_run("latest")).run_id == "01aa-2");
  CHECK(must(reader.find_run("nightly")).run_id == "01aa-2");
  CHECK(must(reader.find_run("01b")).run_id == "01bb-3");
  CHECK(must(reader.find_run("01aa-1")).run_id == "01aa-1");
  CHECK(must(reader.runs()).size() == 3);
  CHECK(must(reader.runs()).front().run_id == "01aa-2");

  CHECK(reader.find_run("01aa").error().message.find("01aa-1") != std::string::npos);
  CHECK(reader.find_run("nigthly").error().message.find("did you mean 'nightly'") != std::string::npos);
  CHECK(reader.find_run("").error().code == base::ErrorCode::kBadInput);
  CHECK(reader.run_data("zz").error().code == base::ErrorCode::kBadInput);
}

TEST_CASE("a cell is found by the beginning of its id, and wildcards are not") {
  const TestFolder folder;
  auto store = store_for_test(folder.file(), session_for_test());
  auto reader = must(open_reader(folder.file()));
  CHECK(must(reader.find_cell("s-1-c1")).suite == "summaries");
  CHECK(reader.find_cell("s-1").error().message.find("2 cells") != std::string::npos);
  CHECK_FALSE(reader.find_cell("s%").has_value());
  CHECK_FALSE(reader.find_cell("s_1-c1").has_value());
  CHECK_FALSE(reader.find_cell("nope").has_value());
  CHECK_FALSE(reader.generations("nope").has_value());
  CHECK_FALSE(reader.session("nope").has_value());
}

TEST_CASE("the sample run has what it promises") {
  const TestFolder folder;
  auto store = must(open_store(folder.file()));
  const std::string id = must(fill_with_sample_run(*store));
  auto reader = must(open_reader(folder.file()));
  const RunData data = must(reader.run_data(id));
  CHECK(data.run.cells() == 24);
  CHECK(data.run.cells_unfit == 2);
  CHECK(data.run.cells_failed == 1);
  CHECK(data.run.cells_interrupted == 1);
  CHECK(data.run.interrupted);
  REQUIRE(data.sessions.size() == 12);
  uint32_t second_attempts = 0;
  uint32_t wrong = 0;
  uint32_t differing = 0;
  for (const SessionData& session : data.sessions) {
    if (session.session.attempt > 1) ++second_attempts;
    for (const CellData& cell : session.cells) {
      for (const GenerationRow& generation : cell.generations) {
        if (generation.correct == false) ++wrong;
        if (generation.matches_reference == false) ++differing;
        CHECK(generation.token_costs.size() == generation.generated_tokens);
      }
    }
  }
  CHECK(second_attempts == 1);
  CHECK(wrong > 0);
  CHECK(differing > 0);
  SampleOptions smooth;
  smooth.with_troubles = false;
  smooth.started_at_ns += 1'000'000'000;
  const std::string second = must(fill_with_sample_run(*store, smooth));
  CHECK(must(reader.find_run(second)).cells_ok == 24);
}

}  // namespace slmrig::store
