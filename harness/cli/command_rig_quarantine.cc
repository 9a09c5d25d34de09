// slmrig rig quarantine and slmrig rig release: benches that nothing is measured on for a while.
#include <algorithm>
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/suggest.h"
#include "harness/cli/commands.h"
#include "harness/cli/loaded_plan.h"
#include "harness/cli/text_table.h"
#include "harness/cli/user_name.h"
#include "harness/rig/rig_file.h"
#include "harness/store/quarantine.h"

namespace slmrig::cli {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

struct QuarantineOptions {
  Places places;
  std::string rig = kDefaultRig;
  std::string bench;
  std::string reason;
  std::string who;
};

Result<ExitCode> list_quarantined(const QuarantineOptions& options) {
  SLMRIG_ASSIGN(const std::vector<store::QuarantineRow> rows,
                store::quarantined_benches(options.places.database()));
  if (rows.empty()) {
    fmt::print("No bench is in quarantine in {}\n", options.places.database());
    return ExitCode::kGood;
  }
  TextTable table({{"bench"}, {"since"}, {"by"}, {"why"}}, 2);
  for (const store::QuarantineRow& row : rows)
    table.add_row({row.bench, base::utc_text(row.since_ns), row.who, row.reason});
  std::fputs(table.text().c_str(), stdout);
  return ExitCode::kGood;
}

// A misspelt bench would be measured on for ever.
base::Done check_bench_name(const QuarantineOptions& options) {
  SLMRIG_ASSIGN(const std::filesystem::path root, options.places.root());
  SLMRIG_ASSIGN(const base::Rig rig, rig::load_rig(options.rig, root));
  std::vector<std::string> known;
  for (const base::Bench& bench : rig.benches) known.push_back(bench.name);
  if (std::find(known.begin(), known.end(), options.bench) != known.end()) return {};
  return fail(ErrorCode::kBadInput, base::unknown_name("bench", options.bench, known) + " in " + rig.file);
}

store::BenchDecision decision_of(const QuarantineOptions& options) {
  return {options.bench, options.who.empty() ? user_name() : options.who, options.reason, base::utc_now_ns()};
}

Result<ExitCode> quarantine(const QuarantineOptions& options) {
  if (options.bench.empty()) return list_quarantined(options);
  if (options.reason.find_first_not_of(" \t\n") == std::string::npos) {
    return fail(ErrorCode::kBadInput, "say why, in a sentence that somebody can read in a year", "--reason");
  }
  SLMRIG_TRY(check_bench_name(options));
  SLMRIG_TRY(store::quarantine_bench(options.places.database(), decision_of(options)));
  fmt::print("{} is in quarantine: runs leave it out, until slmrig rig release {}\n", options.bench,
             options.bench);
  return ExitCode::kGood;
}

Result<ExitCode> release(const QuarantineOptions& options) {
  SLMRIG_TRY(store::release_bench(options.places.database(), decision_of(options)));
  fmt::print("{} is in service again; slmrig rig check {} looks at it\n", options.bench, options.bench);
  return ExitCode::kGood;
}

}  // namespace

void add_rig_quarantine_commands(CLI::App& rig, Action& action) {
  auto options = std::make_shared<QuarantineOptions>();
  CLI::App* command =
      rig.add_subcommand("quarantine", "Takes a bench out of service; without one: those that are");
  command->add_option("BENCH", options->bench, "Its name in the rig file");
  command->add_option("--reason", options->reason, "Why; cells that are not measured say it");
  command->add_option("--who", options->who, "In place of the name of who calls");
  command->add_option("--rig", options->rig, "Rig: a name under boards/rigs, or a file")
      ->capture_default_str();
  add_root_option(*command, options->places);
  add_output_option(*command, options->places);
  add_database_option(*command, options->places);
  command->callback([&action, options] { action = [options] { return quarantine(*options); }; });

  auto released = std::make_shared<QuarantineOptions>();
  command = rig.add_subcommand("release", "Puts a bench into service again");
  command->add_option("BENCH", released->bench, "A bench in quarantine")->required();
  command->add_option("--reason", released->reason, "What was mended");
  command->add_option("--who", released->who, "In place of the name of who calls");
  add_output_option(*command, released->places);
  add_database_option(*command, released->places);
  command->callback([&action, released] { action = [released] { return release(*released); }; });
}

}  // namespace slmrig::cli
