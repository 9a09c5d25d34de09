// slmrig: deploys language models to boards, measures them and keeps the results.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/suggest.h"
#include "harness/cli/command_gate.h"
#include "harness/cli/commands.h"
#include "harness/cli/exit_code.h"
#include "harness/cli/version.h"

namespace {

using slmrig::cli::Action;
using slmrig::cli::ExitCode;

constexpr const char* kFooter =
    "A RUN is 'latest', a label, or the beginning of a run id.\n"
    "Results go to ./out: the database out/slmrig.db, the cache of variants out/cache. --out moves both,\n"
    "--db the database alone; every command has the same defaults.\n"
    "Exit codes: 0 good, 1 the measured thing is bad, 2 bad input, 3 the rig could not decide,\n4 a waiver "
    "lapsed.";

void add_commands(CLI::App& app, Action& action) {
  slmrig::cli::add_run_command(app, action);
  slmrig::cli::add_plan_command(app, action);
  slmrig::cli::add_fit_command(app, action);
  slmrig::cli::add_compare_command(app, action);
  slmrig::cli::add_ab_command(app, action);
  slmrig::cli::add_analyse_command(app, action);
  slmrig::cli::add_finding_command(app, action);
  slmrig::cli::add_runs_command(app, action);
  slmrig::cli::add_show_command(app, action);
  slmrig::cli::add_gate_command(app, action);
  slmrig::cli::add_report_command(app, action);
  slmrig::cli::add_serve_command(app, action);
  slmrig::cli::add_rig_command(app, action);
  slmrig::cli::add_board_command(app, action);
  slmrig::cli::add_power_command(app, action);
  slmrig::cli::add_release_command(app, action);
  slmrig::cli::add_db_command(app, action);
  slmrig::cli::add_version_command(app, action);
}

// CLI11 would only say that a subcommand is required.
bool is_unknown_command(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return false;
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands({})) known.push_back(command->get_name());
  if (std::find(known.begin(), known.end(), argv[1]) != known.end()) return false;
  fmt::print(stderr, "slmrig: {}; slmrig --help lists them\n",
             slmrig::base::unknown_name("command", argv[1], known));
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Measures small language models on boards, token by token."};
  app.name("slmrig");
  app.set_version_flag("--version", std::string(slmrig::cli::kVersionText));
  app.require_subcommand(1);
  app.footer(kFooter);
  Action action;
  add_commands(app, action);
  if (is_unknown_command(app, argc, argv)) return static_cast<int>(ExitCode::kBadInput);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version are asked for and good; everything else is wrong usage, whatever CLI11 numbers it.
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::kBadInput);
  }
  const slmrig::base::Result<ExitCode> outcome = action();
  if (outcome) return static_cast<int>(*outcome);
  fmt::print(stderr, "slmrig: {}\n", outcome.error().text());
  return static_cast<int>(slmrig::cli::exit_code_of(outcome.error().code));
}
