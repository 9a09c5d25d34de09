#include <algorithm>
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/cli/commands.h"
#include "harness/cli/figures.h"
#include "harness/cli/summary.h"
#include "harness/cli/text_table.h"
#include "harness/store/queries.h"

namespace slmrig::cli {
namespace {

std::string state_of(const store::RunRow& run) {
  if (!run.ended_at_ns) return "unfinished";
  return run.interrupted ? "interrupted" : "ended";
}

// "2026-03-01 12:34": seconds only widen the table.
std::string minute_text(int64_t utc_ns) {
  std::string text = base::utc_text(utc_ns).substr(0, 16);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

// Columns that no run fills are left out.
TextTable table_of(const std::vector<store::RunRow>& runs) {
  const bool labels =
      std::any_of(runs.begin(), runs.end(), [](const auto& run) { return !run.label.empty(); });
  const bool builds =
      std::any_of(runs.begin(), runs.end(), [](const auto& run) { return !run.build.empty(); });
  std::vector<Column> columns = {{"run"}, {"started (UTC)"}, {"took", Align::kRight}, {"state"}, {"plan"}};
  if (labels) columns.push_back({"label"});
  if (builds) columns.push_back({"build"});
  columns.push_back({"cells"});
  TextTable table(columns, 2);
  for (const store::RunRow& run : runs) {
    const std::string took = run.ended_at_ns ? duration_text(*run.ended_at_ns - run.started_at_ns) : kNothing;
    std::vector<std::string> row = {short_id(run.run_id), minute_text(run.started_at_ns), took, state_of(run),
                                    run.plan_name};
    if (labels) row.push_back(run.label);
    if (builds) row.push_back(run.build);
    row.push_back(cells_text(run));
    table.add_row(std::move(row));
  }
  return table;
}

base::Result<ExitCode> list_runs(const Places& places) {
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(places.database()));
  SLMRIG_ASSIGN(const std::vector<store::RunRow> runs, reader.runs());
  if (runs.empty()) {
    fmt::print("No runs in {} yet. Begin with: slmrig run demo\n", places.database());
    return ExitCode::kGood;
  }
  std::fputs(table_of(runs).text().c_str(), stdout);
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
