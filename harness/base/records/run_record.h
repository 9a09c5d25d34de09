// What was measured: plain data, written to the store as it arrives. Durations are raw ticks of the device;
// the session's TickScale says what they mean.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/records/energy.h"
#include "harness/base/records/plan.h"

namespace slmrig::base {

struct BuildIdentity {
  std::string name;        // --build
  std::string commit_sha;  // --commit
};

// Facts worth keeping, by dotted lower_snake_case key ("host.cpu", "agent.compiler", "board.sha256").
using Provenance = std::map<std::string, std::string>;

struct RunStart {
  std::string run_id;  // UUIDv7
  std::string label;
  BuildIdentity build;
  std::string plan_name;
  std::string plan_text;
  std::string rig_name;
  int64_t started_at_ns = 0;  // UTC, since the epoch
  Provenance provenance;
};

struct RunEnd {
  std::string run_id;
  int64_t ended_at_ns = 0;
  bool interrupted = false;
  double busy_share =
      0.0;  // time in which agents measured over wall time, mean over benches that can run at once
};

struct SessionStart {
  std::string run_id;
  Session session;
  Tier tier = Tier::kHardware;
  TickScale ticks;
  std::string tick_source;
  std::string unit_id;
  std::string engine;
  std::string engine_version;
  std::string kernel_isa;
  std::string agent_build_id;
  std::string image_sha256;  // as the device computed it from what it holds
  VariantFacts variant;
  int64_t started_at_ns = 0;
  uint32_t attempt = 1;
  Provenance provenance;
};

// One reset with the model already in its slot. Parts are added up; host waiting is not in them.
struct ColdStart {
  std::string session_id;
  uint32_t repeat = 0;
  std::string origin;  // "exec", "reset", "power": never compared across
  uint64_t boot_ticks = 0;
  uint64_t load_ticks = 0;
  uint64_t first_prefill_ticks = 0;
  uint64_t first_token_ticks = 0;
};

// Bytes by class: weights, kv, activations, scratch, stack, wire, trace, process (VmHWM), cgroup
// (memory.peak), text, data, bss.
struct MemoryClass {
  std::string session_id;
  std::string name;
  uint64_t bytes = 0;
};

enum class Finish { kEndToken, kLength, kContextFull };
std::string_view to_string(Finish finish);

// One prompt executed once, with the ticks of every token.
struct Generation {
  std::string cell_id;
  std::string prompt_id;
  uint32_t repeat = 0;
  uint32_t prompt_tokens = 0;
  uint32_t generated_tokens = 0;
  Finish finish = Finish::kEndToken;
  uint64_t encode_ticks = 0;
  uint64_t prefill_ticks = 0;
  uint64_t first_sample_ticks = 0;
  uint64_t total_ticks = 0;
  std::vector<int32_t> token_ids;     // [generated_tokens]; stored only where the suite stores text
  std::vector<uint64_t> token_ticks;  // [generated_tokens]; [0] is the time to first token
  std::string token_ids_sha256;       // of the ids as little-endian int32
  std::string prompt_sha256;
  std::string prompt_text;                          // empty where the suite does not store text
  std::string output_text;                          // valid UTF-8; empty where the suite does not store text
  FallbackReason fallback = FallbackReason::kNone;  // other than that: output_text is the suite's
  std::optional<bool> correct;                      // absent: the prompt has no checks
  std::vector<std::string> failed_checks;
  std::optional<bool> matches_reference;  // equal token hash to the host's for the same image
  int64_t started_at_ns = 0;
  // What the prompt's exact_intent check asks for; where the suite does not store text, '#' and a piece of its
  // SHA-256. Empty: it has no such check.
  std::string intent{};
};

// Prefill goes from the prompt to the first token; decode is every further token.
enum class Phase { kPrefill, kDecode };
inline constexpr std::size_t kPhaseCount = 2;
std::string_view to_string(Phase phase);

// What one operator of one layer did. Ticks are without the cost of looking at the clock.
struct OperatorCost {
  Phase phase = Phase::kPrefill;
  int32_t layer = -1;         // -1: of no layer (embedding, output, sampling, ...)
  std::string operator_name;  // the engine's own; "other" is what lies between operators
  uint64_t calls = 0;
  uint64_t ticks = 0;
  uint64_t macs = 0;     // multiply-accumulates with weights or with the KV cache
  uint64_t bytes = 0;    // of weights and KV cache that it read or wrote, each byte once a call
  std::string kernel{};  // the RooflineEntry whose kernel multiplies here; empty: none does
};

// The operators of a phase add up to ticks - subtracted_ticks.
struct PhaseCost {
  uint64_t tokens = 0;            // prefill: of the prompts; decode: generated after the first
  uint64_t ticks = 0;             // as the device timed them in the profile pass
  uint64_t subtracted_ticks = 0;  // what looking at the clock cost
};

// The profile pass of a cell: sums over its generations.
struct Profile {
  std::string cell_id;
  uint32_t generations = 0;
  std::array<PhaseCost, kPhaseCount> phases;  // by Phase
  std::vector<OperatorCost> operators;        // in the order in which the engine reports them
};

// What a board can do at most: a kernel with all it reads in the fastest memory, or the reading of a memory
// that the model lives in.
enum class RooflineKind { kKernel, kMemory };
std::string_view to_string(RooflineKind kind);

struct RooflineEntry {
  RooflineKind kind = RooflineKind::kKernel;
  std::string name;     // the engine's own: a kernel's weight format, or a memory ("weights", "arena")
  uint32_t tokens = 0;  // that a kernel multiplied at once; 0 for a memory
  uint64_t macs = 0;    // multiply-accumulates; 0 for a memory
  uint64_t bytes = 0;   // of weights or of the memory that were read
  uint64_t ticks = 0;
  std::string missing{};  // why it could not be measured (a status of the agent's), without figures
};

// Of a session: of the image on the board.
struct Roofline {
  std::string session_id;
  std::vector<RooflineEntry> entries;
};

struct CellEnd {
  std::string cell_id;
  CellStatus status = CellStatus::kOk;
  std::string reason;               // why it is not ok; empty when ok
  std::vector<std::string> doubts;  // trust: empty means "ok"
  int64_t ended_at_ns = 0;
  int64_t busy_ns = 0;  // host time in which the agent measured for this cell
};

// Text that belongs to a session: the device transcript, an emulator's stderr.
struct SessionLog {
  std::string session_id;
  std::string name;  // "transcript", "emulator"
  std::string text;
};

// Provenance that is known only when a session ends; replaces what begin_session said under the same keys.
struct SessionFacts {
  std::string session_id;
  Provenance provenance;
};

// Takes records as they are made. Implementations are thread-safe: benches report from their own threads.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  virtual Done begin_run(const RunStart& run) = 0;
  virtual Done begin_session(const SessionStart& session) = 0;
  virtual Done add(const ColdStart& cold_start) = 0;
  virtual Done add(const MemoryClass& memory) = 0;
  virtual Done add(const Generation& generation) = 0;
  virtual Done add(const SessionLog& log) = 0;
  virtual Done add(const SessionFacts& facts) = 0;
  // Replaces an earlier profile of the cell.
  virtual Done add(const Profile& profile) = 0;
  // Replaces an earlier roofline of the session.
  virtual Done add(const Roofline& roofline) = 0;
  // Replaces an earlier one of the cell, or of the session's cold starts.
  virtual Done add(const Energy& energy) = 0;
  virtual Done end_cell(const CellEnd& cell) = 0;
  virtual Done end_session(const std::string& session_id, int64_t ended_at_ns) = 0;
  virtual Done end_run(const RunEnd& run) = 0;
};

}  // namespace slmrig::base
