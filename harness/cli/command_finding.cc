#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "harness/analyse/findings.h"
#include "harness/base/clock.h"
#include "harness/cli/commands.h"
#include "harness/cli/finding_text.h"
#include "harness/cli/user_name.h"
#include "harness/store/findings.h"

namespace slmrig::cli {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using store::FindingRow;
using store::FindingState;

struct FindingOptions {
  Places places;
  std::vector<std::string> ids;
  std::string reason;
  std::string who;
  bool with_group = false;
  bool all = false;
  bool json = false;
};

Result<ExitCode> list_findings(const FindingOptions& options) {
  SLMRIG_ASSIGN(std::vector<FindingRow> findings, store::read_findings(options.places.database()));
  const std::size_t known = findings.size();
  if (!options.all) {
    std::erase_if(findings,
                  [](const FindingRow& finding) { return finding.state == FindingState::kResolved; });
  }
  if (options.json) {
    std::fputs(findings_json(findings).c_str(), stdout);
  } else if (!findings.empty()) {
    std::fputs(finding_table(findings).c_str(), stdout);
  } else {
    fmt::print("No {}findings in {}; slmrig analyse looks for some\n", known != 0 ? "open " : "",
               options.places.database());
  }
  return ExitCode::kGood;
}

Result<ExitCode> show_finding(const FindingOptions& options) {
  const std::string database = options.places.database();
  SLMRIG_ASSIGN(const FindingRow finding, store::find_finding(database, options.ids.front()));
  SLMRIG_ASSIGN(const std::vector<store::FindingEvent> events,
                store::finding_events(database, finding.finding_id));
  const std::string text = options.json ? finding_json(finding, events)
                                        : finding_card(finding, events, options.places.as_options());
  std::fputs(text.c_str(), stdout);
  return ExitCode::kGood;
}

// Those that began together with it, itself among them.
std::vector<FindingRow> group_of(const FindingRow& finding, const std::vector<FindingRow>& all) {
  std::vector<FindingRow> open;
  std::copy_if(all.begin(), all.end(), std::back_inserter(open),
               [&](const FindingRow& one) { return one.state == finding.state; });
  for (const analyse::FindingGroup& group : analyse::group_findings(open)) {
    std::vector<FindingRow> rows;
    for (const std::size_t index : group.findings) rows.push_back(open[index]);
    const bool is_here = std::any_of(rows.begin(), rows.end(), [&](const FindingRow& row) {
      return row.finding_id == finding.finding_id;
    });
    if (is_here) return rows;
  }
  return {finding};
}

Result<ExitCode> decide(const FindingOptions& options, FindingState state) {
  const std::string database = options.places.database();
  if (options.reason.find_first_not_of(" \t\n") == std::string::npos) {
    return fail(ErrorCode::kBadInput, "say why, in a sentence that somebody can read in a year", "--reason");
  }
  SLMRIG_ASSIGN(const std::vector<FindingRow> all, store::read_findings(database));
  std::vector<FindingRow> chosen;
  for (const std::string& id : options.ids) {
    SLMRIG_ASSIGN(const FindingRow finding, store::find_finding(database, id));
    const std::vector<FindingRow> rows =
        options.with_group ? group_of(finding, all) : std::vector<FindingRow>{finding};
    chosen.insert(chosen.end(), rows.begin(), rows.end());
  }
  const std::string who = options.who.empty() ? user_name() : options.who;
  for (const FindingRow& finding : chosen) {
    SLMRIG_TRY(store::decide_finding(database, finding.finding_id,
                                     {state, who, options.reason, base::utc_now_ns()}));
    fmt::print("{} {}: {} {}\n", state == FindingState::kAcknowledged ? "acknowledged" : "reopened",
               finding_short_id(finding.finding_id), finding.series.bench, finding_headline(finding));
  }
  return ExitCode::kGood;
}

void add_places(CLI::App& command, FindingOptions& options) {
  add_output_option(command, options.places);
  add_database_option(command, options.places);
}

void add_decision(CLI::App& finding, Action& action, const char* name, const char* text, FindingState state) {
  auto options = std::make_shared<FindingOptions>();
  CLI::App* command = finding.add_subcommand(name, text);
  command->add_option("ID", options->ids, "Beginning or end of a finding's id; several are taken")
      ->required();
  command->add_option("--reason", options->reason, "Why; it is kept with the finding")->required();
  command->add_option("--who", options->who, "In place of the name of who calls");
  command->add_flag("--group", options->with_group, "And all that began together with it");
  add_places(*command, *options);
  command->callback(
      [&action, options, state] { action = [options, state] { return decide(*options, state); }; });
}

}  // namespace

void add_finding_command(CLI::App& app, Action& action) {
  CLI::App* finding =
      app.add_subcommand("finding", "What slmrig analyse found: list it, see why, acknowledge it");
  finding->require_subcommand(1);
  auto listed = std::make_shared<FindingOptions>();
  CLI::App* list = finding->add_subcommand("list", "Findings that are not over, newest onset first");
  list->add_flag("--all", listed->all, "Those that are over, too");
  list->add_flag("--json", listed->json, "A JSON array with an object for each finding");
  add_places(*list, *listed);
  list->callback([&action, listed] { action = [listed] { return list_findings(*listed); }; });

  auto shown = std::make_shared<FindingOptions>();
  CLI::App* show = finding->add_subcommand("show", "Why: samples, interval, causes, and what happened to it");
  show->add_option("ID", shown->ids, "Beginning or end of a finding's id")->required()->expected(1);
  show->add_flag("--json", shown->json, "As JSON");
  add_places(*show, *shown);
  show->callback([&action, shown] { action = [shown] { return show_finding(*shown); }; });

  add_decision(*finding, action, "ack", "Acknowledges findings: known, and no alarm any more",
               FindingState::kAcknowledged);
  add_decision(*finding, action, "reopen", "Takes an acknowledgement back", FindingState::kOngoing);
}

}  // namespace slmrig::cli
