#include "harness/cli/command_gate.h"

#include <algorithm>
#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/sha256.h"
#include "harness/campaign/gate_input.h"
#include "harness/cli/text_table.h"
#include "harness/gate/evaluate.h"
#include "harness/gate/words.h"
#include "harness/gate/writers.h"
#include "harness/store/queries.h"
#include "harness/store/releases.h"

namespace slmrig::cli {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;
using base::Result;

struct GateOptions {
  Places places;
  std::string budgets;
  std::vector<std::string> runs;
  std::string baseline;
  std::vector<std::string> artifacts;
  std::string explain;
  bool json = false;
  bool github = false;
  std::string junit;
  std::string gitlab;
  std::string markdown;
};

ExitCode exit_code_of(gate::Outcome outcome) {
  switch (outcome) {
    case gate::Outcome::kPass: return ExitCode::kGood;
    case gate::Outcome::kFail: return ExitCode::kBadResult;
    case gate::Outcome::kLapsed: return ExitCode::kWaiverLapsed;
    case gate::Outcome::kUndecided: return ExitCode::kUndecided;
  }
  return ExitCode::kUndecided;
}

// Folders of boards/; none where the project is not at hand: then boards are known from the runs alone.
std::vector<std::string> board_names(const Places& places) {
  std::vector<std::string> names;
  const auto root = places.root();
  if (!root) return names;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(*root / "boards", error)) {
    if (fs::exists(entry.path() / "board.json", error)) names.push_back(entry.path().filename().string());
  }
  return names;
}

void print_table(const gate::GateReport& report) {
  TextTable table({{"row"},
                   {"verdict"},
                   {"board"},
                   {"model"},
                   {"variant"},
                   {"suite"},
                   {"metric"},
                   {"figure", Align::kRight},
                   {"limit", Align::kRight},
                   {"", Align::kRight}});
  std::vector<const gate::Row*> rows;
  for (const gate::Row& row : report.rows) rows.push_back(&row);
  std::stable_sort(rows.begin(), rows.end(), [](const auto* left, const auto* right) {
    return std::pair(!left->holds_back(), -static_cast<int>(left->verdict)) <
           std::pair(!right->holds_back(), -static_cast<int>(right->verdict));
  });
  for (const gate::Row* row : rows) {
    const gate::Limit& limit = report.budgets.budgets[row->budget].limit;
    table.add_row({row->id, gate::verdict_text(report, *row), row->board, row->model, row->variant,
                   row->suite, std::string(row->metric->name), gate::figure_text(*row),
                   gate::limit_text(report, *row), gate::distance_text(*row, limit)});
    if (!row->reason.empty()) table.add_note_row({"", ""}, row->reason);
  }
  constexpr std::size_t kWidth = 180;
  std::fputs(table.text(kWidth).c_str(), stdout);
}

