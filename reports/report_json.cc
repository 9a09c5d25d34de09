#include "reports/report_json.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "harness/analyse/profile.h"
#include "harness/analyse/summary.h"
#include "harness/base/metrics.h"
#include "reports/comparison_json.h"
#include "reports/energy_json.h"
#include "reports/gate_json.h"
#include "reports/json_values.h"
#include "reports/packed_integers.h"
#include "reports/sentence.h"
#include "reports/token_band.h"

namespace slmrig::reports {
namespace {

using Json = nlohmann::ordered_json;
using analyse::CellSummary;

constexpr int64_t kNsPerMs = 1'000'000;

Json text_or_null(const std::string& text, bool stored) { return stored ? Json(text) : Json(nullptr); }

Json facts_json(const base::Provenance& provenance) {
  Json facts = Json::array();
  for (const auto& [key, value] : provenance) facts.push_back({{"key", key}, {"value", value}});
  return facts;
}

Json metrics_json() {
  Json list = Json::array();
  for (const base::Metric& metric : base::metrics()) {
    list.push_back({{"name", metric.name},
                    {"title", metric.title},
                    {"unit", metric.unit},
                    {"better", base::to_string(metric.better)}});
  }
  return list;
}

Json run_json(const store::RunData& data) {
  const store::RunRow& run = data.run;
  return {{"run_id", run.run_id},
          {"label", run.label},
          {"plan", run.plan_name},
          {"rig", run.rig_name},
          {"build", run.build},
          {"commit_sha", run.commit_sha},
          {"started_at_ms", run.started_at_ns / kNsPerMs},
          {"ended_at_ms", run.ended_at_ns ? Json(*run.ended_at_ns / kNsPerMs) : Json(nullptr)},
          {"interrupted", run.interrupted},
          {"busy_share", number_or_null(run.busy_share)},
          {"provenance", facts_json(data.provenance)}};
}

std::string_view unit_text(store::CostUnit unit) {
  switch (unit) {
    case store::CostUnit::kNanoseconds: return "ns";
    case store::CostUnit::kInstructions: return "instructions";
    case store::CostUnit::kNone: return "none";
  }
  return "none";
}

// In the order of the registry, so that bars of all sessions stack alike; classes that it does not know last.
Json memory_json(std::vector<store::MemoryRow> rows) {
  const auto classes = base::memory_classes();
  const auto place = [&](const store::MemoryRow& row) {
    return std::find_if(classes.begin(), classes.end(),
                        [&](const auto& known) { return known.name == row.name; });
  };
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const auto& a, const auto& b) { return place(a) < place(b); });
  Json list = Json::array();
  for (const auto& row : rows) {
    const auto known = place(row);
    const bool counted = known != classes.end() && known->counted;
    list.push_back({{"name", row.name}, {"bytes", row.bytes}, {"counted", counted}});
  }
  return list;
}

Json cold_start_json(const analyse::ColdStartSummary& summary) {
  return {{"origin", summary.origin},
          {"repeats", summary.repeats},
          {"total", number_or_null(summary.total_cost_p50)},
          {"boot", number_or_null(summary.boot_cost_p50)},
          {"load", number_or_null(summary.load_cost_p50)},
          {"first_prefill", number_or_null(summary.first_prefill_cost_p50)},
          {"first_token", number_or_null(summary.first_token_cost_p50)}};
}

Json cold_starts_json(const std::vector<store::ColdStartRow>& rows) {
  Json list = Json::array();
  for (const auto& row : rows) {
    list.push_back({{"repeat", row.repeat},
                    {"origin", row.origin},
                    {"boot", row.boot_cost},
                    {"load", row.load_cost},
                    {"first_prefill", row.first_prefill_cost},
                    {"first_token", row.first_token_cost}});
  }
  return list;
}

Json roofline_json(const std::vector<store::RooflineRow>& rows) {
  Json limits = Json::array();
  for (const store::RooflineRow& row : rows) {
    limits.push_back({{"kind", base::to_string(row.kind)},
                      {"name", row.name},
                      {"tokens", row.tokens},
                      {"macs", row.macs},
                      {"bytes", row.bytes},
                      {"cost", row.cost},
                      {"missing", row.missing.empty() ? Json(nullptr) : Json(row.missing)}});
  }
  return limits;
}

