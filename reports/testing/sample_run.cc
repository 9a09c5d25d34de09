#include "reports/testing/sample_run.h"

#include <string>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/store/queries.h"
#include "harness/store/store.h"

namespace slmrig::reports {
namespace {

constexpr const char* kMarkup =
    "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>";

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
    session.memory.clear();
    for (auto& cell : session.cells) {
      cell.generations.clear();
      cell.profile = {};
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
