#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/analyse/summary.h"
#include "harness/base/interrupt.h"
#include "harness/campaign/campaign.h"
#include "harness/campaign/resume.h"
#include "harness/campaign/until_decided.h"
#include "harness/cli/commands.h"
#include "harness/cli/energy_tables.h"
#include "harness/cli/figures.h"
#include "harness/cli/loaded_plan.h"
#include "harness/cli/progress.h"
#include "harness/cli/summary.h"
#include "harness/cli/undecided.h"
#include "harness/cli/version.h"
#include "harness/store/queries.h"

namespace slmrig::cli {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

struct RunOptions {
  PlanOptions plan;
  base::BuildIdentity build;
  std::string label;
  std::string resume;
  std::string until_decided;  // a budget file
  uint32_t decide_minutes = 60;
  bool profile = false;
  bool quiet = false;
};

// The conditions of --only, kept with the run so that resuming it takes the same cells.
constexpr const char* kOnlyFact = "run.only";
constexpr const char* kPlanFileFact = "plan.file";
constexpr const char* kPlanHashFact = "plan.sha256";
constexpr const char* kRigFileFact = "rig.file";
constexpr const char* kProfileFact = "run.profile";
constexpr const char* kAgentFact = "run.agent";

std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> words;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

Result<campaign::CampaignRequest> new_run(const RunOptions& options) {
  SLMRIG_ASSIGN(LoadedPlan loaded, load_and_expand(options.plan));
  campaign::CampaignRequest request;
  request.expanded = std::move(loaded.expanded);
  request.workshop = std::move(loaded.workshop);
  request.label = options.label;
  request.build = options.build;
  request.profile = options.profile;
  request.provenance["harness.version"] = kVersionText;
  if (options.profile) request.provenance[kProfileFact] = "yes";
  if (!options.plan.agent.empty()) {
    std::error_code ignored;  // found a moment ago
    request.provenance[kAgentFact] = std::filesystem::absolute(options.plan.agent, ignored).string();
  }
  if (!options.plan.only.empty()) {
    request.provenance[kOnlyFact] = fmt::format("{}", fmt::join(options.plan.only, "\n"));
  }
  return request;
}

// The run says itself which plan, rig and conditions it had; a plan that changed since would mean other
// cells.
// `plan`: what the whole run was to measure.
Result<campaign::CampaignRequest> resumed_run(const RunOptions& options, base::ExpandedPlan& plan) {
  if (!options.plan.plan.empty() || !options.plan.only.empty() || !options.label.empty() ||
      !options.build.name.empty() || !options.build.commit_sha.empty()) {
    return fail(ErrorCode::kBadInput,
                "a run that goes on keeps its own plan, conditions, label and build; leave them out",
                "--resume");
  }
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(options.plan.places.database()));
  SLMRIG_ASSIGN(const store::RunRow run, reader.find_run(options.resume));
  SLMRIG_ASSIGN(const store::RunData rows, reader.run_data(run.run_id));
  const auto fact = [&](const char* key) {
    const auto found = rows.provenance.find(key);
    return found == rows.provenance.end() ? std::string() : found->second;
  };
  RunOptions again = options;
  again.plan.plan = fact(kPlanFileFact);
  again.plan.rig = fact(kRigFileFact);
  again.plan.only = split_words(fact(kOnlyFact));
  if (again.plan.agent.empty()) again.plan.agent = fact(kAgentFact);
  again.profile = again.profile || !fact(kProfileFact).empty();
  SLMRIG_ASSIGN(campaign::CampaignRequest request, new_run(again));
  if (request.expanded.plan.sha256 != fact(kPlanHashFact)) {
    return fail(ErrorCode::kBadInput,
                fmt::format("{} changed since run {} began; begin a new run, or put the plan back",
                            again.plan.plan, run.run_id),
                "--resume");
  }
  plan = request.expanded;
  campaign::Remaining remaining = campaign::remaining_of(std::move(request.expanded), rows);
  request.expanded = std::move(remaining.expanded);
  request.attempts = std::move(remaining.attempts);
  request.resume_run_id = run.run_id;
  return request;
}

Result<store::RunRow> print_results(const RunOptions& options, const std::string& run_id) {
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(options.plan.places.database()));
  SLMRIG_ASSIGN(const store::RunData rows, reader.run_data(run_id));
  if (!options.quiet) {
    std::fputs(summary_text(analyse::summarise(rows)).c_str(), stdout);
    std::fputs(energy_summary_text(rows).c_str(), stdout);
    fmt::print("\n");
  }
  return rows.run;
}

void print_end(const RunOptions& options, const campaign::CampaignOutcome& outcome,
               const store::RunRow& run) {
  const std::string places = options.plan.places.as_options();
  fmt::print("{}; took {}, of which agents measured {}\n", cells_text(run), duration_text(outcome.wall_ns),
             share_text(outcome.busy_share));
  fmt::print("run {} in {}\n", outcome.run_id, options.plan.places.database());
  if (outcome.interrupted) {
    fmt::print("Stopped. What was measured is stored. Go on with: slmrig run --resume {}{}\n",
               short_id(outcome.run_id), places);
  } else {
    fmt::print("Next: slmrig report{} -o report.html, or slmrig show latest{}\n", places, places);
  }
}

