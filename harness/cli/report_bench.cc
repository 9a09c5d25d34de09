// What `slmrig report` costs over a year: 365 nights of a model in two variants on three boards, which is 338
// series, the records of the newest hundred nights in the page. Targets: tests/perf/targets.json. With
// SLMRIG_BENCH_KEEP=FOLDER the year's page stays there, for tests/browser/report_page_bench.mjs.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "harness/analyse/series.h"
#include "harness/base/file.h"
#include "harness/cli/report_history.h"
#include "harness/store/queries.h"
#include "harness/store/sample_data.h"
#include "harness/store/store.h"
#include "reports/report.h"

namespace slmrig::cli {
namespace {

constexpr std::size_t kNights = 365;
constexpr std::size_t kRecords = 100;
constexpr int64_t kPromptsOfAYear = 12;
constexpr int64_t kDayNs = 86'400'000'000'000;

// A broken benchmark must not print a figure.
template <typename T>
T must(base::Result<T> result) {
  if (!result) {
    fmt::print(stderr, "{}\n", result.error().text());
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

void fill(const std::string& path, uint32_t prompts) {
  auto store = must(store::open_store(path));
  for (std::size_t night = 0; night < kNights; ++night) {
    store::SampleOptions options;
    options.seed = night + 1;
    options.prompts_native = prompts;
    options.both_models = false;
    options.with_troubles = false;
    options.started_at_ns += static_cast<int64_t>(night) * kDayNs;
    const std::string run_id = must(store::fill_with_sample_run(*store, options));
    auto reader = must(store::open_reader(path));
    const store::RunData run = must(reader.run_data(run_id));
    for (const store::SessionData& session : run.sessions) {
      must(store->put_series_values(session.session.session_id, analyse::series_values(session)));
    }
  }
}

class Stopwatch {
 public:
  // Since the last lap.
  double lap_ms() {
    const auto now = std::chrono::steady_clock::now();
    const double ms = std::chrono::duration<double, std::milli>(now - last_).count();
    last_ = now;
    return ms;
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

void keep(const std::filesystem::path& page) {
  const char* folder = std::getenv("SLMRIG_BENCH_KEEP");
  if (folder == nullptr) return;
  std::error_code failed;
  std::filesystem::copy_file(page, std::filesystem::path(folder) / "report_of_a_year.html",
                             std::filesystem::copy_options::overwrite_existing, failed);
  if (failed) fmt::print(stderr, "{}: the page cannot be kept: {}\n", folder, failed.message());
}

void report(benchmark::State& state) {
  const auto folder = must(base::TemporaryDirectory::create("report-bench"));
  const std::string path = folder.path() / "bench.db";
  const std::filesystem::path page = folder.path() / "report.html";
  fill(path, static_cast<uint32_t>(state.range(0)));
  for (auto _ : state) {
    Stopwatch watch;
    auto reader = must(store::open_reader(path));
    const LoadedHistory history = must(load_history(reader));
    state.counters["history_ms"] = watch.lap_ms();
    std::vector<store::RunData> runs;
    for (const store::RunRow& run : must(reader.runs())) {
      if (runs.size() < kRecords) runs.push_back(must(reader.run_data(run.run_id)));
    }
    state.counters["records_ms"] = watch.lap_ms();
    const reports::ReportHistory view = history.view();
    reports::ReportInput input;
    input.runs = runs;
    input.history = &view;
    must(reports::write_report(input, page));
    state.counters["page_ms"] = watch.lap_ms();
    state.counters["series"] = static_cast<double>(history.history.series.size());
  }
  if (state.range(0) == kPromptsOfAYear) keep(page);
  state.counters["bytes"] = static_cast<double>(std::filesystem::file_size(page));
}
BENCHMARK(report)
    ->Name("report_of_a_year")
    ->Arg(kPromptsOfAYear)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->Iterations(1);
BENCHMARK(report)
    ->Name("report_with_a_million_generations")
    ->Arg(680)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->Iterations(1);

}  // namespace
}  // namespace slmrig::cli

BENCHMARK_MAIN();
