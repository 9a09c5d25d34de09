// Before any bench works: every variant of the plan as an image, and the host's own answers to compare with.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <tuple>

#include "harness/base/error.h"
#include "harness/base/observer.h"
#include "harness/base/records/plan.h"
#include "harness/deploy/deploy.h"
#include "harness/measure/session.h"

namespace slmrig::campaign {

// An image: model, variant and what its arena is planned for.
struct VariantKey {
  std::string model;
  std::string variant;
  uint32_t context_tokens = 0;
  base::KvFormat kv = base::KvFormat::kF32;
  auto operator<=>(const VariantKey&) const = default;
};

VariantKey variant_key(const base::Session& session);

// The host's answers to a suite; at another length they are others. max_new_tokens 0: the suite's own.
struct ReferenceKey {
  VariantKey variant;
  std::string suite;
  uint32_t max_new_tokens = 0;
  auto operator<=>(const ReferenceKey&) const = default;
};

ReferenceKey reference_key(const base::Session& session, const base::Cell& cell);

// The host's work before a run. What failed for one variant fails its sessions and no other.
struct Preparation {
  std::map<VariantKey, base::Result<base::VariantFacts>> variants;
  std::map<ReferenceKey, measure::ReferenceHashes> references;
  std::map<std::string, std::string> frozen_agents;  // of sentinels, by bench (sentinels.h)
};

// Provisions every variant that a session needs, and marks the sessions whose board it does not fit as unfit,
// those whose recipe cannot apply to the model as not applicable. As many at once as the host has cores.
void provision(base::ExpandedPlan& expanded, const deploy::Workshop& workshop, base::Observer& observer,
               Preparation& preparation);

// Lets the host answer what fit boards will be asked. References that cannot be had are a notice: the cells
// are measured without. Ends early when `stop` says so.
void collect_references(const base::ExpandedPlan& expanded, const deploy::Workshop& workshop,
                        base::Observer& observer, const std::function<bool()>& stop,
                        Preparation& preparation);

}  // namespace slmrig::campaign
