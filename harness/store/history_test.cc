#include "harness/store/history.h"

#include "harness/store/queries.h"
#include "harness/store/records_for_test.h"

namespace slmrig::store {

namespace {

// A run with one session of two cells on `day`, with the figures that its cells and itself have.
void add_night(Store& store, int64_t day, double token_ms, const std::string& bench = "desk-3",
               std::vector<std::string> doubts = {}) {
  const std::string name = bench + "-" + std::to_string(day);
  base::RunStart run = run_for_test("run-" + name);
  run.build.name = "watch-" + std::to_string(day);
  must(store.begin_run(run));
  base::SessionStart session = session_for_test(run.run_id, "s-" + name);
  session.session.bench = bench;
  session.started_at_ns = day;
  session.provenance["board.before.temperature"] = std::to_string(20 + day);
  session.provenance["host.load"] = "0.5";
  must(store.begin_session(session));
  must(store.end_cell({"s-" + name + "-c0", base::CellStatus::kOk, "", std::move(doubts), 1, 1}));
  must(store.end_cell({"s-" + name + "-c1", base::CellStatus::kOk, "", {}, 1, 1}));
  must(store.put_series_values("s-" + name, {{"", "memory_peak_bytes", 1, 5000.0},
                                             {"s-" + name + "-c0", "token_ms_p50", 31, token_ms},
                                             {"s-" + name + "-c1", "token_ms_p50", 62, token_ms * 2},
                                             {"s-" + name + "-c0", "accuracy", 20, 0.9}}));
  must(store.end_run({run.run_id, 1, false, 1.0}));
}

std::vector<double> values_of(const Series& series) {
  std::vector<double> values;
  for (const SeriesPoint& point : series.points) values.push_back(point.value);
  return values;
}

const Series& series_for_test(const History& history, const std::string& suite, const std::string& metric) {
  for (const Series& series : history.series) {
    if (series.key.suite == suite && series.key.metric == metric) return series;
  }
  FAIL("no series " << suite << " " << metric);
  return history.series.front();
}

}  // namespace

TEST_CASE("history: figures of the same cell on many nights are one series, in the order of time") {
  const TestFolder folder;
  {
    const auto store = must(open_store(folder.file()));
    for (const int64_t day : {2, 1, 3}) add_night(*store, day, static_cast<double>(day));
  }
  auto reader = must(open_reader(folder.file()));
  const History history = must(reader.history());
  REQUIRE(history.sessions.size() == 3);
  CHECK(history.sessions.at(0).build == "watch-1");
  CHECK(history.series.size() == 4);
  const Series& series = series_for_test(history, "summaries", "token_ms_p50");
  CHECK(values_of(series) == std::vector<double>{2, 4, 6});
  CHECK(series.key == SeriesKey{"desk-3", "slm", "wrist-nano", "int8", "summaries", "ctx=256 new=32",
                                "token_ms_p50", base::Tier::kHardware});
  CHECK(series.unit == "ms");
  CHECK(history.cell_ids.at(static_cast<std::size_t>(series.points.at(2).cell)) == "s-desk-3-3-c1");
  CHECK(series.points.at(2).samples == 62);
  const Series& memory = series_for_test(history, "", "memory_peak_bytes");
  CHECK(memory.key.settings == "ctx=256");
  CHECK(memory.points.at(0).cell == -1);
}

TEST_CASE("history: sessions know what may explain a step, and nothing that changes every night anyway") {
  const TestFolder folder;
  add_night(*must(open_store(folder.file())), 5, 1.0);
  auto reader = must(open_reader(folder.file()));
  const History history = must(reader.history());
  const auto& conditions = history.sessions.at(0).conditions;
  CHECK(conditions.at("board.before.temperature") == "25");
  CHECK(conditions.at("host.kernel") == "6.1");
  CHECK_FALSE(conditions.contains("host.load"));
  CHECK_FALSE(conditions.contains("order.seed"));
  CHECK(history.sessions.at(0).unit_id == "unit-7");
}

TEST_CASE("history: a figure in doubt says so") {
  const TestFolder folder;
  add_night(*must(open_store(folder.file())), 1, 1.0, "desk-3", {"busy"});
  auto reader = must(open_reader(folder.file()));
  const History history = must(reader.history());
  CHECK_FALSE(series_for_test(history, "intents", "accuracy").points.at(0).trusted);
  CHECK(series_for_test(history, "summaries", "token_ms_p50").points.at(0).trusted);
}

TEST_CASE("history: an energy has a tier and doubts of its own") {
  const TestFolder folder;
  {
    const auto store = must(open_store(folder.file()));
    must(store->begin_run(run_for_test()));
    must(store->begin_session(session_for_test()));
    must(store->end_cell({"s-1-c0", base::CellStatus::kOk, "", {"busy"}, 1, 1}));
    SeriesValue modelled{"s-1-c0", "token_ms_p50", 1, 2.0};
    modelled.tier = base::Tier::kModelled;
    SeriesValue doubted{"s-1-c1", "token_ms_p50", 1, 3.0};
    doubted.tier = base::Tier::kHardware;
    doubted.doubts = {"samples were lost"};
    must(store->put_series_values("s-1", {{"s-1-c0", "token_ms_p50", 1, 1.0}, modelled, doubted}));
  }
  auto reader = must(open_reader(folder.file()));
  const History history = must(reader.history());
  REQUIRE(history.series.size() == 3);
  CHECK(history.series.at(0).key.tier == base::Tier::kHardware);
  CHECK_FALSE(history.series.at(0).points.at(0).trusted);
  CHECK(history.series.at(1).key.tier == base::Tier::kModelled);
  CHECK(history.series.at(1).points.at(0).trusted);
  CHECK_FALSE(history.series.at(2).points.at(0).trusted);
  CHECK(must(reader.series_values("s-1")).at(2).doubts == std::vector<std::string>{"samples were lost"});
  CHECK(text_for_test(folder.file(), "select tier from v_series where value = 2") == "modelled");
}

TEST_CASE("history: a filter leaves out the rest") {
  const TestFolder folder;
  {
    const auto store = must(open_store(folder.file()));
    for (int64_t day = 1; day <= 4; ++day) {
      add_night(*store, day, 1.0);
      add_night(*store, day, 1.0, "desk-4");
    }
  }
  auto reader = must(open_reader(folder.file()));
  HistoryFilter filter;
  const auto count = [&] {
    std::size_t points = 0;
    for (const Series& series : must(reader.history(filter)).series) points += series.points.size();
    return points;
  };
  CHECK(count() == 32);
  SECTION("by time") {
    filter.since_ns = 2;
    filter.until_ns = 4;
    CHECK(count() == 16);
  }
  SECTION("by bench") {
    filter.benches = {"*-4"};
    CHECK(count() == 16);
  }
  SECTION("by metric") {
    filter.metrics = {"accuracy", "memory_*"};
    CHECK(count() == 16);
  }
  SECTION("by suite, which keeps what belongs to the session") {
    filter.suites = {"summaries"};
    CHECK(count() == 16);
  }
  SECTION("by run and build") {
    filter.run_ids = {"run-desk-3-2"};
    filter.builds = {"watch-?"};
    CHECK(count() == 4);
  }
  SECTION("by tier") {
    filter.tier = base::Tier::kEmulated;
    CHECK(count() == 0);
  }
}

}  // namespace slmrig::store
