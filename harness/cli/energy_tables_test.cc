#include "harness/cli/energy_tables.h"

#include <catch2/catch.hpp>

#include "harness/base/file.h"
#include "harness/store/queries.h"
#include "harness/store/sample_data.h"

namespace slmrig::cli {
namespace {

using Catch::Matchers::Contains;

store::RunData sample_run() {
  const auto folder = base::TemporaryDirectory::create("energy-tables").value();
  const std::string file = folder.path() / "sample.db";
  auto store = store::open_store(file).value();
  const std::string run_id = store::fill_with_sample_run(*store).value();
  return store::open_reader(file).value().run_data(run_id).value();
}

TEST_CASE("A run's energies stand with their tier, and a bench without a meter says so") {
  store::RunData run = sample_run();
  const std::string text = energy_summary_text(run);
  CHECK_THAT(text, Contains("mps2-an386, meter ppk2 PPK2 SAMPLE at 3300 mV"));
  CHECK_THAT(text, Contains("modelled") && Contains("native: no meter"));
  CHECK_THAT(text, !Contains("doubtful"));

  run.sessions.front().provenance["meter.kind"] = "ppk2";
  for (store::SessionData& session : run.sessions) {
    for (store::CellData& cell : session.cells) {
      if (!cell.energy) continue;
      cell.energy->phases.back().doubts = {"lost 0.2 % of the samples"};
      cell.energy->windows.clear();
    }
  }
  const std::string doubtful = energy_summary_text(run);
  CHECK_THAT(doubtful, Contains("native: has a meter, but no energy was measured"));
  CHECK_THAT(doubtful, Contains("!1 doubtful: lost 0.2 % of the samples"));

  CHECK_THAT(doubtful, !Contains("median window"));

  for (store::SessionData& session : run.sessions) {
    for (store::CellData& cell : session.cells) {
      if (cell.energy) cell.energy->windows = {{1, 1, 0, 8'000'000, 0, 0}, {1, 1, 0, 9'000'000, 0, 0}};
    }
  }
  CHECK_THAT(energy_summary_text(run),
             Contains("at 3300 mV; an answer is that of the median window") && Contains("8.5"));

  run.sessions.clear();
  CHECK(energy_summary_text(run).empty());
}

TEST_CASE("A cell's energy shows phases, every term of the budget, and answers or why not their tokens") {
  base::Energy energy;
  energy.tier = base::Tier::kHardware;
  energy.meter = "ppk2 PPK2 C0FFEE";
  energy.supply_mv = 3000;
  energy.idle_before_uw = 590;
  energy.idle_after_uw = 600;
  base::PhaseEnergy decode;
  decode.generations = 2;
  decode.tokens = 14;
  decode.gross_uj = 2100;
  decode.net_uj = 2000;
  decode.expanded_uncertainty_uj = 230;
  decode.comparative_uncertainty_uj = 4;
  decode.duration_ns = 120'000'000;
  decode.terms = {{"gain", 115, 0, 0}, {"edges", 2, 2, 0}};
  decode.doubts = {"supply off by 3 %"};
  energy.phases = {decode};
  base::GenerationEnergy answer;
  answer.prompt_id = "i-000";
  answer.gross_uj = 1050;
  answer.net_uj = 1000;
  answer.expanded_uncertainty_uj = 115;
  answer.token_net_uj = {400, 290, 310};
  energy.generations = {answer, answer};
  energy.generations[1].token_net_uj.clear();
  energy.generations[1].tokens_refused = "an edge is 12 % of a token";
  const std::string text = cell_energy_text(energy);
  CHECK_THAT(text,
             Contains("tier hardware, meter ppk2 PPK2 C0FFEE, 3000 mV, idle 590µW before and 600µW after"));
  CHECK_THAT(text, Contains("2.00mJ ±12%") && Contains("±0.20%"));
  CHECK_THAT(text, Contains("gain") && Contains("115µJ") && Contains("edges"));
  CHECK_THAT(text, Contains("300µJ"));  // a token after the first
  CHECK_THAT(text, Contains("!1 no energy by token: an edge is 12 % of a token"));
  CHECK_THAT(text, Contains("!1 doubtful: supply off by 3 %"));
}

}  // namespace
}  // namespace slmrig::cli
