#include "harness/analyse/series.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

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
    if (value) values_.push_back({cell_id_, std::move(metric), samples, *value});
  }

  // The metric "<what>_ms_<statistic>" or "<what>_instructions_<statistic>", as the unit of the session is.
  void add_cost(const std::string& what, const std::string& statistic, std::optional<double> cost,
                uint64_t samples) {
    if (!cost || unit_ == CostUnit::kNone) return;
    if (unit_ == CostUnit::kInstructions) return add(what + "_instructions_" + statistic, cost, samples);
    add(what + "_ms_" + statistic, *cost / kNanosecondsPerMillisecond, samples);
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

void add_cell_values(const CellSummary& cell, Values& values) {
  values.add_cost("ttft", "p50", cell.ttft_cost_p50, cell.generations);
  values.add_cost("ttft", "p95", cell.ttft_cost_p95, cell.generations);
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
  for (const CellSummary& cell : cells) {
    if (!is_ok(cell)) continue;
    values.of(cell.cell_id);
    add_cell_values(cell, values);
  }
  return values.take();
}

}  // namespace slmrig::analyse
