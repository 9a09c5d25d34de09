// What `run` and `plan` have in common: from names on the command line to an expanded plan and the tools for
// it.
#pragma once

#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/records/plan.h"
#include "harness/cli/commands.h"
#include "harness/deploy/deploy.h"

namespace slmrig::cli {

inline constexpr const char* kDefaultRig = "virtual";

struct PlanOptions {
  Places places;
  std::string plan;
  std::string rig = kDefaultRig;
  std::vector<std::string> only;
  // An engine from outside: the agent of every bench that is measured, instead of the one built for its
  // board. They must then be of one kind.
  std::string agent;
};

void add_plan_options(CLI::App& command, PlanOptions& options);

struct LoadedPlan {
  base::ExpandedPlan expanded;
  deploy::Workshop workshop;
};

base::Result<LoadedPlan> load_and_expand(const PlanOptions& options);

// Benches that have a session, in the order of the rig: a line of progress for each.
std::vector<std::string> benches_of(const base::ExpandedPlan& expanded);

}  // namespace slmrig::cli
