#include "harness/store/imports.h"

#include "harness/store/queries.h"
#include "harness/store/records_for_test.h"
#include "harness/store/upkeep.h"

namespace slmrig::store {

using base::ErrorCode;

namespace {

const char* const kGoogleBenchmark = R"({
 "context": {"date": "2026-03-01T12:00:00+01:00", "host_name": "desk", "num_cpus": 2},
 "benchmarks": [
  {"name": "decode/8", "run_name": "decode/8", "run_type": "iteration", "real_time": 4000, "time_unit": "us"},
  {"name": "decode/8", "run_name": "decode/8", "run_type": "iteration", "real_time": 2000, "time_unit": "us"},
  {"name": "decode/8", "run_name": "decode/8", "run_type": "iteration", "real_time": 3000, "time_unit": "us"},
  {"name": "decode/8_mean", "run_name": "decode/8", "run_type": "aggregate", "aggregate_name": "mean",
   "real_time": 99, "time_unit": "us"},
  {"name": "load_median", "run_name": "load", "run_type": "aggregate", "aggregate_name": "median",
   "repetitions": 7, "real_time": 1.5, "time_unit": "s"},
  {"name": "broken", "run_type": "iteration", "error_occurred": true, "error_message": "no file"}]})";

const char* const kLlamaBenchJson = R"([
 {"build_commit": "b1234", "cpu_info": "a cpu", "model_filename": "models/tiny-q4.gguf", "model_type": "llama Q4_0",
  "n_threads": 4, "n_batch": 2048, "type_k": "f16", "type_v": "f16", "n_prompt": 512, "n_gen": 0,
  "test_time": "2026-03-01T10:00:00Z", "avg_ts": 120.5, "samples_ts": [120, 121]},
 {"build_commit": "b1234", "model_filename": "models/tiny-q4.gguf", "model_type": "llama Q4_0", "n_threads": 4,
  "n_prompt": 0, "n_gen": 128, "avg_ts": 21.25, "samples_ts": [21, 21.5]},
 {"n_prompt": 512, "n_gen": 128, "avg_ts": 30}])";

const char* const kLlamaBenchSql = R"(CREATE TABLE IF NOT EXISTS test (
  build_commit TEXT, model_filename TEXT, model_type TEXT, n_threads INTEGER, n_prompt INTEGER, n_gen INTEGER,
  test_time TEXT, avg_ts REAL, stddev_ts REAL);

INSERT INTO test (build_commit, model_filename, model_type, n_threads, n_prompt, n_gen, test_time, avg_ts, stddev_ts)
 VALUES ('b1234', 'tiny.gguf', 'llama Q8_0', '4', '0', '128', '2026-03-01T10:00:00Z', '21.250000', '0.1');
)";

std::vector<std::vector<SqlValue>> figures(const std::string& path) {
  return query_for_test(
             path, "select suite, settings, metric, samples, value from v_series order by suite, settings")
      .rows;
}

}  // namespace

TEST_CASE("import: Google Benchmark's repetitions become medians, and what failed is told") {
  const TestFolder folder;
  const auto store = must(open_store(folder.file()));
  const ImportReport report = must(import_figures(
      *store, kGoogleBenchmark, {.file = "bench.json", .bench = "desk-1", .engine = "mine", .now_ns = 1}));
  CHECK(report.format == "google-benchmark");
  CHECK(report.figures == 2);
  REQUIRE(report.notices.size() == 1);
  CHECK(report.notices[0] == "broken: it failed: no file");
  using Row = std::vector<SqlValue>;
  CHECK(figures(folder.file()) == std::vector<Row>{{"decode/8", "", "benchmark_ms_p50", int64_t{3}, 3.0},
                                                   {"load", "", "benchmark_ms_p50", int64_t{7}, 1500.0}});
  CHECK(text_for_test(folder.file(), "select imported_from from v_run") == "google-benchmark");
  CHECK(text_for_test(folder.file(), "select engine from v_session") == "mine");
  // 12:00 at +01:00
  CHECK(number_for_test(folder.file(), "select started_at_ns from v_run") == 1'772'362'800'000'000'000);
  CHECK(must(database_info(folder.file())).imported_runs == 1);
}

