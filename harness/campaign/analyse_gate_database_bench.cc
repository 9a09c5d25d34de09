// `slmrig gate` on a database of a million generations: 500 nights of two variants, budgets of times, memory
// and answers, the newest night gated with the spread of all others. Target: at most a second.
#include <random>
#include <string>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "harness/analyse/series.h"
#include "harness/base/file.h"
#include "harness/base/must_for_bench.h"
#include "harness/campaign/gate_input.h"
#include "harness/gate/evaluate.h"
#include "harness/store/generation_for_bench.h"
#include "harness/store/queries.h"
#include "harness/store/store.h"

namespace slmrig::campaign {
namespace {

constexpr int kNights = 500;
constexpr uint32_t kGenerations = 1000;  // of a cell: a million in all
constexpr int64_t kDayNs = 86'400'000'000'000;
constexpr const char* kVariants[] = {"f32", "int8"};

using base::must;

void add_night(store::Store& store, int night, const std::vector<base::Generation>& prepared) {
  base::RunStart run;
  run.run_id = fmt::format("night-{:04}", night);
  run.started_at_ns = 1'600'000'000'000'000'000 + night * kDayNs;
  must(store.begin_run(run));
  for (const char* variant : kVariants) {
    base::SessionStart session;
    session.run_id = run.run_id;
    session.session.session_id = fmt::format("{}-{}", run.run_id, variant);
    session.session.bench = session.session.board = session.unit_id = "native";
    session.session.model = "wrist-wide";
    session.session.variant = variant;
    session.engine = "slm";
    session.started_at_ns = run.started_at_ns;
    const std::string cell_id = session.session.session_id + "-cell";
    session.session.cells.push_back({cell_id, "intents", {}, "ctx=256 new=32"});
    must(store.begin_session(session));
    must(store.add(base::MemoryClass{session.session.session_id, "weights", 1'000'000}));
    for (base::Generation generation : prepared) {
      generation.cell_id = cell_id;
      must(store.add(generation));
    }
    must(store.end_cell({cell_id, base::CellStatus::kOk, "", {}, run.started_at_ns + 1, 1}));
    must(store.end_session(session.session.session_id, run.started_at_ns + 2));
    // As a night makes them, though from fixed figures: reading a million generations again is not what is
    // timed.
    std::mt19937_64 random(static_cast<uint64_t>(night));
    std::normal_distribution<double> noise(1, 0.01);
    must(store.put_series_values(session.session.session_id,
                                 {{cell_id, "token_ms_p50", 31'000, 1.5 * noise(random)},
                                  {cell_id, "token_ms_p95", 31'000, 2.0 * noise(random)},
                                  {cell_id, "token_ms_p99", 31'000, 2.1 * noise(random)},
                                  {cell_id, "decode_tokens_per_s", 31'000, 660 * noise(random)},
                                  {cell_id, "accuracy", 1000, 1.0},
                                  {"", "memory_peak_bytes", 1, 1e6}}));
  }
  must(store.end_run({run.run_id, run.started_at_ns + 3, false, 1.0}));
}

std::string fill(const base::TemporaryDirectory& folder) {
  const std::string path = folder.path() / "gate.db";
  auto store = must(store::open_store(path));
  std::mt19937_64 random(1);
  std::vector<base::Generation> prepared;
  for (uint32_t i = 0; i < kGenerations; ++i) prepared.push_back(store::generation_for_bench("", i, random));
  for (int night = 0; night < kNights; ++night) add_night(*store, night, prepared);
  return path;
}

constexpr const char* kBudgets = R"({"budgets": [
  {"metric": "token_ms_p50", "limit": "<= 1.8"}, {"metric": "token_ms_p99", "limit": "<= 2.4"},
  {"metric": "token_ms_p95", "limit": "<= 1.1x baseline"}, {"metric": "decode_tokens_per_s", "limit": ">= 500"},
  {"metric": "accuracy", "limit": ">= 0.9"}, {"metric": "memory_peak_bytes", "limit": "<= 2 MB"}]})";

void gate_on_a_million_generations(benchmark::State& state) {
  const auto folder = must(base::TemporaryDirectory::create("gate-bench"));
  const std::string path = fill(folder);
  const gate::BudgetFile budgets = must(gate::parse_budgets(kBudgets, "bench.json"));
  std::size_t rows = 0;
  for (auto _ : state) {
    auto reader = must(store::open_reader(path));
    GateQuestion question;
    question.database = path;
    question.baseline = fmt::format("night-{:04}", kNights - 2);
    const gate::GateInput input = must(read_gate_input(reader, budgets, question));
    const gate::GateReport report = must(gate::evaluate(budgets, input));
    rows = report.rows.size();
    if (report.outcome != gate::Outcome::kPass) state.SkipWithError("the night does not pass");
  }
  state.counters["rows"] = static_cast<double>(rows);
}
BENCHMARK(gate_on_a_million_generations)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);

}  // namespace
}  // namespace slmrig::campaign

BENCHMARK_MAIN();
