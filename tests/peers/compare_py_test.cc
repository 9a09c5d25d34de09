// Google Benchmark's own comparison tool over two runs that we exported: it reads them, and its Mann-Whitney
// test says what ours says.
#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/analyse/two_samples.h"
#include "harness/base/child_process.h"
#include "harness/base/file.h"
#include "harness/store/benchmark_json.h"

namespace slmrig {
namespace {

// Answers of a millisecond or so; some are tied when they are rounded coarsely.
store::RunData run_of(uint64_t seed, std::size_t generations, int64_t slower_ns, int64_t step_ns) {
  std::mt19937_64 random(seed);
  store::RunData run;
  store::SessionData session;
  session.session.bench = "desk";
  session.session.model = "wrist-nano";
  session.session.variant = "int8";
  session.session.cost_unit = store::CostUnit::kNanoseconds;
  store::CellData cell;
  cell.cell.suite = "intents";
  cell.cell.settings = "ctx=256 new=32";
  cell.cell.status = base::CellStatus::kOk;
  for (std::size_t i = 0; i < generations; ++i) {
    store::GenerationRow generation;
    generation.generated_tokens = 2;
    generation.ttft_cost = 500'000 + slower_ns + static_cast<int64_t>(random() % 100'000) / step_ns * step_ns;
    generation.decode_cost = 90'000 + static_cast<int64_t>(random() % 20'000) / step_ns * step_ns;
    cell.generations.push_back(generation);
  }
  session.cells.push_back(cell);
  run.sessions.push_back(session);
  return run;
}

std::map<std::string, std::vector<double>> times_of(const std::string& text) {
  std::map<std::string, std::vector<double>> times;
  const nlohmann::json document = nlohmann::json::parse(text);
  for (const auto& entry : document["benchmarks"]) {
    times[entry["name"]].push_back(entry["real_time"]);
  }
  return times;
}

// compare.py's report on both.
nlohmann::json compare(const std::string& before, const std::string& after) {
  const auto folder = base::TemporaryDirectory::create("compare-py");
  REQUIRE(folder.has_value());
  const std::string first = folder->path() / "before.json";
  const std::string second = folder->path() / "after.json";
  const std::string report = folder->path() / "report.json";
  REQUIRE(base::write_file_atomically(first, std::string_view(before)).has_value());
  REQUIRE(base::write_file_atomically(second, std::string_view(after)).has_value());
  base::ChildOptions options;
  // Debian's own, which Debian's scipy belongs to.
  options.arguments = {"/usr/bin/python3", SLMRIG_COMPARE_PY, "-d", report, "benchmarks", first, second};
  const auto run = base::run_captured(options);
  REQUIRE(run.has_value());
  INFO(run->errors);
  REQUIRE(run->exit.ok());
  const auto text = base::read_text(report);
  REQUIRE(text.has_value());
  return nlohmann::json::parse(*text);
}

}  // namespace

TEST_CASE("compare.py reads what we export, and its Mann-Whitney test agrees with ours") {
  struct Case {
    std::size_t generations;
    int64_t slower_ns;
    int64_t step_ns;  // coarse: ties
  };
  // Exact for few values without ties, the normal approximation otherwise.
  for (const Case& each :
       {Case{7, 20'000, 1}, Case{20, 0, 1}, Case{20, 20'000, 1}, Case{15, 10'000, 10'000}}) {
    INFO(each.generations << " generations, " << each.slower_ns << " ns slower, steps of " << each.step_ns);
    const std::string before =
        store::google_benchmark_json(run_of(1, each.generations, 0, each.step_ns), false).text;
    const std::string after =
        store::google_benchmark_json(run_of(2, each.generations, each.slower_ns, each.step_ns), false).text;
    auto first = times_of(before);
    auto second = times_of(after);
    std::size_t compared = 0;
    for (const auto& row : compare(before, after)) {
      if (!row.contains("utest") || row["utest"].empty()) continue;
      const std::string name = row["name"];
      const auto ours = analyse::mann_whitney(first.at(name), second.at(name));
      REQUIRE(ours.has_value());
      CHECK(row["utest"]["time_pvalue"].get<double>() == Approx(ours->p_value).epsilon(1e-6));
      ++compared;
    }
    CHECK(compared == 3);
  }
}

}  // namespace slmrig
