#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

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
  uint32_t sessions = base::kSessionsOfGate;
  bool json = false;
  bool quiet = false;
};

// Sessions of the plan, or of the command line: five of each pair, where a plan says only one.
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

std::array<campaign::Build, 2> builds_of(const std::vector<std::string>& places) {
  std::array<campaign::Build, 2> builds;
  for (std::size_t i = 0; i < builds.size(); ++i) builds[i] = {places[i], places[i]};
  return builds;
}

// Worse in anything beyond noise is a bad result; nothing to compare decides nothing.
ExitCode exit_code_of_ab(const std::vector<Compared>& all, const campaign::AbOutcome& outcome) {
  std::vector<ExitCode> codes = {all.empty() ? ExitCode::kUndecided : ExitCode::kGood};
  for (const Compared& compared : all) {
    for (const analyse::ComparedFigure& figure : compared.comparison.subjects.back().figures) {
      if (figure.judgement == analyse::Judgement::kWorse) codes.push_back(ExitCode::kBadResult);
    }
  }
  for (const campaign::Failure& failure : outcome.failures) codes.push_back(exit_code_of(failure.error.code));
  if (outcome.interrupted) codes.push_back(ExitCode::kUndecided);
  return worst_of(codes);
}

Result<ExitCode> run(const AbOptions& options) {
  SLMRIG_ASSIGN(LoadedPlan loaded, load_and_expand(options.plan));
  ask_for_sessions(loaded.expanded, options.sessions);
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
    return campaign::run_ab(request, builds_of(options.builds), *store, *progress, base::interrupt_flag());
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
  if (!options.json) {
    fmt::print("runs {} and {}: slmrig compare {} {} shows this again\n", outcome->run_ids[0],
               outcome->run_ids[1], outcome->run_ids[0], outcome->run_ids[1]);
  }
  return exit_code_of_ab(compared, *outcome);
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
  command->add_option("--sessions", options->sessions, "Sessions of each bench, model and variant, at least")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  add_plan_options(*command, options->plan);
  add_database_option(*command, options->plan.places);
  command->add_flag("--json", options->json, "The same figures as JSON");
  command->add_flag("-q,--quiet", options->quiet, "No progress");
  command->callback([&action, options] { action = [options] { return run(*options); }; });
}

}  // namespace slmrig::cli
