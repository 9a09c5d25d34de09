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
#include "harness/cli/compare_text.h"
#include "harness/cli/loaded_plan.h"
#include "harness/cli/progress.h"
#include "harness/cli/summary.h"
#include "harness/cli/version.h"
#include "harness/rig/rig_file.h"
#include "harness/store/queries.h"

namespace slmrig::cli {
namespace {

using analyse::Comparison;
using base::ErrorCode;
using base::fail;
using base::Result;

struct AbOptions {
  PlanOptions plan;
  std::vector<std::string> builds;
  uint32_t sessions = 5;
  bool json = false;
  bool quiet = false;
};

constexpr std::size_t kWidth = 120;

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
ExitCode exit_code_of_ab(const std::vector<Comparison>& comparisons, const campaign::AbOutcome& outcome) {
  std::vector<ExitCode> codes = {comparisons.empty() ? ExitCode::kUndecided : ExitCode::kGood};
  for (const Comparison& comparison : comparisons) {
    for (const analyse::ComparedFigure& figure : comparison.subjects.back().figures) {
      if (figure.judgement == analyse::Judgement::kWorse) codes.push_back(ExitCode::kBadResult);
    }
  }
  for (const campaign::Failure& failure : outcome.failures) codes.push_back(exit_code_of(failure.error.code));
  if (outcome.interrupted) codes.push_back(ExitCode::kUndecided);
  return worst_of(codes);
}

Result<std::vector<Comparison>> compare_runs(const AbOptions& options, const campaign::AbOutcome& outcome) {
  std::vector<Comparison> comparisons;
  if (outcome.run_ids[0].empty() || outcome.run_ids[1].empty()) return comparisons;
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(options.plan.places.database()));
  SLMRIG_ASSIGN(const store::RunData first, reader.run_data(outcome.run_ids[0]));
  SLMRIG_ASSIGN(const store::RunData second, reader.run_data(outcome.run_ids[1]));
  for (const analyse::RunPair& pair : analyse::pairs_of(first, second))
    comparisons.push_back(analyse::compare(pair.subjects));
  return comparisons;
}

void print(const std::vector<Comparison>& comparisons, const AbOptions& options) {
  const auto root = options.plan.places.root();
  std::string objects;
  for (const Comparison& comparison : comparisons) {
    const Result<base::Board> board =
        root ? rig::find_board(comparison.board, *root) : tl::unexpected(root.error());
    const base::Board* known = board ? &*board : nullptr;
    if (options.json) {
      objects += (objects.empty() ? "" : ",\n") + comparison_json(comparison, known);
    } else {
      fmt::print("{}\n", comparison_text(comparison, known, kWidth));
    }
  }
  if (options.json) fmt::print("{{\"comparisons\": [{}]}}\n", objects);
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
    std::vector<std::string> benches;
    for (const base::Session& session : request.expanded.sessions) {
      if (std::find(benches.begin(), benches.end(), session.bench) == benches.end())
        benches.push_back(session.bench);
    }
    const std::unique_ptr<base::Observer> progress =
        make_progress(stderr, options.quiet, {request.expanded.plan.name, benches});
    return campaign::run_ab(request, builds_of(options.builds), *store, *progress, base::interrupt_flag());
  }();
  if (!outcome) return tl::unexpected(outcome.error());
  for (const campaign::Failure& failure : outcome->failures)
    fmt::print(stderr, "slmrig: bench {}: {}\n", failure.bench, failure.error.text());
  SLMRIG_ASSIGN(const std::vector<Comparison> comparisons, compare_runs(options, *outcome));
  print(comparisons, options);
  if (!options.json) {
    fmt::print("runs {} and {}: slmrig compare {} {} shows this again\n", outcome->run_ids[0],
               outcome->run_ids[1], outcome->run_ids[0], outcome->run_ids[1]);
  }
  return exit_code_of_ab(comparisons, *outcome);
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
