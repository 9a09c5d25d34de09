// The commands of slmrig, one file each (command_<name>.cc), and what they share.
//
// A command registers its options and leaves an Action behind when the user chose it. Actions print results
// to stdout and progress to stderr; an error they return is printed by main, which also turns it into the
// exit code.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include <CLI/CLI.hpp>

#include "harness/base/error.h"
#include "harness/cli/exit_code.h"

namespace slmrig::cli {

using Action = std::function<base::Result<ExitCode>()>;

// Where a command reads and writes: the same options with the same defaults everywhere.
struct Places {
  std::string root_option;      // --root; empty: found (base/paths.h)
  std::string output_option;    // --out; empty: ./out
  std::string database_option;  // --db; empty: slmrig.db in the output folder

  base::Result<std::filesystem::path> root() const;
  std::filesystem::path output() const;
  std::string database() const;
  // " --out DIR --db FILE" where these are not the default, so that the commands we propose work as they
  // stand.
  std::string as_options() const;
};

void add_root_option(CLI::App& command, Places& places);
void add_output_option(CLI::App& command, Places& places);
void add_database_option(CLI::App& command, Places& places);

void add_run_command(CLI::App& app, Action& action);
void add_plan_command(CLI::App& app, Action& action);
void add_fit_command(CLI::App& app, Action& action);
void add_compare_command(CLI::App& app, Action& action);
void add_ab_command(CLI::App& app, Action& action);
void add_analyse_command(CLI::App& app, Action& action);
void add_finding_command(CLI::App& app, Action& action);
void add_runs_command(CLI::App& app, Action& action);
void add_show_command(CLI::App& app, Action& action);
void add_report_command(CLI::App& app, Action& action);
void add_serve_command(CLI::App& app, Action& action);
void add_rig_command(CLI::App& app, Action& action);
void add_rig_slots_commands(CLI::App& rig, Action& action);  // below `rig`
// Under `slmrig rig`.
void add_rig_init_command(CLI::App& rig, Action& action);
void add_rig_doctor_command(CLI::App& rig, Action& action);
void add_rig_identify_command(CLI::App& rig, Action& action);
void add_rig_quarantine_commands(CLI::App& rig, Action& action);
void add_rig_check_command(CLI::App& rig, Action& action);
void add_board_command(CLI::App& app, Action& action);
// Under `slmrig board`.
void add_board_check_command(CLI::App& board, Action& action);
void add_power_command(CLI::App& app, Action& action);
void add_power_export_command(CLI::App& power, Action& action);  // below `power`
void add_power_life_command(CLI::App& power, Action& action);    // below `power`
void add_release_command(CLI::App& app, Action& action);
void add_db_command(CLI::App& app, Action& action);
// Under `slmrig db`.
void add_db_upkeep_commands(CLI::App& db, Action& action);
void add_db_file_commands(CLI::App& db, Action& action);
void add_version_command(CLI::App& app, Action& action);

}  // namespace slmrig::cli
