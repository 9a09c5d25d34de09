#include "harness/analyse/series.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "harness/analyse/energy.h"
#include "harness/analyse/summary.h"
#include "harness/base/metrics.h"

namespace slmrig::analyse {

using store::CostUnit;
using store::SeriesValue;

namespace {

constexpr double kNanosecondsPerMillisecond = 1e6;

class Values {
 public:
  explicit Values(CostUnit unit) : unit_(unit) {}

  void of(std::string cell_id) { cell_id_ = std::move(cell_id); }

  void add(std::string metric, std::optional<double> value, uint64_t samples) {
    SLMRIG_CHECK(base::find_metric(metric) != nullptr);
    if (!value) return;
    values_.push_back({cell_id_, std::move(metric), samples, *value});
  }

  // The metric "<what>_ms_<statistic>" or "<what>_instructions_<statistic>", as the unit of the session is.
  void add_cost(const std::string& what, const std::string& statistic, std::optional<double> cost,
                uint64_t samples) {
    if (!cost || unit_ == CostUnit::kNone) return;
    if (unit_ == CostUnit::kInstructions) return add(what + "_instructions_" + statistic, cost, samples);
    add(what + "_ms_" + statistic, *cost / kNanosecondsPerMillisecond, samples);
  }

  void add_energy(std::string metric, double value, const base::PhaseEnergy& phase,
                  const base::Energy& energy) {
    add(std::move(metric), value, phase.generations);
    SeriesValue& added = values_.back();
    added.tier = energy.tier;
    added.doubts = energy.doubts;
    for (const std::string& doubt : phase.doubts) {
      if (std::find(added.doubts.begin(), added.doubts.end(), doubt) == added.doubts.end()) {
        added.doubts.push_back(doubt);
      }
    }
  }

  std::vector<SeriesValue> take() { return std::move(values_); }

