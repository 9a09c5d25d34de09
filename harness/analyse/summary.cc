#include "harness/analyse/summary.h"

#include <algorithm>
#include <map>

#include "harness/analyse/percentile.h"
#include "harness/base/check.h"
#include "harness/base/metrics.h"

namespace slmrig::analyse {

using store::ColdStartRow;
using store::CostUnit;
using store::GenerationRow;
using store::SessionData;

namespace {

constexpr double kNanosecondsPerSecond = 1e9;

ColdStartSummary summarise_cold_starts(const std::vector<ColdStartRow>& cold_starts, CostUnit unit) {
  ColdStartSummary summary;
  summary.repeats = static_cast<uint32_t>(cold_starts.size());
  if (cold_starts.empty()) return summary;
  summary.origin = cold_starts.front().origin;
  for (const ColdStartRow& each : cold_starts) {
    if (each.origin != summary.origin) summary.origin = "mixed";
  }
  // Figures of different origins are never compared, so they have no median together.
  if (summary.origin == "mixed" || unit == CostUnit::kNone) return summary;
  const auto median = [&](int64_t ColdStartRow::*part) {
    std::vector<double> values;
    values.reserve(cold_starts.size());
    for (const ColdStartRow& each : cold_starts) values.push_back(static_cast<double>(each.*part));
    return percentile(values, 50);
  };
  summary.total_cost_p50 = median(&ColdStartRow::total_cost);
  summary.boot_cost_p50 = median(&ColdStartRow::boot_cost);
  summary.load_cost_p50 = median(&ColdStartRow::load_cost);
  summary.first_prefill_cost_p50 = median(&ColdStartRow::first_prefill_cost);
  summary.first_token_cost_p50 = median(&ColdStartRow::first_token_cost);
  return summary;
}

std::optional<uint64_t> peak_bytes(const std::vector<store::MemoryRow>& memory) {
  std::optional<uint64_t> peak;
  for (const store::MemoryRow& row : memory) {
    for (const base::MemoryClassInfo& known : base::memory_classes()) {
      if (known.counted && known.name == row.name) peak = peak.value_or(0) + row.bytes;
    }
  }
  return peak;
}

// The worst one: of those alike, the first by name.
void count_intents(const std::vector<GenerationRow>& generations, CellSummary& summary) {
  struct Count {
    uint32_t checked = 0;
    uint32_t right = 0;
  };
  std::map<std::string, Count> intents;
  for (const GenerationRow& generation : generations) {
    const std::optional<bool> right = is_intent_right(generation);
    if (!right) continue;
    Count& count = intents[generation.intent];
    ++count.checked;
    if (*right) ++count.right;
  }
  for (const auto& [intent, count] : intents) {
    summary.intents_checked += count.checked;
    summary.intents_right += count.right;
    const uint64_t share = uint64_t{count.right} * summary.worst_intent_checked;
    const uint64_t worst = uint64_t{summary.worst_intent_right} * count.checked;
    if (!summary.worst_intent.empty() && share >= worst) continue;
    summary.worst_intent = intent;
    summary.worst_intent_checked = count.checked;
    summary.worst_intent_right = count.right;
  }
}

void count_answers(const std::vector<GenerationRow>& generations, CellSummary& summary) {
  summary.generations = static_cast<uint32_t>(generations.size());
  for (const GenerationRow& generation : generations) {
    if (generation.correct) {
      ++summary.checked;
      if (*generation.correct) ++summary.correct;
    }
    if (generation.matches_reference) {
      ++summary.compared;
      if (*generation.matches_reference) ++summary.equal_to_reference;
    }
    if (generation.fallback == base::FallbackReason::kBudget) ++summary.fallback_late;
    if (generation.fallback == base::FallbackReason::kForm) ++summary.fallback_form;
  }
}

struct Costs {
  std::vector<double> ttft;     // [generations with a token]
  std::vector<double> answers;  // likewise: from the prompt to the last token
  std::vector<double> tokens;   // of index >= 1, all generations together
  double decode_tokens = 0;     // as many as that, also where the traces were removed
  double decode = 0;
  double prefill = 0;
  double prompt_tokens = 0;
};

Costs collect_costs(const std::vector<GenerationRow>& generations) {
  Costs costs;
  for (const GenerationRow& generation : generations) {
    if (generation.ttft_cost) {
      costs.ttft.push_back(static_cast<double>(*generation.ttft_cost));
      costs.answers.push_back(static_cast<double>(*generation.ttft_cost + generation.decode_cost));
      costs.decode_tokens += generation.generated_tokens > 0 ? generation.generated_tokens - 1 : 0;
    }
    for (std::size_t i = 1; i < generation.token_costs.size(); ++i) {
      costs.tokens.push_back(static_cast<double>(generation.token_costs[i]));
    }
    costs.decode += static_cast<double>(generation.decode_cost);
    costs.prefill += static_cast<double>(generation.prefill_cost);
    costs.prompt_tokens += generation.prompt_tokens;
  }
  std::sort(costs.ttft.begin(), costs.ttft.end());
  std::sort(costs.answers.begin(), costs.answers.end());
  std::sort(costs.tokens.begin(), costs.tokens.end());
  return costs;
}

void summarise_costs(const std::vector<GenerationRow>& generations, CellSummary& summary) {
  const Costs costs = collect_costs(generations);
  summary.decode_tokens = static_cast<uint64_t>(costs.decode_tokens);
  if (summary.cost_unit == CostUnit::kNone) return;
  summary.ttft_cost_p50 = percentile_of_sorted(costs.ttft, 50);
  summary.ttft_cost_p95 = percentile_of_sorted(costs.ttft, 95);
  summary.token_cost_p50 = percentile_of_sorted(costs.tokens, 50);
  summary.token_cost_p95 = percentile_of_sorted(costs.tokens, 95);
  summary.token_cost_p99 = percentile_of_sorted(costs.tokens, 99);
  summary.token_cost_max = percentile_of_sorted(costs.tokens, 100);
  summary.answer_cost_p50 = percentile_of_sorted(costs.answers, 50);
  summary.answer_cost_p95 = percentile_of_sorted(costs.answers, 95);
  summary.answer_cost_p99 = percentile_of_sorted(costs.answers, 99);
  summary.answer_cost_max = percentile_of_sorted(costs.answers, 100);
  const double tokens = costs.decode_tokens;
  const bool is_time = summary.cost_unit == CostUnit::kNanoseconds;
  if (tokens > 0) summary.token_cost_mean = costs.decode / tokens;
  if (is_time && costs.decode > 0)
    summary.decode_tokens_per_s = tokens / costs.decode * kNanosecondsPerSecond;
  if (costs.prompt_tokens > 0) summary.prefill_cost_per_token = costs.prefill / costs.prompt_tokens;
  if (is_time && costs.prefill > 0) {
    summary.prefill_tokens_per_s = costs.prompt_tokens / costs.prefill * kNanosecondsPerSecond;
  }
}

CellSummary identify(const SessionData& data, const store::CellRow& cell, const std::string& build) {
  const store::SessionRow& session = data.session;
  CellSummary summary;
  summary.run_id = session.run_id;
  summary.session_id = session.session_id;
  summary.cell_id = cell.cell_id;
  summary.bench = session.bench;
  summary.unit_id = session.unit_id;
  summary.board = session.board;
  summary.engine = session.engine;
  summary.model = session.model;
  summary.variant = session.variant;
  summary.suite = cell.suite;
  summary.settings = cell.settings;
  summary.build = build;
  summary.tier = session.tier;
  summary.cost_unit = session.cost_unit;
  summary.session_ordinal = session.ordinal;
  summary.status = cell.status;
  summary.reason = cell.reason;
  summary.doubts = cell.doubts;
  return summary;
}

std::optional<double> share(uint32_t part, uint32_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / whole;
}

}  // namespace

std::optional<bool> is_intent_right(const GenerationRow& generation) {
  if (generation.intent.empty() || !generation.correct) return std::nullopt;
  const auto& failed = generation.failed_checks;
  const std::string_view check = base::to_string(base::CheckKind::kExactIntent);
  return std::find(failed.begin(), failed.end(), check) == failed.end();
}

std::optional<double> CellSummary::accuracy() const { return share(correct, checked); }

std::optional<double> CellSummary::reference_agreement() const { return share(equal_to_reference, compared); }

std::optional<double> CellSummary::intent_accuracy() const { return share(intents_right, intents_checked); }

std::optional<double> CellSummary::worst_intent_accuracy() const {
  return share(worst_intent_right, worst_intent_checked);
}

std::vector<CellSummary> summarise(const SessionData& session, const std::string& build) {
  const ColdStartSummary cold_start = summarise_cold_starts(session.cold_starts, session.session.cost_unit);
  const std::optional<uint64_t> peak = peak_bytes(session.memory);
  std::vector<CellSummary> summaries;
  for (const store::CellData& cell : session.cells) {
    CellSummary summary = identify(session, cell.cell, build);
    summary.cold_start = cold_start;
    summary.memory_peak_bytes = peak;
    summary.memory = session.memory;
    summary.image_bytes = session.session.image_bytes;
    count_answers(cell.generations, summary);
    count_intents(cell.generations, summary);
    summarise_costs(cell.generations, summary);
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

std::vector<CellSummary> summarise(const store::RunData& run) {
  std::vector<CellSummary> summaries;
  for (const SessionData& session : run.sessions) {
    for (CellSummary& summary : summarise(session, run.run.build)) summaries.push_back(std::move(summary));
  }
  return summaries;
}

}  // namespace slmrig::analyse
