#include "harness/store/live.h"

#include <filesystem>

#include "harness/store/change_watch.h"
#include "harness/store/records_for_test.h"

namespace slmrig::store {

TEST_CASE("a run in progress shows what each of its cells has so far") {
  const TestFolder folder;
  auto store = store_for_test(folder.file(), session_for_test());
  must(store->add(generation_for_test("s-1-c0", "p-1", {500, 100, 110, 120})));
  must(store->end_cell({"s-1-c0", base::CellStatus::kOk, "", {}, 9000, 10}));
  base::Generation wrong = generation_for_test("s-1-c1", "p-1", {700, 300});
  wrong.correct = false;
  wrong.started_at_ns = 5000;
  must(store->add(generation_for_test("s-1-c1", "p-2", {300, 90, 110})));
  must(store->add(wrong));
  must(store->commit());

  const std::vector<LiveCell> cells = must(live_cells(folder.file(), "run-1"));
  REQUIRE(cells.size() == 2);
  CHECK(cells[0].cell.status == base::CellStatus::kOk);
  CHECK(cells[0].so_far.generations == 0);  // it has ended: nobody asks
  CHECK(cells[1].session.bench == "desk-3");
  CHECK_FALSE(cells[1].cell.ended_at_ns);
  CHECK(cells[1].so_far.generations == 2);
  CHECK(cells[1].so_far.checked == 2);
  CHECK(cells[1].so_far.correct == 1);
  CHECK(cells[1].so_far.ttft_cost_mean.value() == Approx(500.0));
  CHECK(cells[1].so_far.token_cost_mean.value() == Approx(500.0 / 3.0));  // 90, 110 and 300
  CHECK(cells[1].so_far.newest_at_ns == 5000);
  CHECK(must(live_cells(folder.file(), "run-2")).empty());
}

TEST_CASE("the cells that ended last come first, with their means in the session's unit") {
  const TestFolder folder;
  base::SessionStart session = session_for_test("run-1", "s-1", 3);
  session.ticks = {false, 10, 1};
  auto store = store_for_test(folder.file(), session);
  must(store->add(generation_for_test("s-1-c2", "p-1", {500, 100})));
  must(store->end_cell({"s-1-c2", base::CellStatus::kOk, "", {}, 8000, 10}));
  must(store->end_cell({"s-1-c0", base::CellStatus::kFailed, "no answer", {}, 9000, 10}));

  const std::vector<LiveCell> cells = must(newest_cells(folder.file(), 10));
  REQUIRE(cells.size() == 2);  // s-1-c1 has not ended
  CHECK(cells[0].cell.cell_id == "s-1-c0");
  CHECK(cells[0].cell.reason == "no answer");
  CHECK_FALSE(cells[0].so_far.token_cost_mean);
  CHECK(cells[1].so_far.token_cost_mean.value() == Approx(1000.0));
  CHECK(must(newest_cells(folder.file(), 1)).size() == 1);
}

TEST_CASE("each series gives its newest figure, also while a newer session has none yet") {
  const TestFolder folder;
  auto store = store_for_test(folder.file(), session_for_test());
  must(store->put_series_values("s-1", {{"s-1-c0", "token_ms_p50", 10, 2.0},
                                        {"s-1-c1", "token_ms_p50", 10, 3.0},
                                        {"", "memory_peak_bytes", 1, 4096.0}}));
  for (const std::string cell : {"s-1-c0", "s-1-c1"}) {
    must(store->end_cell({cell, base::CellStatus::kOk, "", {}, 9000, 10}));
  }
  base::SessionStart next = session_for_test("run-1", "s-2");
  next.started_at_ns = 50'000;
  must(store->begin_session(next));
  const auto figures = [&](int64_t since_ns) { return must(latest_figures(folder.file(), since_ns)); };
  REQUIRE(figures(0).size() == 3);
  CHECK(figures(0)[0].metric == "memory_peak_bytes");
  CHECK(figures(0)[0].suite.empty());
  CHECK(figures(0)[0].settings == "ctx=256");
  CHECK(figures(0)[1].value == 2.0);

  must(store->put_series_values("s-2", {{"s-2-c0", "token_ms_p50", 10, 5.0}}));
  REQUIRE(figures(0).size() == 3);
  CHECK(figures(0)[1].suite == "intents");
  CHECK(figures(0)[1].value == 5.0);
  CHECK(figures(0)[1].started_at_ns == 50'000);
  CHECK(figures(0)[2].value == 3.0);
  CHECK(figures(50'000).size() == 1);
  CHECK(figures(50'001).empty());
}

TEST_CASE("a watch sees commits of others and another file in the place, and nothing else") {
  const TestFolder folder;
  ChangeWatch watch(folder.file());
  CHECK(watch.version().error().code == base::ErrorCode::kBadInput);
  auto store = store_for_test(folder.file(), session_for_test());
  const std::string first = must(watch.version());
  CHECK(must(watch.version()) == first);
  must(store->add(generation_for_test()));
  must(store->commit());
  const std::string second = must(watch.version());
  CHECK(second != first);
  CHECK(must(watch.version()) == second);

  store.reset();
  store_for_test(folder.file("other.db"), session_for_test());
  std::filesystem::rename(folder.file("other.db"), folder.file());
  CHECK(must(watch.version()) != second);
}

}  // namespace slmrig::store
