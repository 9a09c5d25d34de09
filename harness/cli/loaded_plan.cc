#include "harness/cli/loaded_plan.h"

#include <filesystem>
#include <iterator>
#include <map>

#include <fmt/format.h>

#include "harness/base/paths.h"
#include "harness/base/uuid.h"
#include "harness/plan/expand.h"
#include "harness/plan/plan_reader.h"
#include "harness/rig/rig_file.h"

namespace slmrig::cli {

void add_plan_options(CLI::App& command, PlanOptions& options) {
  command.add_option("--rig", options.rig, "Rig: a name under boards/rigs, or a file")->capture_default_str();
  command
      .add_option("--only", options.only,
                  "KEY=VALUE, repeatable: only what matches (bench, board, model, variant, suite; * and ?)")
      ->allow_extra_args(false);
  add_output_option(command, options.places);
  add_root_option(command, options.places);
}

namespace {

// A program or firmware is made for one kind of board.
base::Done use_agent(const std::string& agent, base::ExpandedPlan& expanded) {
  std::error_code problem;
  const std::filesystem::path file = std::filesystem::canonical(agent, problem);
  if (problem) {
    return base::fail(base::ErrorCode::kBadInput, fmt::format("no file {}: {}", agent, problem.message()),
                      "--agent");
  }
  std::map<std::string, std::string> boards;  // with a bench that has it
  for (const base::Session& session : expanded.sessions) {
    for (base::Bench& bench : expanded.rig.benches) {
      if (bench.name != session.bench) continue;
      boards.emplace(bench.board.name, bench.name);
      bench.agent = file.string();
    }
  }
  if (boards.size() <= 1) return {};
  return base::fail(base::ErrorCode::kBadInput,
                    fmt::format("one agent cannot run on {} and on {}; leave one out with --only board=...",
                                boards.begin()->first, std::next(boards.begin())->first),
                    "--agent");
}

}  // namespace

base::Result<LoadedPlan> load_and_expand(const PlanOptions& options) {
  SLMRIG_ASSIGN(const std::filesystem::path root, options.places.root());
  SLMRIG_ASSIGN(const base::Plan plan, plan::load_plan(options.plan, root.string()));
  SLMRIG_ASSIGN(const base::Rig rig, rig::load_rig(options.rig, root));
  std::vector<plan::Only> only;
  for (const std::string& text : options.only) {
    SLMRIG_ASSIGN(plan::Only condition, plan::parse_only(text));
    only.push_back(std::move(condition));
  }
  LoadedPlan loaded;
  SLMRIG_ASSIGN(loaded.expanded, plan::expand(plan, rig, only, base::uuid_v7));
  if (!options.agent.empty()) SLMRIG_TRY(use_agent(options.agent, loaded.expanded));
  SLMRIG_ASSIGN(loaded.workshop.slmforge, base::find_program("slmforge", root));
  loaded.workshop.root = root;
  loaded.workshop.cache_directory = options.places.output() / base::kCacheDirectory;
  return loaded;
}

std::vector<std::string> benches_of(const base::ExpandedPlan& expanded) {
  std::vector<std::string> names;
  for (const base::Bench& bench : expanded.rig.benches) {
    const bool works = std::any_of(expanded.sessions.begin(), expanded.sessions.end(),
                                   [&](const auto& session) { return session.bench == bench.name; });
    if (works) names.push_back(bench.name);
  }
  return names;
}

}  // namespace slmrig::cli
