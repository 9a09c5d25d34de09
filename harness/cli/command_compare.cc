#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "harness/analyse/comparison.h"
#include "harness/analyse/comparison_subjects.h"
#include "harness/base/interrupt.h"
#include "harness/base/paths.h"
#include "harness/base/uuid.h"
#include "harness/campaign/campaign.h"
#include "harness/cli/accept.h"
#include "harness/cli/commands.h"
#include "harness/cli/compared.h"
#include "harness/cli/loaded_plan.h"
#include "harness/cli/progress.h"
#include "harness/cli/summary.h"
#include "harness/cli/text_table.h"
#include "harness/cli/version.h"
#include "harness/plan/expand.h"
#include "harness/plan/plan_reader.h"
#include "harness/rig/rig_file.h"
#include "harness/store/queries.h"

namespace slmrig::cli {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

struct CompareOptions {
  Places places;
  std::vector<std::string> runs;
  std::string rig = kDefaultRig;
  std::string bench;
  std::string model;
  std::string suite;
  std::vector<std::string> variants;
  uint32_t sessions = 0;            // 0: as set_defaults says
  std::optional<uint32_t> prompts;  // 0: all of the suite; absent: as set_defaults says
  uint32_t context_tokens = 256;
  std::string flips = "10";
  std::size_t most_flips = 0;  // what `flips` says
  std::string accept;
  std::vector<gate::Condition> conditions;  // what `accept` says
  bool again = false;
  bool json = false;
};

// What is to be measured, as a plan: the order of its sessions is interleaved round by round (plan/expand.h).
std::string plan_text_of(const CompareOptions& options) {
  nlohmann::ordered_json plan = {
      {"name", "compare"},
      {"benches", {options.bench}},
      {"models", {options.model}},
      {"variants", options.variants},
      {"suites", {options.suite}},
      {"settings",
       {{"context_tokens", options.context_tokens}, {"sessions", options.sessions}, {"cold_starts", 1}}},
      {"order_seed", 1},
      {"engine", "slm"}};
  if (options.prompts.value_or(0) > 0) plan["settings"]["prompts"] = *options.prompts;
  return plan.dump(2);
}

Result<base::Plan> plan_of(const CompareOptions& options, const std::filesystem::path& root) {
  return plan::parse_plan(plan_text_of(options), "compare", root.string());
}

// What answers within a minute: counts of an emulator are the same in every session, and it is slow;
// elsewhere two sessions tell how sessions differ.
base::Done set_defaults(CompareOptions& options, const std::filesystem::path& root) {
  constexpr uint32_t kPromptsOfEmulator = 100;
  SLMRIG_ASSIGN(const base::Rig rig, rig::load_rig(options.rig, root));
  const auto bench = std::find_if(rig.benches.begin(), rig.benches.end(),
                                  [&](const base::Bench& each) { return each.name == options.bench; });
  const bool is_exact = bench != rig.benches.end() && bench->board.ticks.counts_instructions;
  if (options.sessions == 0) options.sessions = is_exact ? 1 : 2;
  if (options.prompts || !is_exact) return {};
  SLMRIG_ASSIGN(const base::Plan plan, plan_of(options, root));
  const std::size_t all = plan.suites.front().suite.prompts.size();
  if (all <= kPromptsOfEmulator) return {};
  options.prompts = kPromptsOfEmulator;
  fmt::print(stderr, "the first {} of {} prompts, since {} is emulated; --prompts 0 asks all\n",
             kPromptsOfEmulator, all, options.bench);
  return {};
}

Result<LoadedPlan> expanded_plan(const CompareOptions& options, const std::filesystem::path& root) {
  SLMRIG_ASSIGN(const base::Plan plan, plan_of(options, root));
  SLMRIG_ASSIGN(const base::Rig rig, rig::load_rig(options.rig, root));
  LoadedPlan loaded;
  SLMRIG_ASSIGN(loaded.expanded, plan::expand(plan, rig, {}, base::uuid_v7));
  SLMRIG_ASSIGN(loaded.workshop.slmforge, base::find_program("slmforge", root));
  loaded.workshop.root = root;
  loaded.workshop.cache_directory = options.places.output() / base::kCacheDirectory;
  return loaded;
}

bool has_all(const std::vector<analyse::Subject>& subjects, const CompareOptions& options) {
  return subjects.size() == options.variants.size() &&
         std::all_of(subjects.begin(), subjects.end(), [&](const analyse::Subject& subject) {
           return subject.sessions.size() >= options.sessions;
         });
}

// The newest run that measured all of it, if any did.
Result<std::optional<store::RunData>> measured_already(const CompareOptions& options,
                                                       const analyse::ComparedPlace& place) {
  std::error_code ignored;
  if (options.again || !std::filesystem::exists(options.places.database(), ignored)) {
    return std::optional<store::RunData>();
  }
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(options.places.database()));
  SLMRIG_ASSIGN(const std::vector<store::RunRow> runs, reader.runs());
  for (const store::RunRow& run : runs) {
    SLMRIG_ASSIGN(const std::vector<store::SessionRow> sessions, reader.sessions(run.run_id));
    const auto good = std::count_if(sessions.begin(), sessions.end(), [&](const store::SessionRow& session) {
      return session.bench == place.bench && session.model == place.model;
    });
    if (static_cast<std::size_t>(good) < options.variants.size() * options.sessions) continue;
    SLMRIG_ASSIGN(store::RunData data, reader.run_data(run.run_id));
    if (has_all(analyse::variants_at(data, place, options.variants), options))
      return std::optional(std::move(data));
  }
  return std::optional<store::RunData>();
}

