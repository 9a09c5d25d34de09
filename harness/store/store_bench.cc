// What the store costs: generations of 32 tokens a second through the RecordSink, bytes of a generation in
// the file, and how long reading them takes. Targets: at least 50,000 inserts/s, at most 650 bytes a
// generation.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <filesystem>
#include <random>
#include <string>

#include "harness/base/file.h"
#include "harness/base/must_for_bench.h"
#include "harness/store/generation_for_bench.h"
#include "harness/store/internal/database.h"
#include "harness/store/internal/record_writer.h"
#include "harness/store/queries.h"
#include "harness/store/sql_query.h"
#include "harness/store/store.h"

namespace slmrig::store {
namespace {

constexpr uint32_t kPrompts = 500;

using base::must;

base::SessionStart session_of(const std::string& run_id, const std::string& id, uint32_t cells) {
  base::SessionStart start;
  start.run_id = run_id;
  start.session.session_id = id;
  start.session.bench = start.session.board = "native";
  start.session.model = "wrist-wide";
  start.session.variant = "int8";
  start.engine = "slm";
  for (uint32_t i = 0; i < cells; ++i) {
    start.session.cells.push_back({fmt::format("{}-cell-{}", id, i), "intents", {}, "ctx=256 new=32"});
  }
  return start;
}

// A cell asks each prompt again and again.
base::Generation generation_of(const std::string& cell_id, uint32_t index, std::mt19937_64& random) {
  base::Generation generation = generation_for_bench(cell_id, index % kPrompts, random);
  generation.repeat = index / kPrompts;
  return generation;
}

void fill(Store& store, uint32_t generations) {
  std::mt19937_64 random(1);
  base::RunStart run;
  run.run_id = "bench-run";
  must(store.begin_run(run));
  const uint32_t cells = std::max<uint32_t>(1, generations / 2000);
  must(store.begin_session(session_of(run.run_id, "bench-session", cells)));
  for (uint32_t cell = 0; cell < cells; ++cell) {
    const std::string cell_id = fmt::format("bench-session-cell-{}", cell);
    for (uint32_t i = 0; i < generations / cells; ++i) must(store.add(generation_of(cell_id, i, random)));
    must(store.end_cell({cell_id, base::CellStatus::kOk, "", {}, 1, 1}));
  }
  must(store.end_run({run.run_id, 1, false, 1.0}));
}

void insert_generations(benchmark::State& state) {
  const auto count = static_cast<uint32_t>(state.range(0));
  double bytes = 0;
  std::mt19937_64 random(1);
  std::vector<base::Generation> prepared;
  for (uint32_t i = 0; i < kPrompts; ++i)
    prepared.push_back(generation_of("bench-session-cell-0", i, random));
  for (auto _ : state) {
    state.PauseTiming();
    const auto folder = must(base::TemporaryDirectory::create("store-bench"));
    const std::string path = folder.path() / "bench.db";
    auto store = must(open_store(path));
    base::RunStart run;
    run.run_id = "bench-run";
    must(store->begin_run(run));
    must(store->begin_session(session_of(run.run_id, "bench-session", 1)));
    state.ResumeTiming();
    for (uint32_t i = 0; i < count; ++i) {
      base::Generation& generation = prepared[i % kPrompts];
      generation.repeat = i / kPrompts;
      must(store->add(generation));
    }
    must(store->end_cell({"bench-session-cell-0", base::CellStatus::kOk, "", {}, 1, 1}));
    state.PauseTiming();
    store.reset();
    bytes = static_cast<double>(std::filesystem::file_size(path));
    state.ResumeTiming();
  }
  state.counters["generations/s"] = benchmark::Counter(
      static_cast<double>(count) * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
  state.counters["bytes/generation"] = bytes / count;
  state.SetLabel("targets: >= 50000/s, <= 650 bytes");
}
BENCHMARK(insert_generations)->Arg(50'000)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);

void query(benchmark::State& state, const std::string& sql) {
  const auto folder = must(base::TemporaryDirectory::create("store-bench"));
  const std::string path = folder.path() / "bench.db";
  fill(*must(open_store(path)), 10'000);
  for (auto _ : state) benchmark::DoNotOptimize(must(run_query(path, sql)));
  state.SetLabel("10000 generations, 320000 tokens");
}
BENCHMARK_CAPTURE(query, count_tokens, "select board, variant, count(*) from v_token group by 1, 2")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(query, mean_token,
                  "select board, avg(duration_ns) from v_token where token_index > 0 group by 1")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(query, count_token_ids, "select count(distinct token_id) from v_token")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(query, mean_ttft, "select board, avg(ttft_ns) from v_generation group by 1")
    ->Unit(benchmark::kMillisecond);

void read_run(benchmark::State& state) {
  const auto folder = must(base::TemporaryDirectory::create("store-bench"));
  const std::string path = folder.path() / "bench.db";
  fill(*must(open_store(path)), 10'000);
  auto reader = must(open_reader(path));
  for (auto _ : state) benchmark::DoNotOptimize(must(reader.run_data("latest")));
  state.SetLabel("10000 generations");
}
BENCHMARK(read_run)->Unit(benchmark::kMillisecond);

// Three years of nights on `benches` boards with 25 figures each, a session a night.
// In one transaction: the store's own commits a session would take minutes.
void fill_years(RecordWriter& store, uint32_t benches, uint32_t nights) {
  constexpr int64_t kDayNs = 86'400'000'000'000;
  const std::vector<std::string> of_cell = {
      "token_ms_p50",        "token_ms_p95", "token_ms_p99",  "token_ms_max",
      "ttft_ms_p50",         "ttft_ms_p95",  "accuracy",      "answer_ms_p50",
      "answer_ms_p99",       "flip_rate",    "answer_ms_p95", "decode_tokens_per_s",
      "prefill_tokens_per_s"};
  const std::vector<std::string> of_session = {
      "cold_start_ms_p50",        "memory_peak_bytes",    "memory_kv_bytes",
      "memory_weights_bytes",     "memory_stack_bytes",   "memory_wire_bytes",
      "memory_activations_bytes", "memory_scratch_bytes", "cold_start_boot_ms_p50",
      "cold_start_load_ms_p50",   "image_bytes",          "memory_trace_bytes"};
  std::mt19937_64 random(1);
  for (uint32_t night = 0; night < nights; ++night) {
    base::RunStart run;
    run.run_id = fmt::format("night-{:04}", night);
    run.started_at_ns = night * kDayNs;
    for (int i = 0; i < 10; ++i) run.provenance[fmt::format("host.fact-{}", i)] = "the same";
    must(store.begin_run(run));
    for (uint32_t bench = 0; bench < benches; ++bench) {
      const std::string id = fmt::format("night-{:04}-{:02}", night, bench);
      base::SessionStart session = session_of(run.run_id, id, 1);
      session.session.bench = fmt::format("bench-{:02}", bench);
      session.started_at_ns = run.started_at_ns + bench;
      for (int i = 0; i < 20; ++i) session.provenance[fmt::format("board.fact-{}", i)] = "the same";
      session.provenance["board.before.temperature"] = fmt::format("{}", 20 + random() % 15);
      must(store.begin_session(session));
      must(store.end_cell({id + "-cell-0", base::CellStatus::kOk, "", {}, 1, 1}));
      std::vector<SeriesValue> values;
      for (const std::string& metric : of_cell) {
        values.push_back({id + "-cell-0", metric, 100, 1.0 + static_cast<double>(random() % 1000) * 1e-3});
      }
      for (const std::string& metric : of_session) values.push_back({"", metric, 1, 4096.0});
      must(store.put_series_values(id, values));
    }
    must(store.end_run({run.run_id, 1, false, 1.0}));
  }
}

// A gate and a report over it have a second or two in all.
void read_history(benchmark::State& state) {
  const auto folder = must(base::TemporaryDirectory::create("store-bench"));
  const std::string path = folder.path() / "bench.db";
  must(must(open_store(path))->commit());
  {
    const auto database =
        must(Database::open(path, OpenMode::kReadWriteCreate, std::chrono::milliseconds(1000)));
    RecordWriter writer(*database);
    must(database->execute("begin"));
    fill_years(writer, 12, 1095);
    must(database->execute("commit"));
  }
  auto reader = must(open_reader(path));
  HistoryFilter filter;
  if (state.range(0) == 1) filter.run_ids = {"night-1094"};
  std::size_t points = 0;
  for (auto _ : state) {
    const History history = must(reader.history(filter));
    points = 0;
    for (const Series& series : history.series) points += series.points.size();
  }
  state.counters["points"] = static_cast<double>(points);
  state.SetLabel(state.range(0) == 1 ? "one night of three years" : "300 series x 3 years");
}
BENCHMARK(read_history)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond)->Iterations(3);

}  // namespace
}  // namespace slmrig::store

BENCHMARK_MAIN();
