#include "harness/analyse/series.h"

#include <catch2/catch.hpp>
#include <map>

#include "harness/analyse/flips.h"
#include "harness/analyse/rows_for_test.h"
#include "harness/analyse/summary.h"
#include "harness/base/file.h"
#include "harness/base/metrics.h"
#include "harness/store/queries.h"
#include "harness/store/sample_data.h"

namespace slmrig::analyse {

using store::SeriesValue;

namespace {

std::map<std::string, SeriesValue> by_metric(const std::vector<SeriesValue>& values,
                                             const std::string& cell_id) {
  std::map<std::string, SeriesValue> found;
  for (const SeriesValue& value : values) {
    if (value.cell_id == cell_id) CHECK(found.emplace(value.metric, value).second);
  }
  return found;
}

store::SessionData full_session() {
  std::vector<store::GenerationRow> generations = {generation_of({5'000'000, 1'000'000, 3'000'000})};
  generations[0].correct = true;
  generations[0].matches_reference = false;
  store::SessionData data = session_of({cell_of("c", generations)});
  data.cold_starts = {{0, "exec", 1'000'000, 2'000'000, 3'000'000, 4'000'000, 10'000'000}};
  data.memory = {{"kv", 200}, {"weights", 800}, {"process", 5000}};
  return data;
}

}  // namespace

TEST_CASE("time goes into history as milliseconds and rates") {
  const std::vector<SeriesValue> values = series_values(full_session());
  auto cell = by_metric(values, "c");
  CHECK(cell.at("ttft_ms_p50").value == 5);
  CHECK(cell.at("token_ms_p50").value == 2);
  CHECK(cell.at("token_ms_max").value == 3);
  CHECK(cell.at("token_ms_p50").samples == 2);
  CHECK(cell.at("decode_tokens_per_s").value == Approx(500));
  CHECK(cell.at("accuracy").value == 1);
  CHECK(cell.at("reference_agreement").value == 0);
  auto session = by_metric(values, "");
  CHECK(session.at("cold_start_ms_p50").value == 10);
  CHECK(session.at("cold_start_load_ms_p50").value == 2);
  CHECK(session.at("memory_peak_bytes").value == 1000);
  CHECK(session.at("memory_process_bytes").value == 5000);
  CHECK(session.at("image_bytes").value == 4096);
}

TEST_CASE("instructions go into history as they are, and never as time") {
  const std::vector<SeriesValue> values = series_values(emulated(full_session()));
  auto cell = by_metric(values, "c");
  CHECK(cell.at("token_instructions_p50").value == 2'000'000);
  CHECK(cell.at("token_instructions_mean").value == 2'000'000);
  CHECK(by_metric(values, "").at("cold_start_instructions_p50").value == 10'000'000);
  for (const SeriesValue& value : values) {
    INFO(value.metric);
    CHECK(base::has_figures(*base::find_metric(value.metric), base::Tier::kEmulated));
  }
}

TEST_CASE("answers go into history whole, and by the intent that is missed most") {
  store::SessionData data = full_session();
  std::vector<store::GenerationRow>& generations = data.cells[0].generations;
  generations[0].intent = "timer.set";
  const store::GenerationRow right = generations[0];
  store::GenerationRow slot_wrong = right;  // the intent is right all the same
  slot_wrong.correct = false;
  slot_wrong.failed_checks = {"slots"};
  store::GenerationRow wrong = right;
  wrong.intent = "music.play";
  wrong.correct = false;
  wrong.failed_checks = {"exact_intent", "slots"};
  store::GenerationRow music = right;
  music.intent = "music.play";
  generations = {right, slot_wrong, wrong, music};
  auto cell = by_metric(series_values(data), "c");
  CHECK(cell.at("answer_ms_p50").value == 9);
  CHECK(cell.at("answer_ms_max").samples == 4);
  CHECK(cell.at("accuracy").value == 0.5);
  CHECK(cell.at("intent_accuracy").value == 0.75);
  CHECK(cell.at("worst_intent_accuracy").value == 0.5);
  CHECK(cell.at("worst_intent_accuracy").samples == 2);
}

TEST_CASE("energies go into history with a tier and doubts of their own") {
  store::SessionData data = emulated(full_session());
  base::Energy energy;
  energy.tier = base::Tier::kModelled;
  energy.doubts = {"idle drifted"};
  const auto phase = [](base::EnergyPhase of, double gross_uj, double net_uj) {
    base::PhaseEnergy each;
    each.phase = of;
    each.generations = 2;
    each.tokens = 10;
    each.gross_uj = gross_uj;
    each.net_uj = net_uj;
    each.duration_ns = 1'000'000'000;
    return each;
  };
  energy.phases = {phase(base::EnergyPhase::kIdle, 7, 0), phase(base::EnergyPhase::kPrefill, 100, 80),
                   phase(base::EnergyPhase::kDecode, 60, 40)};
  energy.phases[2].doubts = {"samples were lost"};
  data.cells[0].energy = energy;
  energy.doubts.clear();
  energy.phases = {phase(base::EnergyPhase::kBoot, 30, 20), phase(base::EnergyPhase::kLoad, 50, 40)};
  data.cold_start_energy = energy;
  const std::vector<SeriesValue> values = series_values(data);
  auto cell = by_metric(values, "c");
  CHECK(cell.at("energy_uj_per_answer").value == 80);
  CHECK(cell.at("energy_net_uj_per_answer").value == 60);
  CHECK(cell.at("energy_prefill_uj_per_answer").value == 40);
  CHECK(cell.at("energy_decode_uj_per_token").value == 4);
  CHECK(cell.at("idle_power_uw").value == 7);
  CHECK(cell.at("energy_uj_per_answer").tier == base::Tier::kModelled);
  CHECK(cell.at("energy_uj_per_answer").doubts ==
        std::vector<std::string>{"idle drifted", "samples were lost"});
  CHECK(cell.at("energy_prefill_uj_per_answer").doubts == std::vector<std::string>{"idle drifted"});
  CHECK_FALSE(cell.at("accuracy").tier.has_value());
  data.cells[0].energy->windows.resize(3);
  for (uint32_t i = 0; i < 3; ++i) {
    base::EnergyWindow& window = data.cells[0].energy->windows[i];
    window.generations = 2;
    window.net_uj = 100.0 + 20 * i;
    window.gross_uj = 200;
  }
  auto windowed = by_metric(series_values(data), "c");
  CHECK(windowed.at("energy_net_uj_per_answer").value == 60);
  data.cells[0].energy->windows[0].net_uj = 500;
  windowed = by_metric(series_values(data), "c");
  CHECK(windowed.at("energy_net_uj_per_answer").value == 70);
  CHECK(windowed.at("energy_uj_per_answer").value == 90);
  auto session = by_metric(values, "");
  CHECK(session.at("energy_boot_uj").value == 15);
  CHECK(session.at("energy_load_uj").value == 25);
  CHECK(session.at("energy_load_uj").doubts.empty());
}

TEST_CASE("cells that did not end ok give no values") {
  store::SessionData data = full_session();
  data.cells.push_back(data.cells[0]);
  data.cells[1].cell.cell_id = "broken";
  data.cells[1].cell.status = base::CellStatus::kFailed;
  CHECK(by_metric(series_values(data), "broken").empty());
  CHECK_FALSE(by_metric(series_values(data), "c").empty());
  data.cells[0].cell.status = base::CellStatus::kInterrupted;
  CHECK(series_values(data).empty());
}

TEST_CASE("the scope of a metric says whose value it is") {
  for (const SeriesValue& value : series_values(full_session())) {
    INFO(value.metric);
    const bool of_session = base::find_metric(value.metric)->scope == base::MetricScope::kSession;
    CHECK(value.cell_id.empty() == of_session);
  }
}

TEST_CASE("a stored run has a value for every metric that its tiers can have") {
  const auto folder = base::TemporaryDirectory::create("analyse-test");
  REQUIRE(folder.has_value());
  const std::string path = folder->path() / "test.db";
  auto store = store::open_store(path);
  REQUIRE(store.has_value());
  const auto run_id = store::fill_with_sample_run(**store);
  REQUIRE(run_id.has_value());
  auto reader = store::open_reader(path);
  REQUIRE(reader.has_value());
  const auto run = reader->run_data(*run_id);
  REQUIRE(run.has_value());
  std::map<std::string, int> seen;
  for (const store::SessionData& session : run->sessions) {
    const std::vector<SeriesValue> values = series_values(session);
    REQUIRE((*store)->put_series_values(session.session.session_id, values).has_value());
    const auto read_back = reader->series_values(session.session.session_id);
    REQUIRE(read_back.has_value());
    CHECK(read_back->size() == values.size());
    for (const SeriesValue& value : *read_back) ++seen[value.metric];
  }
  seen["flip_rate"] = static_cast<int>(flips_of(*run).size());
  for (const base::Metric& metric : base::metrics()) {
    INFO(metric.name);
    // The sample reports no peak of a process.
    const bool of_a_process = metric.name == "memory_process_bytes" || metric.name == "memory_cgroup_bytes";
    const bool is_imported = metric.name == "benchmark_ms_p50";
    CHECK((seen[std::string(metric.name)] > 0) == !(of_a_process || is_imported));
  }
}

}  // namespace slmrig::analyse
