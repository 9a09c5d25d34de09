// slmrig power export: a capture in the format of another program.
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "harness/cli/commands.h"
#include "harness/measure/capture_export.h"

namespace slmrig::cli {
namespace {

using base::ErrorCode;
using base::Result;

struct ExportOptions {
  std::string capture;
  std::string format = "csv";
  std::string output;
};

Result<ExitCode> export_file(const ExportOptions& options) {
  std::filesystem::path to = options.output;
  if (to.empty()) to = std::filesystem::path(options.capture).replace_extension(options.format);
  std::error_code error;
  if (std::filesystem::equivalent(to, options.capture, error)) {
    return base::fail(ErrorCode::kBadInput,
                      fmt::format("{} would be written over itself: name another file with -o", to.string()));
  }
  const bool is_csv = options.format == "csv";
  SLMRIG_ASSIGN(
      const measure::ExportReport report,
      measure::export_capture(options.capture,
                              is_csv ? measure::ExportFormat::kCsv : measure::ExportFormat::kPpk2, to));
  fmt::print("samples  {}\nlost     {}\n", report.samples, report.lost);
  if (!report.complete) fmt::print("doubt    {} was cut short: this is what was in it\n", options.capture);
  fmt::print("file     {}\n", to.string());
  return ExitCode::kGood;
}

}  // namespace

void add_power_export_command(CLI::App& power, Action& action) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command = power.add_subcommand("export", "Writes a capture in another program's format");
  command
      ->add_option("FILE", options->capture,
                   "A capture of `slmrig power record -o`, or of the folder of captures")
      ->required();
  command
      ->add_option("--format", options->format, "csv: one line a sample; ppk2: for Nordic's Power Profiler")
      ->check(CLI::IsMember({"csv", "ppk2"}))
      ->capture_default_str();
  command->add_option("-o,--output", options->output,
                      "The file to write; absent: FILE with the format's ending");
  command->callback([&action, options] { action = [options] { return export_file(*options); }; });
}

}  // namespace slmrig::cli
