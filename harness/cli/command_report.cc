#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "harness/cli/commands.h"
#include "harness/cli/report_page.h"

namespace slmrig::cli {
namespace {

struct ReportOptions {
  Places places;
  std::string file;
  std::vector<std::string> runs;
};

base::Result<ExitCode> report(const ReportOptions& options) {
  SLMRIG_ASSIGN(const ReportRows rows, report_rows(options.places.database(), options.runs));
  const std::filesystem::path file =
      options.file.empty() ? options.places.output() / "report.html" : std::filesystem::path(options.file);
  SLMRIG_TRY(reports::write_report(rows.input(), file));
  fmt::print("{} runs -> {}\n", rows.runs.size(), file.string());
  return ExitCode::kGood;
}

}  // namespace

void add_report_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* command =
      app.add_subcommand("report", "Writes the results as one HTML file that opens without a network");
  command->add_option("-o,--output", options->file, "The file [report.html in the output folder]");
  command->add_option("--run", options->runs, "RUN, repeatable: only these [the newest 100]")
      ->allow_extra_args(false);
  add_output_option(*command, options->places);
  add_database_option(*command, options->places);
  command->callback([&action, options] { action = [options] { return report(*options); }; });
}

}  // namespace slmrig::cli
