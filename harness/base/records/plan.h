// What to measure: the plan as written, and the sessions and cells that it means.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/check.h"
#include "harness/base/records/fallback.h"
#include "harness/base/records/rig.h"

namespace slmrig::base {

struct Prompt {
  std::string id;    // unique in its suite
  std::string text;  // exactly what the tokenizer sees after BOS
  std::vector<Check> checks;
};

struct GenerationSettings {
  uint32_t max_new_tokens = 32;
  uint32_t top_k = 1;
  double temperature = 0.0;
  uint64_t seed = 1;
  bool stop_at_end = true;
};

// Prompts, generation settings and checks (workloads/suites/*.json).
struct Suite {
  std::string name;
  std::string description;
  bool store_text = true;  // false: prompts and answers are stored as hashes only
  GenerationSettings generation;
  std::optional<SuiteFallback> fallback;
  std::vector<Prompt> prompts;
  std::string file;
  std::string sha256;
};

// How the runtime keeps keys and values.
enum class KvFormat { kF32, kF16, kInt8 };
std::string_view to_string(KvFormat format);  // "f32", "f16", "int8"

// The knobs of a cell. Everything here is part of a series' identity (settings_text), except counts and the
// time limit.
struct CellSettings {
  uint32_t context_tokens = 256;
  uint32_t max_new_tokens = 0;  // 0: the suite's
  uint32_t prompts = 0;         // the first N of the suite; 0: all
  uint32_t repeats = 1;         // generations per prompt
  uint32_t sessions = 1;        // sessions per bench x model x variant
  uint32_t cold_starts = 1;     // resets per session, each measured
  uint32_t warmup_generations = 1;
  uint32_t attempts = 2;  // tries of a session before it is given up
  KvFormat kv = KvFormat::kF32;
  uint32_t generation_timeout_s =
      0;  // of one generation; 0: ample for what board and model are expected to take
};

// The energy pass of each cell whose bench has a power meter: a pass of its own, after all others.
struct EnergySettings {
  uint32_t prompts = 2;  // the first N of the cell; 0: no energy is measured
  uint32_t repeats = 1;  // of all of them; at least
  // Goes on repeating until the comparative uncertainty of the decode phase is below this share of its net
  // energy, or most_repeats were made. 0: no more than `repeats`.
  double until_half_width_percent = 0;
  uint32_t most_repeats = 10;
  uint32_t idle_ms = 200;  // before and after each repeat, in the meter's time
  // Instead of repeats: so many windows of the prompts again and again, each at least so long in the meter's
  // time. The energy of a generation is then that of the median window. 0: none.
  uint32_t windows = 0;
  double window_s = 10;
  uint32_t window_limit_s = 120;  // of the host's clock: a window ends here, too short, with a doubt
  uint32_t cold_starts = 2;       // of a session, for the energy of boot and load; 0: none is measured
};

struct SettingsOverride {
  std::map<std::string, std::string> where;  // bench, board, model, variant, suite -> wildcard pattern
  std::map<std::string, uint32_t> set;       // names of CellSettings fields; kv: the KvFormat as a number
};

struct ModelRef {
  std::string name;
  std::string file;  // the base GGUF
};

struct SuiteRef {
  std::string name;
  Suite suite;
};

// Sessions for each bench, model and variant that a gate is usually given: what a plan for one makes unless it
// says otherwise, and what a gate asks for that cannot tell how sessions differ.
inline constexpr uint32_t kSessionsOfGate = 5;

struct Plan {
  std::string name;
  std::vector<std::string> benches;  // names or wildcards; empty: all of the rig
  std::vector<ModelRef> models;
  std::vector<std::string> variants;
  std::vector<SuiteRef> suites;
  CellSettings settings;
  EnergySettings energy;
  // Supply voltages to measure at, highest first, on benches whose meter feeds the board; empty: each bench's
  // own alone.
  std::vector<int> supply_mv;
  std::vector<SettingsOverride> overrides;
  uint64_t order_seed = 1;
  std::string engine = "slm";
  std::string file;
  std::string sha256;
  std::string text;  // the file as read: stored with the run
};

// What a provisioned variant is, as slmforge reported it.
struct VariantFacts {
  std::string model;
  std::string variant;
  std::string image_file;
  std::string image_sha256;
  std::string model_sha256;  // of the base GGUF
  uint64_t image_bytes = 0;
  uint64_t arena_kv_bytes = 0;
  uint64_t arena_activations_bytes = 0;
  uint64_t arena_scratch_bytes = 0;
  uint64_t arena_total_bytes = 0;
  uint64_t weight_macs_per_token = 0;
  uint32_t context_tokens = 0;
  KvFormat kv = KvFormat::kF32;  // that the arena is planned for
};

enum class CellStatus { kOk, kFailed, kUnfit, kNotApplicable, kInterrupted };
std::string_view to_string(CellStatus status);

// One bench x engine x variant x suite x settings.
struct Cell {
  std::string cell_id;  // UUIDv7
  std::string suite;    // index into the plan's suites by name
  CellSettings settings;
  std::string settings_text;  // canonical, for example "ctx=256 new=32 top_k=1 temp=0 seed=1"
};

// One bench, one image, one reset; its cells share it. The unit of statistical independence.
struct Session {
  std::string session_id;  // UUIDv7
  std::string bench;
  std::string board;
  std::string model;
  std::string variant;
  uint32_t ordinal = 0;  // 0-based among the sessions of the same bench, model and variant
  int supply_mv = 0;     // 0: the bench's own
  uint32_t cold_starts = 1;
  uint32_t warmup_generations = 1;
  uint32_t attempts = 2;
  CellStatus status = CellStatus::kOk;  // kUnfit or kNotApplicable when it is known beforehand
  std::string reason;
  std::vector<Cell> cells;
};

// A plan expanded on a rig: what will run, in this order for each bench (benches run at the same time).
struct ExpandedPlan {
  Plan plan;
  Rig rig;
  std::vector<Session> sessions;
};

// What is generated in a cell: the suite's settings, with the cell's own max_new_tokens where it has one.
GenerationSettings generation_settings(const CellSettings& settings, const Suite& suite);

// Prompts of the suite that a cell runs: the first ones.
std::size_t prompt_count(const CellSettings& settings, const Suite& suite);

// Aborts for a cell that does not belong to the plan.
const Suite& suite_of(const Plan& plan, const Cell& cell);

}  // namespace slmrig::base
