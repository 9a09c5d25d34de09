#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/cli/commands.h"
#include "harness/cli/figures.h"
#include "harness/cli/text_table.h"
#include "harness/store/queries.h"

namespace slmrig::cli {
namespace {

std::string state_of(const store::RunRow& run) {
  if (!run.ended_at_ns) return "unfinished";
  return run.interrupted ? "interrupted" : "ended";
}

// "22 ok, 2 unfit": only what there is.
std::string cells_of(const store::RunRow& run) {
  std::string text = fmt::format("{} ok", run.cells_ok);
  const auto add = [&](uint32_t count, const char* what) {
    if (count != 0) text += fmt::format(", {} {}", count, what);
  };
  add(run.cells_failed, "failed");
  add(run.cells_unfit, "unfit");
  add(run.cells_not_applicable, "not applicable");
  add(run.cells_interrupted, "interrupted");
  return text;
}

base::Result<ExitCode> list_runs(const Places& places) {
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(places.database()));
  SLMRIG_ASSIGN(const std::vector<store::RunRow> runs, reader.runs());
  if (runs.empty()) {
    fmt::print("No runs in {} yet. Begin with: slmrig run demo\n", places.database());
    return ExitCode::kGood;
  }
  TextTable table({{"run"},
                   {"started (UTC)"},
                   {"took", Align::kRight},
                   {"state"},
                   {"plan"},
                   {"label"},
                   {"build"},
                   {"cells"}},
                  2);
  for (const store::RunRow& run : runs) {
    const std::string took = run.ended_at_ns ? duration_text(*run.ended_at_ns - run.started_at_ns) : kNothing;
    table.add_row({run.run_id.substr(0, 18), base::utc_text(run.started_at_ns), took, state_of(run),
                   run.plan_name, run.label, run.build, cells_of(run)});
  }
  std::fputs(table.text().c_str(), stdout);
  return ExitCode::kGood;
}

}  // namespace

void add_runs_command(CLI::App& app, Action& action) {
  auto places = std::make_shared<Places>();
  CLI::App* command = app.add_subcommand("runs", "The runs in the database, newest first");
  add_output_option(*command, *places);
  add_database_option(*command, *places);
  command->callback([&action, places] { action = [places] { return list_runs(*places); }; });
}

}  // namespace slmrig::cli
