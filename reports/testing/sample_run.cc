#include "reports/testing/sample_run.h"

#include <algorithm>
#include <string>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/store/queries.h"
#include "harness/store/store.h"

namespace slmrig::reports {
namespace {

constexpr const char* kMarkup =
    "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>";

// What the uncertainty of a real meter is made of, beside what the sample has.
void add_terms(base::PhaseEnergy& phase) {
  const double counted_uj = phase.phase == base::EnergyPhase::kIdle ? phase.gross_uj : phase.net_uj;
  phase.terms.push_back({"voltage", 1e-3 * counted_uj, 0, 0});
  phase.terms.push_back({"edges", 2e-5 * counted_uj, 2e-5 * counted_uj, 0});
  phase.terms.push_back({"baseline", 1e-4 * counted_uj, 1e-4 * counted_uj, 15});
}

// A second pass of the first generation: current that rises with every token and falls within it.
base::PowerTrace power_trace_of(const base::Energy& energy) {
  constexpr double kIdleUw = 590;
  constexpr int64_t kSteps = 600;
  constexpr int64_t kLeadSteps = 40;
  const base::GenerationEnergy& shown = energy.generations.front();
  base::PowerTrace trace;
  trace.step_ns = std::max<int64_t>(1, shown.duration_ns / (kSteps - 2 * kLeadSteps));
  trace.start_ns = shown.start_ns - kLeadSteps * trace.step_ns;
  std::size_t token = 0;
  int64_t token_start_ns = 0;
  for (int64_t step = 0; step < kSteps; ++step) {
    const int64_t now_ns = (step - kLeadSteps) * trace.step_ns;
    while (token < shown.token_duration_ns.size() &&
           now_ns >= token_start_ns + shown.token_duration_ns[token]) {
      token_start_ns += shown.token_duration_ns[token++];
    }
    double power_uw = kIdleUw;
    if (now_ns >= 0 && token < shown.token_duration_ns.size()) {
      const auto duration = static_cast<double>(shown.token_duration_ns[token]);
      const double share = static_cast<double>(now_ns - token_start_ns) / duration;
      power_uw += shown.token_net_uj[token] / (duration * 1e-9) * (token == 0 ? 1.0 : 1.25 - 0.5 * share);
    }
    const double noise = 0.02 + 0.01 * static_cast<double>((step * 7) % 5);
    trace.lowest_uw.push_back(power_uw * (1 - noise));
    trace.mean_uw.push_back(power_uw);
    trace.highest_uw.push_back(power_uw * (1 + 2 * noise));
  }
  return trace;
}

// What the sample of the store has is enough for figures; a page has more to show.
void enrich_energies(store::RunData& run) {
  bool first = true;
  for (auto& session : run.sessions) {
    for (auto& cell : session.cells) {
      if (!cell.energy) continue;
      for (base::PhaseEnergy& phase : cell.energy->phases) add_terms(phase);
      cell.energy->trace = power_trace_of(*cell.energy);
      if (first) {
        cell.energy->doubts = {"0.2 % of the samples were lost"};
        cell.energy->phases.back().doubts = cell.energy->doubts;
        cell.energy->phases.back().lost_samples = cell.energy->phases.back().samples / 500;
      }
      first = false;
    }
  }
}

void count_cells(store::RunData& run) {
  run.run.cells_ok = run.run.cells_failed = run.run.cells_unfit = 0;
  run.run.cells_not_applicable = run.run.cells_interrupted = 0;
  for (const auto& session : run.sessions) {
    for (const auto& cell : session.cells) {
      run.run.cells_ok += cell.cell.status == base::CellStatus::kOk;
      run.run.cells_failed += cell.cell.status == base::CellStatus::kFailed;
    }
  }
}

}  // namespace

store::RunData sample_run(const store::SampleOptions& options) {
  auto folder = base::TemporaryDirectory::create("report");
  SLMRIG_CHECK(folder);
  const std::string path = (folder->path() / "sample.db").string();
  auto opened = store::open_store(path);
  SLMRIG_CHECK(opened);
  auto run_id = store::fill_with_sample_run(**opened, options);
  SLMRIG_CHECK(run_id);
  opened->reset();
  auto reader = store::open_reader(path);
  SLMRIG_CHECK(reader);
  auto run = reader->run_data(*run_id);
  SLMRIG_CHECK(run);
  enrich_energies(*run);
  return std::move(*run);
}

store::RunData hostile_run() {
  store::RunData run = sample_run();
  const std::string control = std::string("\x01\"'`&amp;\\ \xE2\x80\xA8 ") + kMarkup;
  const std::string broken = std::string("\xff\xfe") + kMarkup;
  run.run.label = kMarkup;
  run.run.plan_name = control;
  run.provenance["<b>key</b>"] = broken;
  for (auto& session : run.sessions) {
    session.session.bench += kMarkup;
    session.session.model += std::string(200, 'm');
    session.provenance["<i>"] = control;
    for (auto& cell : session.cells) {
      cell.cell.suite += "<h1>";
      cell.cell.reason = control;
      cell.cell.doubts = {broken};
      if (cell.energy) {
        cell.energy->meter = cell.energy->doubts.emplace_back(kMarkup);
        cell.energy->generations.front().tokens_refused = control;
        cell.energy->generations.front().token_net_uj.clear();
        cell.energy->generations.front().token_duration_ns.clear();
        cell.energy->generations.front().prompt_id = kMarkup;
        for (base::PhaseEnergy& phase : cell.energy->phases) {
          phase.doubts = {control};
          phase.terms.front().name = kMarkup;
        }
      }
      for (auto& generation : cell.generations) {
        generation.prompt_id += "<b>";
        generation.prompt_text = control;
        generation.output_text = broken;
        generation.correct = false;
        generation.failed_checks = {kMarkup};
      }
    }
  }
  run.sessions[0].cells[0].generations[0].token_costs[3] *= 1000;
  return run;
}

store::RunData failed_run() {
  store::RunData run = sample_run();
  for (auto& session : run.sessions) {
    session.cold_starts.clear();
    session.cold_start_energy.reset();
    session.memory.clear();
    for (auto& cell : session.cells) {
      cell.generations.clear();
      cell.profile = {};
      cell.energy.reset();
      cell.cell.status = base::CellStatus::kFailed;
      cell.cell.reason = "the agent did not answer within 5 s; is the board powered?";
    }
  }
  count_cells(run);
  return run;
}

store::RunData smallest_run() {
  store::RunData run = sample_run();
  run.sessions.resize(1);
  run.sessions[0].cold_starts.resize(1);
  run.sessions[0].cells.resize(1);
  store::CellData& cell = run.sessions[0].cells[0];
  cell.generations.resize(1);
  store::GenerationRow& generation = cell.generations[0];
  generation.generated_tokens = 1;
  generation.decode_cost = 0;
  generation.token_costs.resize(1);
  generation.token_ids.resize(1);
  count_cells(run);
  return run;
}

}  // namespace slmrig::reports