Json session_json(const store::SessionData& data, std::size_t run,
                  const std::vector<CellSummary>& summaries) {
  const store::SessionRow& session = data.session;
  // A session without a cell has nothing that could be summarised.
  const auto cold_start = summaries.empty() ? analyse::ColdStartSummary{} : summaries.front().cold_start;
  return {{"session_id", session.session_id},
          {"run", run},
          {"ordinal", session.ordinal},
          {"bench", session.bench},
          {"unit_id", session.unit_id},
          {"board", session.board},
          {"engine", session.engine},
          {"engine_version", session.engine_version},
          {"kernel_isa", session.kernel_isa},
          {"model", session.model},
          {"variant", session.variant},
          {"tier", base::to_string(session.tier)},
          {"unit", unit_text(session.cost_unit)},
          {"tick_source", session.tick_source},
          {"agent_build_id", session.agent_build_id},
          {"model_sha256", session.model_sha256},
          {"image_sha256", session.image_sha256},
          {"image_bytes", session.image_bytes},
          {"context_tokens", session.context_tokens},
          {"started_at_ms", session.started_at_ns / kNsPerMs},
          {"attempt", session.attempt},
          {"retry_reasons", session.retry_reasons},
          {"provenance", facts_json(data.provenance)},
          {"memory", memory_json(data.memory)},
          {"roofline", roofline_json(data.roofline)},
          {"cold_start", cold_start_json(cold_start)},
          {"cold_starts", cold_starts_json(data.cold_starts)},
          {"cold_start_energy", energy_json(data.cold_start_energy)}};
}

Json figures_json(const CellSummary& summary) {
  const bool counts = summary.cost_unit == store::CostUnit::kInstructions;
  const bool costs = summary.cost_unit != store::CostUnit::kNone;
  const auto cost = [&](std::optional<double> value) {
    return costs ? number_or_null(value) : Json(nullptr);
  };
  const Json peak = summary.memory_peak_bytes ? Json(*summary.memory_peak_bytes) : Json(nullptr);
  return {{"cold_start_p50", cost(summary.cold_start.total_cost_p50)},
          {"ttft_p50", cost(summary.ttft_cost_p50)},
          {"token_p50", cost(summary.token_cost_p50)},
          {"token_p95", cost(summary.token_cost_p95)},
          {"token_p99", cost(summary.token_cost_p99)},
          {"token_max", cost(summary.token_cost_max)},
          {"tokens_per_s", cost(summary.decode_tokens_per_s)},
          {"instructions_per_token", counts ? cost(summary.token_cost_mean) : Json(nullptr)},
          {"memory_peak_bytes", peak},
          {"accuracy", {{"count", summary.correct}, {"of", summary.checked}}},
          {"reference", {{"count", summary.equal_to_reference}, {"of", summary.compared}}},
          {"fallback", {{"count", summary.fallbacks()}, {"of", summary.generations}}}};
}

Json band_json(std::span<const store::GenerationRow> generations) {
  const TokenBand band = token_band(generations);
  return {{"count", pack_integers(band.count)},
          {"low", pack_integers(band.low)},
          {"median", pack_integers(band.median)},
          {"high", pack_integers(band.high)}};
}

bool is_listed(const store::GenerationRow& generation) {
  return generation.correct == false || generation.matches_reference == false ||
         generation.fallback != base::FallbackReason::kNone;
}

Json answer_json(const store::GenerationRow& generation) {
  // A private suite stores neither text nor ids.
  const bool stored = !generation.prompt_text.empty() || !generation.token_ids.empty();
  const auto& matches = generation.matches_reference;
  return {{"prompt_id", generation.prompt_id},
          {"repeat", generation.repeat},
          {"prompt", text_or_null(generation.prompt_text, stored)},
          {"text", text_or_null(generation.output_text, stored)},
          {"failed_checks", generation.failed_checks},
          {"matches_reference", matches ? Json(*matches) : Json(nullptr)},
          {"fallback", base::to_string(generation.fallback)}};
}

Json profile_json(const store::ProfileRows& rows, const std::vector<store::RooflineRow>& roofline) {
  Json phases = Json::array();
  for (const analyse::PhaseProfile& phase : analyse::profile_by_operator(rows, roofline)) {
    Json operators = Json::array();
    for (const analyse::OperatorSum& sum : phase.operators) {
      operators.push_back({{"name", sum.name},
                           {"calls", sum.calls},
                           {"cost", sum.cost},
                           {"macs", sum.macs},
                           {"bytes", sum.bytes},
                           {"limit", number_or_null(sum.limit_cost)}});
    }
    phases.push_back({{"phase", base::to_string(phase.phase)},
                      {"generations", phase.generations},
                      {"tokens", phase.tokens},
                      {"cost", phase.cost},
                      {"subtracted", phase.subtracted_cost},
                      {"operators", std::move(operators)}});
  }
  return phases;
}

// What makes up most of a record, and is looked at for the newest nights alone.
void leave_session_details_out(Json& session) {
  session["roofline"] = Json::array();
  session["cold_starts"] = Json::array();
  session["cold_start_energy"] = nullptr;
}

void leave_cell_details_out(Json& cell) {
  cell["traces"] = Json::array();
  cell["profile"] = Json::array();
  cell["energy"] = nullptr;
  for (auto& column : cell["band"]) column = "";
}