void print_failures(const campaign::CampaignOutcome& outcome) {
  for (const campaign::Failure& failure : outcome.failures) {
    fmt::print(stderr, "slmrig: bench {}: {}\n", failure.bench, failure.error.text());
  }
}

// "every budget is decided", "3 rows are undecided still; more sessions would decide 1 of them".
std::string undecided_text(const std::vector<campaign::UndecidedCell>& left) {
  if (left.empty()) return "every budget is decided";
  const auto would =
      std::count_if(left.begin(), left.end(), [](const auto& cell) { return cell.more_would_tell; });
  return fmt::format("{} row{} undecided still; more sessions would decide {} of them", left.size(),
                     left.size() == 1 ? " is" : "s are", would);
}

void print_decided(const RunOptions& options, const campaign::DecidedOutcome& decided) {
  fmt::print("After {} more round{} {}. How: slmrig gate --budgets {} --run {}{}\n", decided.rounds,
             decided.rounds == 1 ? "" : "s", undecided_text(decided.left), options.until_decided,
             short_id(decided.campaign.run_id), options.plan.places.as_options());
}

// Cells that are undecided after all rounds are no answer.
ExitCode exit_code_of_run(const campaign::CampaignOutcome& outcome, bool is_decided) {
  std::vector<ExitCode> codes;
  if (!is_decided) codes.push_back(ExitCode::kUndecided);
  for (const campaign::Failure& failure : outcome.failures) codes.push_back(exit_code_of(failure.error.code));
  if (outcome.interrupted) codes.push_back(ExitCode::kUndecided);
  return worst_of(codes);
}

// The plan once, or until the budgets can be decided.
Result<campaign::DecidedOutcome> measure(const RunOptions& options, const campaign::CampaignRequest& request,
                                         const std::optional<campaign::UntilDecided>& until,
                                         store::Store& store) {
  const std::unique_ptr<base::Observer> progress =
      make_progress(stderr, options.quiet, {request.expanded.plan.name, benches_of(request.expanded)});
  if (!until) {
    campaign::DecidedOutcome once;
    SLMRIG_ASSIGN(once.campaign, campaign::run_campaign(request, store, *progress, base::interrupt_flag()));
    return once;
  }
  SLMRIG_ASSIGN(campaign::DecidedOutcome decided,
                campaign::run_until_decided(request, *until, store, *progress, base::interrupt_flag()));
  return decided;
}

Result<ExitCode> run(const RunOptions& options) {
  if (options.plan.plan.empty() && options.resume.empty()) {
    return fail(ErrorCode::kBadInput, "which plan? For example: slmrig run demo", "slmrig run");
  }
  base::ExpandedPlan plan;
  SLMRIG_ASSIGN(const campaign::CampaignRequest request,
                options.resume.empty() ? new_run(options) : resumed_run(options, plan));
  if (options.resume.empty()) plan = request.expanded;
  if (request.expanded.sessions.empty() && options.until_decided.empty()) {
    fmt::print("Nothing is left to do: every cell of run {} has ended.\n", request.resume_run_id);
    return ExitCode::kGood;
  }
  std::optional<campaign::UntilDecided> until;
  if (!options.until_decided.empty()) {
    constexpr int64_t kNsPerMinute = 60'000'000'000;
    SLMRIG_ASSIGN(until, until_budgets_decide(options.until_decided, options.plan.places.database()));
    until->plan = std::move(plan);
    until->time_limit_ns = options.decide_minutes * kNsPerMinute;
  }
  SLMRIG_ASSIGN(const std::unique_ptr<store::Store> store, store::open_store(options.plan.places.database()));
  base::install_interrupt_handler();
  const Result<campaign::DecidedOutcome> decided = measure(options, request, until, *store);
  if (!decided) return tl::unexpected(decided.error());
  const campaign::CampaignOutcome& outcome = decided->campaign;
  SLMRIG_ASSIGN(const store::RunRow row, print_results(options, outcome.run_id));
  print_failures(outcome);
  print_end(options, outcome, row);
  if (until) print_decided(options, *decided);
  return exit_code_of_run(outcome, decided->left.empty());
}

}  // namespace

void add_run_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "Measures a plan, stores what it finds and prints a summary");
  command->add_option("PLAN", options->plan.plan, "A plan under workloads/plans, or a file");
  add_plan_options(*command, options->plan);
  add_database_option(*command, options->plan.places);
  command->add_option("--build", options->build.name, "The product's name or version that is measured");
  command->add_option("--commit", options->build.commit_sha, "The product's commit");
  command->add_option("--label", options->label, "A name for this run, to find it again");
  command->add_option(
      "--agent", options->plan.agent,
      "ELF or program of an agent with another engine, instead of the one built for the board");
  command->add_option("--resume", options->resume, "RUN: measure the cells that it has not finished");
  command->add_option("--until-decided", options->until_decided,
                      "BUDGETS: goes on with just the cells that this budget file cannot decide yet; "
                      "3 when some are left undecided");
  command
      ->add_option("--decide-minutes", options->decide_minutes,
                   "For so long at most; 0: for as long as it takes")
      ->check(CLI::Range(0, 100'000))
      ->capture_default_str();
  command->add_flag("--profile", options->profile,
                    "A third pass after timing and memory: where a token's time goes, operator by operator");
  command->add_flag("-q,--quiet", options->quiet, "No progress and no table");
  command->callback([&action, options] { action = [options] { return run(*options); }; });
}

}  // namespace slmrig::cli