Result<store::RunData> measure(const CompareOptions& options, LoadedPlan loaded, bool& is_interrupted,
                               std::vector<campaign::Failure>& failures) {
  campaign::CampaignRequest request;
  request.expanded = std::move(loaded.expanded);
  request.workshop = std::move(loaded.workshop);
  request.label = "compare";
  request.provenance["harness.version"] = kVersionText;
  std::string run_id;
  {
    SLMRIG_ASSIGN(const std::unique_ptr<store::Store> store, store::open_store(options.places.database()));
    base::install_interrupt_handler();
    const std::unique_ptr<base::Observer> progress =
        make_progress(stderr, false, {"compare", {options.bench}});
    SLMRIG_ASSIGN(campaign::CampaignOutcome outcome,
                  campaign::run_campaign(request, *store, *progress, base::interrupt_flag()));
    run_id = outcome.run_id;
    is_interrupted = outcome.interrupted;
    failures = std::move(outcome.failures);
  }
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(options.places.database()));
  return reader.run_data(run_id);
}

// Where several comparisons are accepted or not, the worst counts.
ExitCode accepted_code(const std::vector<Compared>& all) {
  std::vector<ExitCode> codes;
  for (const Compared& compared : all) {
    if (compared.acceptance)
      codes.push_back(exit_code_of(*compared.acceptance, compared.comparison.subjects.front().name));
  }
  return worst_of(codes);
}

Result<ExitCode> compare_variants(CompareOptions& options) {
  SLMRIG_ASSIGN(const std::filesystem::path root, options.places.root());
  SLMRIG_TRY(set_defaults(options, root));
  SLMRIG_ASSIGN(LoadedPlan loaded, expanded_plan(options, root));
  const base::Session& first = loaded.expanded.sessions.front();
  const analyse::ComparedPlace place{first.bench, first.model, first.cells.front().suite,
                                     first.cells.front().settings_text};
  SLMRIG_ASSIGN(std::optional<store::RunData> run, measured_already(options, place));
  bool is_interrupted = false;
  std::vector<campaign::Failure> failures;
  if (run) {
    fmt::print(stderr, "measured in run {}; --again measures anew\n", short_id(run->run.run_id));
  } else {
    SLMRIG_ASSIGN(run, measure(options, std::move(loaded), is_interrupted, failures));
  }
  for (const campaign::Failure& failure : failures) {
    fmt::print(stderr, "slmrig: bench {}: {}\n", failure.bench, failure.error.text());
  }
  const std::vector<analyse::Subject> subjects = analyse::variants_at(*run, place, options.variants);
  for (const std::string& variant : options.variants) {
    const bool is_there = std::any_of(subjects.begin(), subjects.end(),
                                      [&](const analyse::Subject& each) { return each.name == variant; });
    if (!is_there)
      fmt::print(stderr, "slmrig: {} gave no result: slmrig show {}\n", variant, short_id(run->run.run_id));
  }
  std::vector<Compared> compared;
  if (subjects.size() >= 2) {
    compared.push_back({analyse::compare(subjects), std::nullopt});
    if (!options.conditions.empty()) {
      const std::string database = options.places.database();
      SLMRIG_ASSIGN(store::Reader reader, store::open_reader(database));
      SLMRIG_ASSIGN(compared.front().acceptance,
                    accept(reader, options.conditions,
                           {database, run->run.run_id, place, candidates_of(subjects, place)}));
    }
  }
  print_compared(compared, options.places, {options.json, options.most_flips});
  std::vector<ExitCode> codes = {accepted_code(compared)};
  for (const campaign::Failure& failure : failures) codes.push_back(exit_code_of(failure.error.code));
  if (is_interrupted || subjects.size() < options.variants.size()) codes.push_back(ExitCode::kUndecided);
  return worst_of(codes);
}

bool is_wanted(const analyse::RunPair& pair, const CompareOptions& options) {
  const auto is = [](const std::string& wanted, const std::string& found) {
    return wanted.empty() || wanted == found;
  };
  const bool variant = options.variants.empty() || std::find(options.variants.begin(), options.variants.end(),
                                                             pair.variant) != options.variants.end();
  return variant && is(options.bench, pair.place.bench) && is(options.model, pair.place.model) &&
         is(options.suite, pair.place.suite);
}