Json cell_json(const store::CellData& data, const std::vector<store::RooflineRow>& roofline,
               std::size_t session, const CellSummary& summary, const ReportLimits& limits) {
  Json traces = Json::array();
  Json answers = Json::array();
  std::size_t tokens = 0;
  std::size_t listed = 0;
  for (const auto& generation : data.generations) {
    tokens += generation.token_costs.size();
    if (traces.size() < limits.traces_per_cell) {
      traces.push_back({{"prompt_id", generation.prompt_id},
                        {"repeat", generation.repeat},
                        {"durations", pack_integers(generation.token_costs)}});
    }
    if (!is_listed(generation)) continue;
    if (listed < limits.answers_per_cell) answers.push_back(answer_json(generation));
    ++listed;
  }
  Json energy = energy_json(data.energy);
  const bool has_answer = energy.is_object() && energy["answer"].is_object();
  Json figures = figures_json(summary);
  figures["answer_energy_uj"] = has_answer ? energy["answer"]["gross_uj"] : Json(nullptr);
  figures["answer_energy_tier"] = has_answer ? energy["tier"] : Json(nullptr);
  return {{"cell_id", data.cell.cell_id},
          {"session", session},
          {"suite", data.cell.suite},
          {"settings", data.cell.settings},
          {"status", base::to_string(data.cell.status)},
          {"reason", data.cell.reason},
          {"doubts", data.cell.doubts},
          {"generations", data.generations.size()},
          {"tokens", tokens},
          {"figures", std::move(figures)},
          {"band", band_json(data.generations)},
          {"traces", std::move(traces)},
          {"answers", std::move(answers)},
          {"answers_left_out", listed - std::min(listed, limits.answers_per_cell)},
          {"profile", profile_json(data.profile, roofline)},
          {"energy", std::move(energy)}};
}

// How many of the newest runs the page has with everything.
std::size_t detailed_runs(const ReportInput& input) {
  std::size_t runs = 0;
  std::size_t cells = 0;
  for (const store::RunData& run : input.runs) {
    for (const store::SessionData& session : run.sessions) cells += session.cells.size();
    if (runs > 0 && cells > input.limits.detailed_cells) break;
    ++runs;
  }
  return runs;
}

Json notes_json(const ReportInput& input, std::size_t detailed) {
  Json notes = Json::array();
  if (input.runs.size() > 1) {
    notes.push_back(fmt::format("This file holds {} runs; the newest is shown first.", input.runs.size()));
  }
  if (input.runs.size() > detailed) {
    notes.push_back(
        fmt::format("Of the newest {} it has everything, of the older ones figures, memory, answers and "
                    "provenance; tokens, profile and energy of those are in the database.",
                    detailed));
  }
  if (input.runs_left_out > 0) {
    notes.push_back(fmt::format("{} older {} in the database and not in this file.", input.runs_left_out,
                                input.runs_left_out == 1 ? "run is" : "runs are"));
  }
  return notes;
}

}  // namespace

Json report_json(const ReportInput& input) {
  Json runs = Json::array();
  Json sessions = Json::array();
  Json cells = Json::array();
  std::vector<std::string> inlined;
  const std::size_t detailed = detailed_runs(input);
  std::map<std::string, std::size_t> cell_indices;
  for (const store::RunData& run : input.runs) {
    const bool is_detailed = inlined.size() < detailed;
    inlined.push_back(run.run.run_id);
    for (const store::SessionData& session : run.sessions) {
      const auto summaries = analyse::summarise(session, run.run.build);
      SLMRIG_CHECK(summaries.size() == session.cells.size());
      for (std::size_t at = 0; at < session.cells.size(); ++at) {
        cell_indices.emplace(session.cells[at].cell.cell_id, cells.size());
        cells.push_back(
            cell_json(session.cells[at], session.roofline, sessions.size(), summaries[at], input.limits));
        if (!is_detailed) leave_cell_details_out(cells.back());
      }
      sessions.push_back(session_json(session, runs.size(), summaries));
      if (!is_detailed) leave_session_details_out(sessions.back());
    }
    runs.push_back(run_json(run));
  }
  return {{"schema_version", 1},
          {"title", report_title(input.runs)},
          {"sentence", report_sentence(input.runs)},
          {"notes", notes_json(input, detailed)},
          {"metrics", metrics_json()},
          {"runs", std::move(runs)},
          {"sessions", std::move(sessions)},
          {"cells", std::move(cells)},
          {"comparisons", input.runs.empty()
                              ? Json::array()
                              : comparisons_json(input.runs.front(), cell_indices, input.acceptances)},
          {"gate", input.gate == nullptr ? Json(nullptr) : gate_json(*input.gate)},
          {"history", input.history == nullptr ? Json(nullptr) : history_json(*input.history, inlined)}};
}

std::string script_safe_text(const Json& json) {
  const std::string text = json.dump(-1, ' ', true, Json::error_handler_t::replace);
  std::string safe;
  safe.reserve(text.size() + text.size() / 16);
  for (const char character : text) {
    switch (character) {
      case '<': safe += "\\u003c"; break;
      case '>': safe += "\\u003e"; break;
      case '&': safe += "\\u0026"; break;
      default: safe += character;
    }
  }
  return safe;
}

std::string html_escaped(std::string_view text) {
  std::string escaped;
  for (const char character : text) {
    switch (character) {
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '&': escaped += "&amp;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default: escaped += character;
    }
  }
  return escaped;
}

}  // namespace slmrig::reports
