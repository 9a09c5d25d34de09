#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/cli/commands.h"
#include "harness/cli/report_page.h"
#include "reports/markdown.h"
#include "reports/report.h"
#include "reports/summary_svg.h"

namespace slmrig::cli {
namespace {

struct ReportOptions {
  Places places;
  std::string file;
  ReportQuestion question;
  std::string since;
  std::string accept;
  bool markdown = false;
  std::string svg;
};

// Markdown goes to standard output, and the page is then written only where it was asked for.
base::Result<ExitCode> report(const ReportOptions& options) {
  ReportQuestion question = options.question;
  if (!options.since.empty()) {
    SLMRIG_ASSIGN(question.since_ns, parse_since(options.since, base::utc_now_ns()));
  }
  if (!options.accept.empty()) {
    SLMRIG_ASSIGN(question.conditions, gate::parse_conditions(options.accept));
  }
  SLMRIG_ASSIGN(const ReportRows rows, report_rows(options.places.database(), question));
  const reports::ReportInput input = rows.input();
  if (options.markdown) std::fputs(reports::report_markdown(input).c_str(), stdout);
  if (!options.svg.empty()) {
    SLMRIG_TRY(base::write_file_atomically(options.svg, reports::summary_svg(input)));
  }
  if (options.file.empty() && (options.markdown || !options.svg.empty())) return ExitCode::kGood;
  const std::filesystem::path file =
      options.file.empty() ? options.places.output() / "report.html" : std::filesystem::path(options.file);
  SLMRIG_TRY(reports::write_report(input, file));
  fmt::print(options.markdown ? stderr : stdout, "{} runs -> {}\n", rows.runs.size(), file.string());
  return ExitCode::kGood;
}

}  // namespace

void add_report_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* command =
      app.add_subcommand("report", "Writes the results as one HTML file that opens without a network");
  command->add_option("-o,--output", options->file, "The file [report.html in the output folder]");
  command->add_option("--run", options->question.runs, "RUN, repeatable: only these [the newest 100]")
      ->allow_extra_args(false);
  command->add_option("--budgets", options->question.budgets,
                      "Also shows what a gate with this budget file says of the newest run");
  command->add_option("--baseline", options->question.baseline,
                      "The release that 'baseline' in a limit means");
  command->add_option("--accept", options->accept,
                      "CONDITIONS as of slmrig compare: which variants of the newest run are good enough");
  command->add_option("--since", options->since,
                      "Nights since DATE (2026-03-14) or the last N days (90d) [all]");
  command->add_flag("--markdown", options->markdown, "Prints a summary as Markdown, for mail");
  command->add_option("--svg", options->svg, "Writes a summary as one picture to this file, for chat");
  add_output_option(*command, options->places);
  add_database_option(*command, options->places);
  command->callback([&action, options] { action = [options] { return report(*options); }; });
}

}  // namespace slmrig::cli
