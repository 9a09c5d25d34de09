#include "harness/measure/profile_pass.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace slmrig::measure {
namespace {

using base::OperatorCost;
using base::Phase;
using base::Result;

// Adds generations up, operator by operator, in the order in which the engine first named them.
class ProfileSum {
 public:
  explicit ProfileSum(const std::string& cell_id) { sum_.cell_id = cell_id; }

  void add(const rig::RunReply& reply) {
    ++sum_.generations;
    generated_tokens_ += reply.generated_tokens;
    // The first token's duration is the whole of prefill: encode, prefill, first sample.
    const uint64_t prefill_ticks = reply.token_ticks.front();
    const uint64_t all_ticks =
        std::accumulate(reply.token_ticks.begin(), reply.token_ticks.end(), uint64_t{0});
    add_phase(Phase::kPrefill, reply.prompt_tokens, prefill_ticks, reply);
    add_phase(Phase::kDecode, reply.generated_tokens - 1, all_ticks - prefill_ticks, reply);
    for (const OperatorCost& cost : reply.operators) add_operator(cost);
  }

  // The cost of looking that the device has not seen, taken off each call of a phase alike.
  void take_off_rest(const PlainTicks& plain) {
    if (plain.generated_tokens != generated_tokens_) return;
    for (const Phase phase : {Phase::kPrefill, Phase::kDecode}) {
      base::PhaseCost& cost = sum_.phases[static_cast<std::size_t>(phase)];
      const uint64_t known = plain.ticks[static_cast<std::size_t>(phase)] + cost.subtracted_ticks;
      if (cost.ticks <= known || cost.ticks - known > cost.subtracted_ticks) continue;
      cost.subtracted_ticks += spread(phase, cost.ticks - known);
    }
  }

  const base::Profile& sum() const { return sum_; }

 private:
  void add_phase(Phase phase, uint64_t tokens, uint64_t ticks, const rig::RunReply& reply) {
    const auto at = static_cast<std::size_t>(phase);
    sum_.phases[at].tokens += tokens;
    sum_.phases[at].ticks += ticks;
    sum_.phases[at].subtracted_ticks += reply.subtracted_ticks[at];
  }

  // Returns what could be taken off: an operator has no less than no ticks.
  uint64_t spread(Phase phase, uint64_t ticks) {
    uint64_t calls = 0;
    for (const OperatorCost& cost : sum_.operators) calls += cost.phase == phase ? cost.calls : 0;
    const double per_call = static_cast<double>(ticks) / static_cast<double>(std::max<uint64_t>(calls, 1));
    uint64_t taken = 0;
    for (OperatorCost& cost : sum_.operators) {
      if (cost.phase != phase) continue;
      const auto share = static_cast<uint64_t>(std::llround(per_call * static_cast<double>(cost.calls)));
      const uint64_t own = std::min(share, cost.ticks);
      cost.ticks -= own;
      taken += own;
    }
    return taken;
  }

  void add_operator(const OperatorCost& cost) {
    const auto [place, is_new] =
        places_.try_emplace({cost.phase, cost.layer, cost.operator_name}, sum_.operators.size());
    if (is_new) {
      sum_.operators.push_back(cost);
      return;
    }
    OperatorCost& known = sum_.operators[place->second];
    known.calls += cost.calls;
    known.ticks += cost.ticks;
    known.macs += cost.macs;
    known.bytes += cost.bytes;
  }

  base::Profile sum_;
  uint64_t generated_tokens_ = 0;
  std::map<std::tuple<Phase, int32_t, std::string>, std::size_t> places_;
};

}  // namespace

void add_plain_ticks(const rig::RunReply& reply, PlainTicks& plain) {
  if (reply.token_ticks.empty()) return;  // the prompt alone used up the budget
  const uint64_t prefill_ticks = reply.token_ticks.front();
  const uint64_t all_ticks = std::accumulate(reply.token_ticks.begin(), reply.token_ticks.end(), uint64_t{0});
  plain.ticks[static_cast<std::size_t>(Phase::kPrefill)] += prefill_ticks;
  plain.ticks[static_cast<std::size_t>(Phase::kDecode)] += all_ticks - prefill_ticks;
  plain.generated_tokens += reply.generated_tokens;
}

Result<ProfileOutcome> profile_cell(rig::LiveBoard& board, const SessionInputs& inputs,
                                    const SessionContext& context, const base::Cell& cell,
                                    const PlainTicks& plain) {
  const std::string& bench = inputs.session.bench;
  const base::Suite& suite = base::suite_of(inputs.plan, cell);
  const std::size_t prompts = base::prompt_count(cell.settings, suite);
  const auto without_profile = [&](const std::string& why) {
    context.observer.notice(bench, fmt::format("{} {} {} has no profile: {}", inputs.session.model,
                                               inputs.session.variant, cell.suite, why));
  };
  ProfileSum profile(cell.cell_id);
  ProfileOutcome outcome;
  for (std::size_t i = 0; i < prompts; ++i) {
    if (context.stop()) return ProfileOutcome{outcome.busy_ns, false};
    context.observer.activity(bench, fmt::format("{} {}: profile of {} {}/{}", inputs.session.model,
                                                 inputs.session.variant, cell.suite, i + 1, prompts));
    rig::RunRequest request = run_request(inputs, cell, suite.prompts[i], board.bench().board.ticks);
    request.profile = true;
    request.budget_ticks = 0;  // looking at the clock costs time that is not the model's
    const Result<rig::RunReply> reply = board.agent().run(request);
    if (!reply) {
      without_profile(reply.error().text());
      return ProfileOutcome{outcome.busy_ns, false};
    }
    if (reply->operators.empty()) {
      without_profile(fmt::format("the engine {} cannot profile", board.banner().engine));
      return ProfileOutcome{outcome.busy_ns, false};
    }
    outcome.busy_ns += reply->host_ns;
    if (const auto units = inputs.units.generation.find(cell.cell_id);
        units != inputs.units.generation.end()) {
      context.observer.advance(bench, units->second);
    }
    profile.add(*reply);
  }
  profile.take_off_rest(plain);
  SLMRIG_TRY(context.sink.add(profile.sum()));
  return outcome;
}

base::Done record_roofline(rig::LiveBoard& board, const SessionInputs& inputs,
                           const SessionContext& context) {
  const base::Session& session = inputs.session;
  context.observer.activity(session.bench, fmt::format("{} {}: roofline", session.model, session.variant));
  auto entries = board.agent().roofline();
  if (!entries) {
    context.observer.notice(session.bench, fmt::format("{} {} has no roofline: {}", session.model,
                                                       session.variant, entries.error().text()));
    return {};
  }
  if (entries->empty()) return {};
  for (const base::RooflineEntry& entry : *entries) {
    if (entry.missing.empty()) continue;
    const std::string tokens = entry.tokens == 0 ? "" : fmt::format(" with {} tokens", entry.tokens);
    context.observer.notice(
        session.bench, fmt::format("{} {} has no limit of the {} {}{}: {}", session.model, session.variant,
                                   base::to_string(entry.kind), entry.name, tokens, entry.missing));
  }
  return context.sink.add(base::Roofline{session.session_id, std::move(*entries)});
}

}  // namespace slmrig::measure
