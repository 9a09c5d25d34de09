#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "harness/cli/commands.h"
#include "harness/store/queries.h"
#include "reports/report.h"

namespace slmrig::cli {
namespace {

// A page of more runs than these is slow to open; older ones are named with --run.
constexpr std::size_t kRunsOfAReport = 20;

struct ReportOptions {
  Places places;
  std::string file;
  std::vector<std::string> runs;
};

base::Result<std::vector<std::string>> chosen_runs(const ReportOptions& options, store::Reader& reader,
                                                   std::size_t& left_out) {
  std::vector<std::string> ids;
  for (const std::string& selector : options.runs) {
    SLMRIG_ASSIGN(const store::RunRow run, reader.find_run(selector));
    ids.push_back(run.run_id);
  }
  if (!ids.empty()) return ids;
  SLMRIG_ASSIGN(const std::vector<store::RunRow> all, reader.runs());
  for (const store::RunRow& run : all) {
    if (ids.size() < kRunsOfAReport) ids.push_back(run.run_id);
  }
  left_out = all.size() - ids.size();
  return ids;
}

base::Result<ExitCode> report(const ReportOptions& options) {
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(options.places.database()));
  std::size_t left_out = 0;
  SLMRIG_ASSIGN(const std::vector<std::string> ids, chosen_runs(options, reader, left_out));
  std::vector<store::RunData> runs;
  for (const std::string& id : ids) {
    SLMRIG_ASSIGN(store::RunData data, reader.run_data(id));
    runs.push_back(std::move(data));
  }
  reports::ReportInput input;
  input.runs = runs;
  input.runs_left_out = left_out;
  const std::filesystem::path file =
      options.file.empty() ? options.places.output() / "report.html" : std::filesystem::path(options.file);
  SLMRIG_TRY(reports::write_report(input, file));
  fmt::print("{} runs -> {}\n", runs.size(), file.string());
  return ExitCode::kGood;
}

}  // namespace

void add_report_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* command =
      app.add_subcommand("report", "Writes the results as one HTML file that opens without a network");
  command->add_option("-o,--output", options->file, "The file [report.html in the output folder]");
  command->add_option("--run", options->runs, "RUN, repeatable: only these [the newest 20]")
      ->allow_extra_args(false);
  add_output_option(*command, options->places);
  add_database_option(*command, options->places);
  command->callback([&action, options] { action = [options] { return report(*options); }; });
}

}  // namespace slmrig::cli
