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

struct ReferenceJob {
  VariantKey key;
  std::string suite;
  uint32_t limit = 0;  // 0: all
};

// One job for each image and suite, as long as the longest cell needs it.
std::vector<ReferenceJob> reference_jobs(const ExpandedPlan& expanded) {
  std::map<std::pair<VariantKey, std::string>, uint32_t> limits;
  for (const Session& session : expanded.sessions) {
    if (session.status != base::CellStatus::kOk) continue;
    for (const base::Cell& cell : session.cells) {
      if (cell.settings.max_new_tokens != 0) continue;
      const auto [entry, is_new] =
          limits.try_emplace({variant_key(session), cell.suite}, cell.settings.prompts);
      if (is_new) continue;
      const bool all = entry->second == 0 || cell.settings.prompts == 0;
      entry->second = all ? 0 : std::max(entry->second, cell.settings.prompts);
    }
  }
  std::vector<ReferenceJob> jobs;
  for (const auto& [key, limit] : limits) jobs.push_back({key.first, key.second, limit});
  return jobs;
}

}  // namespace

VariantKey variant_key(const Session& session) {
  return {session.model, session.variant, session.cells.front().settings.context_tokens};
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
                                           key.context_tokens, workshop);
    const std::lock_guard lock(mutex);
    preparation.variants.emplace(key, std::move(facts));
  });
  for (Session& session : expanded.sessions) {
    const auto& facts = preparation.variants.at(variant_key(session));
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
  const std::vector<ReferenceJob> jobs = reference_jobs(expanded);
  std::mutex mutex;
  in_parallel(jobs.size(), [&](std::size_t i) {
    const ReferenceJob& job = jobs[i];
    const auto& facts = preparation.variants.at(job.key);
    if (!facts || stop()) return;
    announce(expanded, observer,
             fmt::format("the host answers {} with {} {}", job.suite, job.key.model, job.key.variant));
    base::Cell cell;
    cell.suite = job.suite;
    const auto answers =
        deploy::reference_answers(*facts, base::suite_of(expanded.plan, cell), job.limit, workshop);
    const std::lock_guard lock(mutex);
    if (!answers) {
      observer.notice("host", fmt::format("no answers to compare with: {}", answers.error().text()));
      return;
    }
    auto& known = preparation.references[job.key][job.suite];
    for (const auto& [prompt, answer] : *answers) known[prompt] = answer.token_ids_sha256;
  });
}

}  // namespace slmrig::campaign
