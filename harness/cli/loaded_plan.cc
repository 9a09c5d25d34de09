#include "harness/cli/loaded_plan.h"

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
  SLMRIG_ASSIGN(loaded.workshop.slmforge, base::find_program("slmforge", root));
  loaded.workshop.root = root;
  loaded.workshop.cache_directory = options.places.output() / base::kCacheDirectory;
  return loaded;
}

}  // namespace slmrig::cli