Result<ExitCode> compare_runs(const CompareOptions& options) {
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(options.places.database()));
  std::vector<std::string> ids;
  for (const std::string& selector : options.runs) {
    SLMRIG_ASSIGN(const store::RunRow run, reader.find_run(selector));
    ids.push_back(run.run_id);
  }
  if (ids[0] == ids[1])
    return fail(ErrorCode::kBadInput, fmt::format("both are run {}", ids[0]), "slmrig compare");
  SLMRIG_ASSIGN(
      const std::vector<Compared> compared,
      compare_two_runs(reader, {options.places.database(), ids[0], ids[1],
                                [&](const analyse::RunPair& pair) { return is_wanted(pair, options); },
                                options.conditions}));
  if (compared.empty()) {
    return fail(ErrorCode::kBadInput,
                "the two runs have no cell in common (bench, model, variant, suite, settings and tier) that "
                "ended ok in both; slmrig show RUN lists the cells of each",
                "slmrig compare");
  }
  print_compared(compared, options.places, {options.json, options.most_flips});
  return accepted_code(compared);
}

base::Done check(CompareOptions& options) {
  const char* end = options.flips.data() + options.flips.size();
  const auto [read, problem] = std::from_chars(options.flips.data(), end, options.most_flips);
  if (options.flips == "all") {
    options.most_flips = SIZE_MAX;
  } else if (problem != std::errc() || read != end) {
    return fail(ErrorCode::kBadInput, fmt::format("'{}' is neither a number nor 'all'", options.flips),
                "--flips");
  }
  if (!options.accept.empty()) {
    SLMRIG_ASSIGN(options.conditions, gate::parse_conditions(options.accept));
  }
  if (!options.runs.empty()) {
    if (options.runs.size() == 2) return {};
    return fail(ErrorCode::kBadInput, "two runs are compared: slmrig compare RUN_A RUN_B", "slmrig compare");
  }
  for (const auto& [name, value] :
       {std::pair{"--bench", &options.bench}, {"--model", &options.model}, {"--suite", &options.suite}}) {
    if (value->empty()) {
      return fail(ErrorCode::kBadInput,
                  "which? For example: slmrig compare --bench native --model wrist-nano --variants "
                  "f32,int8,int4 --suite intents; or two runs: slmrig compare RUN_A RUN_B",
                  name);
    }
  }
  std::set<std::string> names(options.variants.begin(), options.variants.end());
  if (options.variants.size() < 2 || names.size() != options.variants.size()) {
    return fail(ErrorCode::kBadInput, "name two or more different ones, the reference first: f32,int8,int4",
                "--variants");
  }
  return {};
}

Result<ExitCode> compare(CompareOptions& options) {
  SLMRIG_TRY(check(options));
  return options.runs.empty() ? compare_variants(options) : compare_runs(options);
}

}  // namespace

void add_compare_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* command = app.add_subcommand(
      "compare",
      "Variants of a model, or two runs, side by side: what differs beyond noise, and what to use");
  command->add_option("RUN", options->runs, "Two runs, the reference first; without: variants are measured")
      ->expected(0, 2);
  command->add_option("--bench", options->bench, "Bench to measure on");
  command->add_option("--model", options->model, "Bundled model, or a GGUF file");
  command->add_option("--variants", options->variants, "VARIANT,VARIANT,...: the first is the reference")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--suite", options->suite, "Suite of prompts");
  command
      ->add_option("--sessions", options->sessions,
                   "Sessions of each variant, interleaved, each from a reset [2; 1 where instructions are "
                   "counted, which are the same in each]")
      ->check(CLI::Range(1, 1000));
  command->add_option("--prompts", options->prompts,
                      "The first N prompts of the suite, 0: all [all; 100 where instructions are counted]");
  command->add_option("--context", options->context_tokens, "Tokens of context")->capture_default_str();
  command->add_option("--flips", options->flips, "Answers that differ to print: a number, or 'all'")
      ->capture_default_str();
  command->add_option(
      "--accept", options->accept,
      "CONDITIONS that make it good enough, \"accuracy>=0.93, token_ms_p95<=20\": 0 yes, 1 no, "
      "3 undecided");
  command->add_flag("--again", options->again, "Measure, also where a run in the database has all of it");
  command->add_flag("--json", options->json, "The same figures as JSON");
  command->add_option("--rig", options->rig, "Rig: a name under boards/rigs, or a file")
      ->capture_default_str();
  add_output_option(*command, options->places);
  add_root_option(*command, options->places);
  add_database_option(*command, options->places);
  command->callback([&action, options] { action = [options] { return compare(*options); }; });
}

}  // namespace slmrig::cli
