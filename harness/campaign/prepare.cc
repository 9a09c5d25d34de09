#include "harness/campaign/prepare.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/plan/expand.h"

namespace slmrig::campaign {
namespace {

using base::ExpandedPlan;
using base::Session;

// Runs job(i) for every i below `count`, on as many threads as the host has cores.
void in_parallel(std::size_t count, const std::function<void(std::size_t)>& job) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) job(i);
  };
  const std::size_t threads = std::min<std::size_t>(count, std::max(1U, std::thread::hardware_concurrency()));
  std::vector<std::jthread> pool;
  for (std::size_t i = 0; i < threads; ++i) pool.emplace_back(work);
}

const base::ModelRef& model_of(const base::Plan& plan, const std::string& name) {
  const auto found =
      std::find_if(plan.models.begin(), plan.models.end(), [&](const auto& ref) { return ref.name == name; });
  SLMRIG_CHECK(found != plan.models.end());
  return *found;
}

const base::Board& board_of(const ExpandedPlan& expanded, const Session& session) {
  const auto& benches = expanded.rig.benches;
  const auto found = std::find_if(benches.begin(), benches.end(),
                                  [&](const auto& bench) { return bench.name == session.bench; });
  SLMRIG_CHECK(found != benches.end());
  return found->board;
}

// What all benches wait for.
void announce(const ExpandedPlan& expanded, base::Observer& observer, const std::string& text) {
  std::set<std::string> benches;
  for (const Session& session : expanded.sessions) benches.insert(session.bench);
  for (const std::string& bench : benches) observer.activity(bench, text);
}

// By what is answered, the number of prompts that the longest cell needs; 0: all.
std::map<ReferenceKey, uint32_t> reference_jobs(const ExpandedPlan& expanded) {
  std::map<ReferenceKey, uint32_t> limits;
  for (const Session& session : expanded.sessions) {
    if (session.status != base::CellStatus::kOk) continue;
    for (const base::Cell& cell : session.cells) {
      const auto [entry, is_new] = limits.try_emplace(reference_key(session, cell), cell.settings.prompts);
      if (is_new) continue;
      const bool all = entry->second == 0 || cell.settings.prompts == 0;
      entry->second = all ? 0 : std::max(entry->second, cell.settings.prompts);
    }
  }
  return limits;
}

}  // namespace

VariantKey variant_key(const Session& session) {
  const base::CellSettings& settings = session.cells.front().settings;
  return {session.model, session.variant, settings.context_tokens, settings.kv};
}

ReferenceKey reference_key(const Session& session, const base::Cell& cell) {
  return {variant_key(session), cell.suite, cell.settings.max_new_tokens};
}

void provision(ExpandedPlan& expanded, const deploy::Workshop& workshop, base::Observer& observer,
               Preparation& preparation) {
  std::set<VariantKey> wanted;
  for (const Session& session : expanded.sessions) wanted.insert(variant_key(session));
  const std::vector<VariantKey> keys(wanted.begin(), wanted.end());
  std::mutex mutex;
  in_parallel(keys.size(), [&](std::size_t i) {
    const VariantKey& key = keys[i];
    announce(expanded, observer, fmt::format("preparing {} {}", key.model, key.variant));
    auto facts = deploy::provision_variant(model_of(expanded.plan, key.model), key.variant,
                                           {key.context_tokens, key.kv}, workshop);
    const std::lock_guard lock(mutex);
    preparation.variants.emplace(key, std::move(facts));
  });
  for (Session& session : expanded.sessions) {
    const auto& facts = preparation.variants.at(variant_key(session));
    if (!facts && facts.error().code == base::ErrorCode::kUnsupported) {
      session.status = base::CellStatus::kNotApplicable;
      session.reason = facts.error().message;
    }
    if (!facts) continue;
    if (const auto reason = plan::unfit_reason(*facts, board_of(expanded, session))) {
      session.status = base::CellStatus::kUnfit;
      session.reason = *reason;
    }
  }
}

void collect_references(const ExpandedPlan& expanded, const deploy::Workshop& workshop,
                        base::Observer& observer, const std::function<bool()>& stop,
                        Preparation& preparation) {
  const auto limits = reference_jobs(expanded);
  const std::vector<std::pair<ReferenceKey, uint32_t>> jobs(limits.begin(), limits.end());
  std::mutex mutex;
  in_parallel(jobs.size(), [&](std::size_t i) {
    const auto& [key, prompts] = jobs[i];
    const auto& facts = preparation.variants.at(key.variant);
    if (!facts || stop()) return;
    announce(
        expanded, observer,
        fmt::format("the host answers {} with {} {}", key.suite, key.variant.model, key.variant.variant));
    base::Cell cell;
    cell.suite = key.suite;
    const auto answers = deploy::reference_answers(*facts, base::suite_of(expanded.plan, cell),
                                                   {prompts, key.max_new_tokens}, workshop);
    const std::lock_guard lock(mutex);
    if (!answers && stop()) return;
    if (!answers) {
      observer.notice("host", fmt::format("no answers to compare with: {}", answers.error().text()));
      return;
    }
    measure::ReferenceHashes& known = preparation.references[key];
    for (const auto& [prompt, answer] : *answers) known[prompt] = answer.token_ids_sha256;
  });
}

}  // namespace slmrig::campaign