// Quoted where a shell would take it apart.
std::string word(const std::string& text) {
  const bool plain = !text.empty() && text.find_first_of(" \t\"'*?$&|;<>()\\`") == std::string::npos;
  if (plain) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// Runs by their ids, so that it means the same tomorrow.
std::string command_of(const GateOptions& options, const gate::GateReport& report) {
  std::string command = "slmrig gate --budgets " + word(options.budgets);
  for (const std::string& run : report.run_ids) command += " --run " + run;
  if (!options.baseline.empty()) command += " --baseline " + word(options.baseline);
  if (!options.places.database_option.empty()) command += " --db " + word(options.places.database_option);
  if (!options.places.output_option.empty()) command += " --out " + word(options.places.output_option);
  return command;
}

// The shipped files must be those that were measured. False: one was not.
Result<bool> check_artifacts(const GateOptions& options, gate::GateReport& report) {
  if (options.artifacts.empty()) return true;
  SLMRIG_ASSIGN(const std::vector<store::ArtifactRow> measured,
                store::measured_artifacts(options.places.database(), report.run_ids));
  bool all = true;
  for (const std::string& file : options.artifacts) {
    SLMRIG_ASSIGN(const std::vector<uint8_t> bytes, base::read_bytes(file));
    gate::Artifact artifact{file, base::sha256_hex(bytes), {}, false};
    for (const store::ArtifactRow& row : measured) {
      if (row.sha256 != artifact.sha256) continue;
      artifact.what = row.kind + " " + row.name;
      artifact.measured = true;
    }
    all = all && artifact.measured;
    report.artifacts.push_back(std::move(artifact));
  }
  return all;
}

base::Done write_or_print(const std::string& file, const std::string& text) {
  if (file.empty()) return {};
  if (file != "-") return base::write_file_atomically(file, text);
  std::fputs(text.c_str(), stdout);
  return {};
}

base::Done print_report(const GateOptions& options, const gate::GateReport& report) {
  if (!options.explain.empty()) {
    SLMRIG_ASSIGN(const std::string text,
                  gate::gate_explanation(report, options.explain, {command_of(options, report)}));
    std::fputs(text.c_str(), stdout);
    return {};
  }
  SLMRIG_TRY(write_or_print(options.junit, gate::gate_junit(report)));
  SLMRIG_TRY(write_or_print(options.gitlab, gate::gate_gitlab(report)));
  SLMRIG_TRY(write_or_print(options.markdown, gate::gate_markdown(report)));
  if (options.json) {
    std::fputs(gate::gate_json(report).c_str(), stdout);
    return {};
  }
  const bool to_stdout = options.junit == "-" || options.gitlab == "-" || options.markdown == "-";
  if (to_stdout) return {};
  if (options.github) std::fputs(gate::gate_github(report).c_str(), stdout);
  print_table(report);
  fmt::print("\n");
  for (const std::string& remark : gate::remarks(report)) fmt::print("{}\n", remark);
  fmt::print("{}\n", gate::headline(report));
  return {};
}

Result<ExitCode> run_gate(const GateOptions& options) {
  SLMRIG_ASSIGN(const gate::BudgetFile budgets, gate::load_budgets(options.budgets));
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(options.places.database()));
  campaign::GateQuestion question;
  question.database = options.places.database();
  question.runs = options.runs;
  question.baseline = options.baseline;
  question.now_ns = base::utc_now_ns();
  SLMRIG_ASSIGN(const gate::GateInput input, campaign::read_gate_input(reader, budgets, question));
  SLMRIG_ASSIGN(gate::GateReport report, gate::evaluate(budgets, input, board_names(options.places)));
  SLMRIG_ASSIGN(const bool shipped, check_artifacts(options, report));
  if (!shipped) report.outcome = gate::Outcome::kFail;
  SLMRIG_TRY(print_report(options, report));
  return exit_code_of(report.outcome);
}

}  // namespace

void add_gate_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<GateOptions>();
  CLI::App* command = app.add_subcommand("gate", "Holds runs against budgets: 0 pass, 1 fail, 3 undecided");
  command->add_option("--budgets", options->budgets, "The budget file (workloads/plans/budget.schema.json)")
      ->required();
  command->add_option("--run", options->runs, "RUN, repeatable: their sessions count together [latest]")
      ->allow_extra_args(false);
  command->add_option("--baseline", options->baseline, "The release that 'baseline' in a limit means");
  command->add_option("--artifact", options->artifacts,
                      "Files to be shipped: fails unless they were measured");
  command->add_option("--explain", options->explain, "ROW: how it was decided, from which samples");
  command->add_flag("--json", options->json, "JSON in place of the table");
  command->add_option("--junit", options->junit, "Also writes JUnit XML to this file (-: prints it alone)");
  command->add_flag("--github", options->github, "Also prints annotations for GitHub Actions");
  command->add_option("--gitlab", options->gitlab, "Also writes GitLab's code quality report to this file");
  command->add_option("--markdown", options->markdown,
                      "Also writes Markdown for a merge request to this file");
  add_root_option(*command, options->places);
  add_output_option(*command, options->places);
  add_database_option(*command, options->places);
  command->callback([&action, options] { action = [options] { return run_gate(*options); }; });
}

}  // namespace slmrig::cli
