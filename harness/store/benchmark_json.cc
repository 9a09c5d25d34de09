#include "harness/store/benchmark_json.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/clock.h"

namespace slmrig::store {
namespace {

using nlohmann::ordered_json;

struct Times {
  std::string name;
  std::vector<double> values;
};

// In the order in which they were measured: sessions of the same cell are repetitions of the same names.
class Collection {
 public:
  void add(const std::string& name, double value) {
    const auto [found, is_new] = places_.try_emplace(name, times_.size());
    if (is_new) times_.push_back({name, {}});
    times_[found->second].values.push_back(value);
  }
  const std::vector<Times>& times() const { return times_; }

 private:
  std::vector<Times> times_;
  std::map<std::string, std::size_t> places_;
};

std::string name_of(const SessionRow& session, const CellRow& cell) {
  std::string settings = cell.settings;
  std::replace(settings.begin(), settings.end(), ' ', ',');
  return fmt::format("{}/{}/{}/{}/{}", session.bench, session.model, session.variant, cell.suite, settings);
}

void collect(const SessionRow& session, const CellData& cell, Collection& collection) {
  const std::string name = name_of(session, cell.cell);
  const char* ending = session.cost_unit == CostUnit::kInstructions ? "/instructions" : "";
  for (const GenerationRow& generation : cell.generations) {
    if (!generation.ttft_cost) continue;
    const auto ttft = static_cast<double>(*generation.ttft_cost);
    const auto decode = static_cast<double>(generation.decode_cost);
    collection.add(name + "/ttft" + ending, ttft);
    collection.add(name + "/answer" + ending, ttft + decode);
    if (generation.generated_tokens > 1) {
      collection.add(name + "/token" + ending, decode / (generation.generated_tokens - 1));
    }
  }
}

ordered_json context_of(const RunData& run) {
  const auto fact = [&](const std::string& name) {
    const auto found = run.provenance.find(name);
    return found == run.provenance.end() ? std::string() : found->second;
  };
  // What compare.py reads must be there; what a harness for boards does not have is empty or zero.
  return {{"date", base::utc_text(run.run.started_at_ns)},
          {"host_name", fact("host.name")},
          {"executable", "slmrig"},
          {"num_cpus", std::max(1, std::atoi(fact("host.cores").c_str()))},
          {"mhz_per_cpu", 0},
          {"cpu_scaling_enabled", false},
          {"caches", ordered_json::array()},
          {"load_avg", ordered_json::array()},
          {"library_build_type", "release"},
          {"slmrig_run_id", run.run.run_id},
          {"slmrig_build", run.run.build},
          {"slmrig_commit", run.run.commit_sha}};
}

}  // namespace

BenchmarkJson google_benchmark_json(const RunData& run, bool instructions) {
  BenchmarkJson result;
  Collection collection;
  for (const SessionData& session : run.sessions) {
    const CostUnit unit = session.session.cost_unit;
    const bool counts = unit == CostUnit::kNanoseconds || (instructions && unit == CostUnit::kInstructions);
    for (const CellData& cell : session.cells) {
      if (cell.cell.status != base::CellStatus::kOk) continue;
      if (!counts) {
        ++result.cells_without_time;
        continue;
      }
      collect(session.session, cell, collection);
    }
  }
  ordered_json benchmarks = ordered_json::array();
  for (const Times& times : collection.times()) {
    for (std::size_t i = 0; i < times.values.size(); ++i) {
      benchmarks.push_back({{"name", times.name},
                            {"family_index", result.benchmarks},
                            {"per_family_instance_index", 0},
                            {"run_name", times.name},
                            {"run_type", "iteration"},
                            {"repetitions", times.values.size()},
                            {"repetition_index", i},
                            {"threads", 1},
                            {"iterations", 1},
                            {"real_time", times.values[i]},
                            {"cpu_time", times.values[i]},
                            {"time_unit", "ns"}});
    }
    ++result.benchmarks;
  }
  const ordered_json document = {{"context", context_of(run)}, {"benchmarks", std::move(benchmarks)}};
  result.text = document.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  return result;
}

}  // namespace slmrig::store