 private:
  CostUnit unit_;
  std::string cell_id_;
  std::vector<SeriesValue> values_;
};

void add_session_values(const CellSummary& any_cell, Values& values) {
  const ColdStartSummary& cold = any_cell.cold_start;
  values.add_cost("cold_start", "p50", cold.total_cost_p50, cold.repeats);
  values.add_cost("cold_start_boot", "p50", cold.boot_cost_p50, cold.repeats);
  values.add_cost("cold_start_load", "p50", cold.load_cost_p50, cold.repeats);
  values.add_cost("cold_start_first_prefill", "p50", cold.first_prefill_cost_p50, cold.repeats);
  values.add_cost("cold_start_first_token", "p50", cold.first_token_cost_p50, cold.repeats);
  if (any_cell.memory_peak_bytes) {
    values.add("memory_peak_bytes", static_cast<double>(*any_cell.memory_peak_bytes), 1);
  }
  for (const base::MemoryClassInfo& known : base::memory_classes()) {
    for (const store::MemoryRow& row : any_cell.memory) {
      if (row.name == known.name) values.add(std::string(known.metric), static_cast<double>(row.bytes), 1);
    }
  }
  if (any_cell.image_bytes > 0) values.add("image_bytes", static_cast<double>(any_cell.image_bytes), 1);
}

const base::PhaseEnergy* find_phase(const base::Energy& energy, base::EnergyPhase phase) {
  const auto found = std::find_if(energy.phases.begin(), energy.phases.end(),
                                  [&](const base::PhaseEnergy& each) { return each.phase == phase; });
  return found == energy.phases.end() || found->duration_ns <= 0 ? nullptr : &*found;
}

double share_of(double sum, uint32_t count) { return sum / std::max(1U, count); }

// An answer's energy is what the battery pays for it, idle power included; net of that is what the work
// costs.
void add_energy_values(const base::Energy& energy, Values& values) {
  using base::EnergyPhase;
  if (const base::PhaseEnergy* idle = find_phase(energy, EnergyPhase::kIdle)) {
    values.add_energy("idle_power_uw", idle->gross_uj / (static_cast<double>(idle->duration_ns) * 1e-9),
                      *idle, energy);
  }
  const base::PhaseEnergy* prefill = find_phase(energy, EnergyPhase::kPrefill);
  if (prefill == nullptr) return;
  double gross = share_of(prefill->gross_uj, prefill->generations);
  double net = share_of(prefill->net_uj, prefill->generations);
  values.add_energy("energy_prefill_uj_per_answer", net, *prefill, energy);
  base::PhaseEnergy both = *prefill;
  // Absent where every answer was one token long.
  if (const base::PhaseEnergy* decode = find_phase(energy, EnergyPhase::kDecode)) {
    gross += share_of(decode->gross_uj, decode->generations);
    net += share_of(decode->net_uj, decode->generations);
    both.doubts.insert(both.doubts.end(), decode->doubts.begin(), decode->doubts.end());
    if (decode->tokens > 0) {
      values.add_energy("energy_decode_uj_per_token", decode->net_uj / static_cast<double>(decode->tokens),
                        *decode, energy);
    }
  }
  // MLPerf Tiny's way, where the plan asks for it: the median window counts.
  if (!energy.windows.empty()) {
    const double median = window_figures(energy.windows).median_uj;
    gross += median - net;
    net = median;
  }
  values.add_energy("energy_uj_per_answer", gross, both, energy);
  values.add_energy("energy_net_uj_per_answer", net, both, energy);
}

void add_cold_start_energy(const base::Energy& energy, Values& values) {
  using base::EnergyPhase;
  for (const auto& [phase, metric] :
       {std::pair(EnergyPhase::kBoot, "energy_boot_uj"), std::pair(EnergyPhase::kLoad, "energy_load_uj")}) {
    const base::PhaseEnergy* found = find_phase(energy, phase);
    if (found == nullptr) continue;
    values.add_energy(metric, share_of(found->gross_uj, found->generations), *found, energy);
  }
}

void add_cell_values(const CellSummary& cell, Values& values) {
  values.add_cost("ttft", "p50", cell.ttft_cost_p50, cell.generations);
  values.add_cost("ttft", "p95", cell.ttft_cost_p95, cell.generations);
  values.add_cost("answer", "p50", cell.answer_cost_p50, cell.generations);
  values.add_cost("answer", "p95", cell.answer_cost_p95, cell.generations);
  values.add_cost("answer", "p99", cell.answer_cost_p99, cell.generations);
  values.add_cost("answer", "max", cell.answer_cost_max, cell.generations);
  values.add_cost("token", "p50", cell.token_cost_p50, cell.decode_tokens);
  values.add_cost("token", "p95", cell.token_cost_p95, cell.decode_tokens);
  values.add_cost("token", "p99", cell.token_cost_p99, cell.decode_tokens);
  values.add_cost("token", "max", cell.token_cost_max, cell.decode_tokens);
  if (cell.cost_unit == CostUnit::kInstructions) {
    values.add("token_instructions_mean", cell.token_cost_mean, cell.decode_tokens);
    values.add("prefill_instructions_per_token", cell.prefill_cost_per_token, cell.generations);
  }
  values.add("decode_tokens_per_s", cell.decode_tokens_per_s, cell.decode_tokens);
  values.add("prefill_tokens_per_s", cell.prefill_tokens_per_s, cell.generations);
  values.add("accuracy", cell.accuracy(), cell.checked);
  values.add("intent_accuracy", cell.intent_accuracy(), cell.intents_checked);
  values.add("worst_intent_accuracy", cell.worst_intent_accuracy(), cell.worst_intent_checked);
  values.add("reference_agreement", cell.reference_agreement(), cell.compared);
}

}  // namespace

std::vector<SeriesValue> series_values(const store::SessionData& session) {
  const std::vector<CellSummary> cells = summarise(session, {});
  Values values(session.session.cost_unit);
  const auto is_ok = [](const CellSummary& cell) { return cell.status == base::CellStatus::kOk; };
  const auto first = std::find_if(cells.begin(), cells.end(), is_ok);
  if (first == cells.end()) return {};
  add_session_values(*first, values);
  if (session.cold_start_energy) add_cold_start_energy(*session.cold_start_energy, values);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!is_ok(cells[i])) continue;
    values.of(cells[i].cell_id);
    add_cell_values(cells[i], values);
    if (session.cells[i].energy) add_energy_values(*session.cells[i].energy, values);
  }
  return values.take();
}

}  // namespace slmrig::analyse
