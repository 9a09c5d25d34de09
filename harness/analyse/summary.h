// From the rows of a run to the figures that people look at: one summary a cell. Pure; no database, no clock.
//
// What each figure means is stated once, here and in base/metrics.h. `_cost` figures are nanoseconds, or
// instructions where cost_unit says so; absent means that it was not measured, never zero.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/records/run_record.h"
#include "harness/store/rows.h"

namespace slmrig::analyse {

struct ColdStartSummary {
  std::string origin;  // "exec", "reset", "power"; "mixed" where repeats differ (then there are no figures)
  uint32_t repeats = 0;
  std::optional<double> total_cost_p50;
  std::optional<double> boot_cost_p50;
  std::optional<double> load_cost_p50;
  std::optional<double> first_prefill_cost_p50;
  std::optional<double> first_token_cost_p50;
};

struct CellSummary {
  // Which cell.
  std::string run_id;
  std::string session_id;
  std::string cell_id;
  std::string bench;
  std::string unit_id;
  std::string board;
  std::string engine;
  std::string model;
  std::string variant;
  std::string suite;
  std::string settings;
  std::string build;
  base::Tier tier = base::Tier::kHardware;
  store::CostUnit cost_unit = store::CostUnit::kNanoseconds;
  uint32_t session_ordinal = 0;

  base::CellStatus status = base::CellStatus::kInterrupted;
  std::string reason;
  std::vector<std::string> doubts;  // empty: trusted

  // Of the session, and so the same for each of its cells.
  ColdStartSummary cold_start;
  std::optional<uint64_t> memory_peak_bytes;  // sum of the counted classes (base::memory_classes())
  std::vector<store::MemoryRow> memory;
  uint64_t image_bytes = 0;

  // Of the cell's generations.
  uint32_t generations = 0;
  std::optional<double> ttft_cost_p50;
  std::optional<double> ttft_cost_p95;
  std::optional<double> answer_cost_p50;  // whole answers: from the prompt to the last token
  std::optional<double> answer_cost_p95;
  std::optional<double> answer_cost_p99;
  std::optional<double> answer_cost_max;
  uint64_t decode_tokens = 0;  // tokens of index >= 1: what the token figures are taken over
  std::optional<double> token_cost_p50;
  std::optional<double> token_cost_p95;
  std::optional<double> token_cost_p99;
  std::optional<double> token_cost_max;
  std::optional<double> token_cost_mean;         // decode cost over decode_tokens
  std::optional<double> decode_tokens_per_s;     // sum of (n - 1) over summed decode time; time only
  std::optional<double> prefill_tokens_per_s;    // prompt tokens over prefill time; time only
  std::optional<double> prefill_cost_per_token;  // prefill cost over prompt tokens
  uint32_t checked = 0;                          // generations whose prompt has checks
  uint32_t correct = 0;
  uint32_t compared = 0;  // generations for which the host's answer is known
  uint32_t equal_to_reference = 0;
  uint32_t intents_checked = 0;  // generations whose prompt asks for an intent
  uint32_t intents_right = 0;    // that had it, whatever else was wrong
  std::string worst_intent{};    // with the smallest share of right ones; empty: none was asked for
  uint32_t worst_intent_checked = 0;
  uint32_t worst_intent_right = 0;
  // Answers that are the suite's fallback text. Their costs are the model's all the same, their checks were
  // made on the fallback text: that is what a user got.
  uint32_t fallback_late = 0;  // the budget was used up
  uint32_t fallback_form = 0;  // the model's words had not the form that the suite asks for

  std::optional<double> accuracy() const;             // correct / checked
  std::optional<double> reference_agreement() const;  // equal_to_reference / compared
  std::optional<double> intent_accuracy() const;      // intents_right / intents_checked
  std::optional<double> worst_intent_accuracy() const;
  uint32_t fallbacks() const { return fallback_late + fallback_form; }
  bool trusted() const { return doubts.empty(); }
};

// In the order of the run's sessions and cells; a cell that failed or is unfit has a summary, too.
std::vector<CellSummary> summarise(const store::RunData& run);

// Whether an answer has the intent that its prompt asks for, whatever else is wrong with it. Nothing: the
// prompt asks for none, or has no checks.
std::optional<bool> is_intent_right(const store::GenerationRow& generation);

// The cells of one session. `build` is the run's.
std::vector<CellSummary> summarise(const store::SessionData& session, const std::string& build);

}  // namespace slmrig::analyse