TEST_CASE("import: llama-bench's JSON and SQL become rates") {
  const TestFolder folder;
  using Row = std::vector<SqlValue>;
  {
    const auto store = must(open_store(folder.file("json.db")));
    const ImportReport report = must(import_figures(*store, kLlamaBenchJson, {.file = "llama.json"}));
    CHECK(report.notices.size() == 1);
    CHECK(figures(folder.file("json.db")) ==
          std::vector<Row>{{"llama-bench", "pp=0 tg=128 threads=4", "decode_tokens_per_s", int64_t{2}, 21.25},
                           {"llama-bench", "pp=512 tg=0 threads=4 batch=2048 k=f16 v=f16",
                            "prefill_tokens_per_s", int64_t{2}, 120.5}});
    CHECK(text_for_test(folder.file("json.db"), "select distinct model || '|' || variant from v_series") ==
          "tiny-q4|llama Q4_0");
    CHECK(text_for_test(folder.file("json.db"), "select commit_sha from v_run") == "b1234");
  }
  const auto store = must(open_store(folder.file("sql.db")));
  must(import_figures(*store, kLlamaBenchSql, {.file = "llama.sql", .model = "tiny", .variant = "q8"}));
  CHECK(figures(folder.file("sql.db")) ==
        std::vector<Row>{{"llama-bench", "pp=0 tg=128 threads=4", "decode_tokens_per_s", int64_t{1}, 21.25}});
  auto reader = must(open_reader(folder.file("sql.db")));
  const History history = must(reader.history());
  CHECK(history.series.at(0).key.variant == "q8");
  CHECK(history.sessions.at(0).conditions.at("import.format") == "llama-bench");
}

TEST_CASE("import: the same file twice is refused, under another name it is another run") {
  const TestFolder folder;
  const auto store = must(open_store(folder.file()));
  must(import_figures(*store, kLlamaBenchSql, {.file = "llama.sql"}));
  const auto again = import_figures(*store, kLlamaBenchSql, {.file = "llama.sql"});
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().code == ErrorCode::kBadInput);
  CHECK(again.error().text().find("imported already") != std::string::npos);
  must(import_figures(*store, kLlamaBenchSql, {.file = "llama.sql", .bench = "desk-2"}));
}

TEST_CASE("import: what is no such file is refused, and SQL can do nothing else") {
  const TestFolder folder;
  const auto store = must(open_store(folder.file()));
  for (const std::string text :
       {"", "x", "{}", "[]", "{\"benchmarks\": [", "{\"benchmarks\": []}", "[{\"n_gen\": 1}]",
        "CREATE TABLE test (a); ATTACH 'x.db' AS y;", "CREATE TABLE test (a); DROP TABLE test;",
        "CREATE TABLE other (a);", "CREATE TABLE test (a); SELECT load_extension('x');",
        "CREATE TABLE test (a); PRAGMA user_version = 5;",
        "CREATE TABLE test (a); INSERT INTO test WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) "
        "SELECT x FROM c;"}) {
    INFO(text);
    const auto imported = import_figures(*store, text, {.file = "file.json"});
    REQUIRE_FALSE(imported.has_value());
    CHECK(imported.error().code == ErrorCode::kBadInput);
    CHECK(imported.error().text().find("file.json") != std::string::npos);
  }
  CHECK(import_figures(*store, kLlamaBenchSql, {.file = "f", .tier = base::Tier::kEmulated}).error().code ==
        ErrorCode::kBadInput);
  CHECK(number_for_test(folder.file(), "select count(*) from run") == 0);
}

}  // namespace slmrig::store
