// What the store hands out: plain rows, as analyse, gate, reports and cli read them. No database in here.
//
// A *cost* is what a device's ticks mean: nanoseconds, or instructions on an emulated board
// (SessionRow::cost_unit says which). Costs are converted from raw ticks by the session's TickScale, rounded
// half up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/records/plan.h"
#include "harness/base/records/run_record.h"
#include "harness/base/records/tier.h"

namespace slmrig::store {

enum class CostUnit {
  kNanoseconds,
  kInstructions,
  kNone,  // tier functional, or emulated without instruction counts: only answers are real
};
CostUnit cost_unit_of(base::Tier tier, const base::TickScale& ticks);

struct RunRow {
  std::string run_id;
  std::string label;
  std::string build;  // --build NAME; empty: none was given
  std::string commit_sha;
  std::string plan_name;
  std::string plan_text;
  std::string rig_name;
  int64_t started_at_ns = 0;
  std::optional<int64_t> ended_at_ns;  // absent: running, or its process died
  bool interrupted = false;
  std::optional<double> busy_share;
  // Cells by status. A cell that has not ended counts as interrupted.
  uint32_t cells_ok = 0;
  uint32_t cells_failed = 0;
  uint32_t cells_unfit = 0;
  uint32_t cells_not_applicable = 0;
  uint32_t cells_interrupted = 0;

  uint32_t cells() const {
    return cells_ok + cells_failed + cells_unfit + cells_not_applicable + cells_interrupted;
  }
};

struct SessionRow {
  std::string run_id;
  std::string session_id;
  std::string bench;
  std::string unit_id;
  std::string board;
  std::string engine;
  std::string engine_version;
  std::string kernel_isa;
  std::string model;
  std::string variant;
  base::Tier tier = base::Tier::kHardware;
  base::TickScale ticks;
  CostUnit cost_unit = CostUnit::kNanoseconds;
  std::string tick_source;
  std::string agent_build_id;
  std::string image_sha256;  // as the device computed it; empty: it never got that far
  std::string model_sha256;
  uint64_t image_bytes = 0;
  uint32_t context_tokens = 0;
  uint64_t weight_macs_per_token = 0;
  uint32_t ordinal = 0;
  uint32_t attempt = 1;
  std::vector<std::string> retry_reasons;  // [attempt - 1]; why each earlier attempt was given up
  int64_t started_at_ns = 0;
  std::optional<int64_t> ended_at_ns;
};

struct ColdStartRow {
  uint32_t repeat = 0;
  std::string origin;
  int64_t boot_cost = 0;
  int64_t load_cost = 0;
  int64_t first_prefill_cost = 0;
  int64_t first_token_cost = 0;
  int64_t total_cost = 0;  // of the summed ticks, so it may differ from the sum of the parts by rounding
};

struct MemoryRow {
  std::string name;  // class: "weights", "kv", ...
  uint64_t bytes = 0;
};

struct CellRow {
  std::string cell_id;
  std::string session_id;
  std::string suite;
  std::string settings;  // canonical text: "ctx=256 new=32 top_k=1 temp=0 seed=1"
  base::CellStatus status = base::CellStatus::kInterrupted;
  std::string reason;
  std::vector<std::string> doubts;     // empty: trusted
  std::optional<int64_t> ended_at_ns;  // absent: it did not end (status reads kInterrupted)
  int64_t busy_ns = 0;
};

struct GenerationRow {
  std::string prompt_id;
  uint32_t repeat = 0;
  uint32_t prompt_tokens = 0;
  uint32_t generated_tokens = 0;
  base::Finish finish = base::Finish::kEndToken;
  int64_t encode_cost = 0;
  int64_t prefill_cost = 0;
  int64_t first_sample_cost = 0;
  std::optional<int64_t> ttft_cost;  // absent: no token was generated
  int64_t decode_cost = 0;           // tokens 1 .. generated_tokens - 1 together
  std::vector<int64_t> token_costs;  // [generated_tokens]; [0] is the ttft
  std::vector<int32_t> token_ids;    // [generated_tokens], or empty where the suite does not store text
  std::string token_ids_sha256;
  std::string prompt_sha256;
  std::string prompt_text;  // empty where the suite does not store text
  std::string output_text;  // likewise
  std::optional<bool> correct;
  std::vector<std::string> failed_checks;
  base::FallbackReason fallback = base::FallbackReason::kNone;
  std::optional<bool> matches_reference;
  int64_t started_at_ns = 0;
  std::string intent{};  // that the prompt asks for (or a hash of it); empty: no such check
};

// The profile pass of a cell: sums over its generations.
struct OperatorRow {
  base::Phase phase = base::Phase::kPrefill;
  std::optional<int32_t> layer;  // absent: of no layer
  std::string name;
  uint64_t calls = 0;
  int64_t cost = 0;  // without looking at the clock
  uint64_t macs = 0;
  uint64_t bytes = 0;
  std::string kernel{};  // the RooflineRow whose kernel multiplies here; empty: none does
};

struct PhaseRow {
  base::Phase phase = base::Phase::kPrefill;
  uint32_t generations = 0;
  uint64_t tokens = 0;
  int64_t cost = 0;             // of the phase in the profile pass
  int64_t subtracted_cost = 0;  // what looking at the clock cost; the operators add up to the rest
};

struct ProfileRows {
  std::vector<PhaseRow> phases;  // empty: the cell was not profiled
  std::vector<OperatorRow> operators;
};

// What the board can do at most: `cost` for so many MACs of a kernel, or for reading so many bytes of a
// memory.
struct RooflineRow {
  base::RooflineKind kind = base::RooflineKind::kKernel;
  std::string name;
  uint32_t tokens = 0;  // that a kernel multiplied at once; 0 for a memory
  uint64_t macs = 0;
  uint64_t bytes = 0;
  int64_t cost = 0;
  std::string missing{};  // why it was not measured, without figures
};

// Text that belongs to a session (device transcript, an emulator's stderr), unpacked.
struct LogRow {
  std::string name;
  uint32_t attempt = 1;
  std::string text;
};

// One figure of a series (v_series). `cell_id` is empty where the metric belongs to the session.
struct SeriesValue {
  std::string cell_id;
  std::string metric;  // of base/metrics.h
  uint64_t samples = 0;
  double value = 0.0;
  std::optional<base::Tier> tier{};   // of an energy, which is its own; absent: the session's
  std::vector<std::string> doubts{};  // of an energy, likewise; else the cell's hold
};

// A run with all that belongs to it: what summaries and reports are made of.
struct CellData {
  CellRow cell;
  std::vector<GenerationRow> generations;  // in the order in which they were measured
  ProfileRows profile;
  std::optional<base::Energy> energy;  // absent: no meter measured it
};

struct SessionData {
  SessionRow session;
  std::vector<ColdStartRow> cold_starts;
  std::vector<MemoryRow> memory;
  std::vector<RooflineRow> roofline;  // empty: it was not profiled
  std::vector<CellData> cells;
  std::optional<base::Energy> cold_start_energy;
  base::Provenance provenance;
};

struct RunData {
  RunRow run;
  base::Provenance provenance;
  std::vector<SessionData> sessions;  // in the order in which they began
};

// A bench that somebody took out of service.
struct QuarantineRow {
  std::string bench;
  int64_t since_ns = 0;  // UTC
  std::string who;
  std::string reason;
};

}  // namespace slmrig::store
