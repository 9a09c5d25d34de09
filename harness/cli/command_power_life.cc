#include <algorithm>
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "harness/analyse/measured_energy.h"
#include "harness/base/wildcard.h"
#include "harness/cli/battery_text.h"
#include "harness/cli/commands.h"
#include "harness/cli/duty_file.h"
#include "harness/plan/expand.h"
#include "harness/store/queries.h"

namespace slmrig::cli {
namespace {

using analyse::BudgetVerdict;
using analyse::MeasuredCell;
using base::Result;

struct LifeOptions {
  Places places;
  std::string duty;
  std::string run = "latest";
  std::vector<std::string> only;
  double budget_mj = 0;
  bool as_json = false;
};

const std::string& name_of(const MeasuredCell& cell, const std::string& key) {
  if (key == "bench") return cell.bench;
  if (key == "board") return cell.board;
  if (key == "model") return cell.model;
  if (key == "variant") return cell.variant;
  return cell.suite;
}

// Conditions of one key are alternatives, as everywhere.
bool holds(const std::vector<plan::Only>& only, const MeasuredCell& cell) {
  return std::all_of(only.begin(), only.end(), [&](const plan::Only& condition) {
    return std::any_of(only.begin(), only.end(), [&](const plan::Only& alternative) {
      return alternative.key == condition.key &&
             base::matches_wildcard(alternative.value, name_of(cell, alternative.key));
    });
  });
}

Result<std::vector<MeasuredCell>> chosen_cells(const store::RunData& run,
                                               const std::vector<std::string>& conditions) {
  std::vector<plan::Only> only;
  for (const std::string& text : conditions) {
    SLMRIG_ASSIGN(plan::Only condition, plan::parse_only(text));
    only.push_back(std::move(condition));
  }
  SLMRIG_ASSIGN(std::vector<MeasuredCell> cells, analyse::measured_cells(run));
  if (cells.empty()) {
    return base::fail(base::ErrorCode::kBadInput,
                      "it has no energies: none of its cells was measured by a power meter (a bench has one "
                      "where the rig file gives it a \"meter\")",
                      fmt::format("run {}", run.run.run_id));
  }
  std::erase_if(cells, [&](const MeasuredCell& cell) { return !holds(only, cell); });
  if (cells.empty()) {
    return base::fail(base::ErrorCode::kBadInput,
                      "no cell with an energy matches all of the --only conditions at once",
                      fmt::format("run {}", run.run.run_id));
  }
  return cells;
}

ExitCode code_of(const std::vector<BatteryAnswer>& answers) {
  std::vector<ExitCode> codes;
  for (const BatteryAnswer& answer : answers) {
    if (!answer.budget || answer.budget->verdict == BudgetVerdict::kPass) continue;
    codes.push_back(answer.budget->verdict == BudgetVerdict::kFail ? ExitCode::kBadResult
                                                                   : ExitCode::kUndecided);
  }
  return worst_of(codes);
}

Result<ExitCode> show_life(const LifeOptions& options) {
  SLMRIG_ASSIGN(const std::filesystem::path root, options.places.root());
  BatteryQuestion question;
  SLMRIG_ASSIGN(question.duty, load_duty(options.duty, root));
  if (options.budget_mj > 0) question.budget_uj = options.budget_mj * 1e3;
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(options.places.database()));
  SLMRIG_ASSIGN(const store::RunRow row, reader.find_run(options.run));
  question.run_id = row.run_id;
  SLMRIG_ASSIGN(const store::RunData run, reader.run_data(row.run_id));
  SLMRIG_ASSIGN(const std::vector<MeasuredCell> cells, chosen_cells(run, options.only));
  const std::vector<BatteryAnswer> answers = battery_answers(question, cells);
  if (options.as_json) {
    fmt::print("{}\n", battery_json(question, answers).dump(2));
  } else {
    std::fputs(battery_text(question, answers).c_str(), stdout);
  }
  return code_of(answers);
}

}  // namespace

void add_power_life_command(CLI::App& power, Action& action) {
  auto options = std::make_shared<LifeOptions>();
  CLI::App* command =
      power.add_subcommand("life", "Battery life under a duty, from energies that were measured");
  command->add_option("RUN", options->run, "'latest', a label, or the beginning of a run id")
      ->capture_default_str();
  command->add_option("--duty", options->duty, "A duty under workloads/duty, or a file")->required();
  command
      ->add_option("--only", options->only,
                   "bench=, board=, model=, variant= or suite= with a name or wildcard (repeatable)")
      ->allow_extra_args(false);
  command
      ->add_option("--budget-mj", options->budget_mj,
                   "Millijoules that an answer may take: exit code 1 above it, 3 where that cannot be told")
      ->check(CLI::Range(1e-6, 1e9));
  command->add_flag("--json", options->as_json, "As JSON");
  add_output_option(*command, options->places);
  add_database_option(*command, options->places);
  add_root_option(*command, options->places);
  command->callback([&action, options] { action = [options] { return show_life(*options); }; });
}

}  // namespace slmrig::cli
