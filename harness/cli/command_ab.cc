#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/analyse/comparison.h"
#include "harness/analyse/comparison_subjects.h"
#include "harness/base/interrupt.h"
#include "harness/campaign/ab.h"
#include "harness/cli/commands.h"
#include "harness/cli/compared.h"
#include "harness/cli/loaded_plan.h"
#include "harness/cli/progress.h"
#include "harness/cli/summary.h"
#include "harness/cli/version.h"
#include "harness/rig/rig_file.h"
#include "harness/store/queries.h"

namespace slmrig::cli {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

struct AbOptions {
  PlanOptions plan;
  std::vector<std::string> builds;
  uint32_t sessions = 0;  // 0: as usual_sessions says
  bool json = false;
  bool quiet = false;
};

// Sessions of the plan, and at least as many as are wanted.
void ask_for_sessions(base::ExpandedPlan& expanded, uint32_t wanted) {
  const std::vector<std::vector<base::Session>> rounds = campaign::rounds_of(expanded.sessions);
  if (rounds.empty()) return;
  for (std::size_t round = rounds.size(); round < wanted; ++round) {
    for (base::Session session : rounds.front()) {
      session.ordinal = static_cast<uint32_t>(round);
      expanded.sessions.push_back(std::move(session));
    }
  }
}

// Counts of an emulator are the same in every session.
uint32_t usual_sessions(const base::ExpandedPlan& expanded) {
  const std::vector<std::string> benches = benches_of(expanded);
  const bool all_exact =
      std::all_of(expanded.rig.benches.begin(), expanded.rig.benches.end(), [&](const base::Bench& bench) {
        const bool works = std::find(benches.begin(), benches.end(), bench.name) != benches.end();
        return !works || bench.board.ticks.counts_instructions;
      });
  return all_exact ? 1 : base::kSessionsOfGate;
}

// Worse in anything beyond noise is a bad result; nothing to compare decides nothing. All figures are judged
// together: of dozens, one or two differ by chance where nothing has changed.
ExitCode exit_code_of_ab(const std::vector<Compared>& all,
                         const std::vector<const analyse::ComparedFigure*>& worse,
                         const campaign::AbOutcome& outcome) {
  std::vector<ExitCode> codes = {all.empty() ? ExitCode::kUndecided : ExitCode::kGood};
  if (!worse.empty()) codes.push_back(ExitCode::kBadResult);
  for (const campaign::Failure& failure : outcome.failures) codes.push_back(exit_code_of(failure.error.code));
  if (outcome.interrupted) codes.push_back(ExitCode::kUndecided);
  return worst_of(codes);
}

Result<ExitCode> run(const AbOptions& options) {
  SLMRIG_ASSIGN(LoadedPlan loaded, load_and_expand(options.plan));
  ask_for_sessions(loaded.expanded,
                   options.sessions == 0 ? usual_sessions(loaded.expanded) : options.sessions);
  campaign::CampaignRequest request;
  request.expanded = std::move(loaded.expanded);
  request.workshop = std::move(loaded.workshop);
  request.label = "ab";
  request.provenance["harness.version"] = kVersionText;
  SLMRIG_ASSIGN(const std::unique_ptr<store::Store> store, store::open_store(options.plan.places.database()));
  base::install_interrupt_handler();
  Result<campaign::AbOutcome> outcome = [&] {
    const std::unique_ptr<base::Observer> progress =
        make_progress(stderr, options.quiet, {request.expanded.plan.name, benches_of(request.expanded)});
    return campaign::run_ab(request, campaign::named_builds({options.builds[0], options.builds[1]}), *store,
                            *progress, base::interrupt_flag());
  }();
  if (!outcome) return tl::unexpected(outcome.error());
  for (const campaign::Failure& failure : outcome->failures)
    fmt::print(stderr, "slmrig: bench {}: {}\n", failure.bench, failure.error.text());
  std::vector<Compared> compared;
  if (!outcome->run_ids[0].empty() && !outcome->run_ids[1].empty()) {
    const std::string database = options.plan.places.database();
    SLMRIG_ASSIGN(store::Reader reader, store::open_reader(database));
    SLMRIG_ASSIGN(compared, compare_two_runs(reader, {database, outcome->run_ids[0], outcome->run_ids[1]}));
  }
  print_compared(compared, options.plan.places, {.json = options.json, .most_flips = 0});
  std::vector<const analyse::Comparison*> comparisons;
  for (const Compared& each : compared) comparisons.push_back(&each.comparison);
  const std::vector<const analyse::ComparedFigure*> worse = analyse::worse_figures(comparisons);
  if (!options.json) {
    std::vector<std::string> titles;
    for (const analyse::ComparedFigure* figure : worse) titles.emplace_back(figure->metric->title);
    if (!compared.empty()) {
      fmt::print("\n{}\n", worse.empty() ? "No figure is worse, all judged together."
                                         : fmt::format("Worse, all figures judged together: {}",
                                                       fmt::join(titles, ", ")));
    }
    fmt::print("This again: slmrig compare {} {}{}\n", short_id(outcome->run_ids[0]),
               short_id(outcome->run_ids[1]), options.plan.places.as_options());
  }
  return exit_code_of_ab(compared, worse, *outcome);
}

}  // namespace

void add_ab_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<AbOptions>();
  CLI::App* command = app.add_subcommand(
      "ab", "Two builds of the agent on the same benches, session by session in turn: which is better?");
  command
      ->add_option("BUILD", options->builds,
                   "Two agents, or folders with firmware/<board>/agent.elf; the reference first")
      ->required()
      ->expected(2);
  options->plan.plan = "smoke";
  command->add_option("--plan", options->plan.plan, "A plan under workloads/plans, or a file")
      ->capture_default_str();
  command
      ->add_option(
          "--sessions", options->sessions,
          "Sessions of each bench, model and variant, at least [5; 1 where instructions are counted]")
      ->check(CLI::Range(1, 1000));
  add_plan_options(*command, options->plan);
  add_database_option(*command, options->plan.places);
  command->add_flag("--json", options->json, "The same figures as JSON");
  command->add_flag("-q,--quiet", options->quiet, "No progress");
  command->callback([&action, options] { action = [options] { return run(*options); }; });
}

}  // namespace slmrig::cli
