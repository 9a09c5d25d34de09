// The agent on a board, as the stages see it: typed questions, typed answers, raw ticks.
//
// AgentClient speaks it over the wire; tests of other rooms put a scripted one behind it. One thread at a
// time. Every call is bounded in time. What a device answers was checked (lengths, counts, order) before it
// gets here.
//
// Errors of every call:
//   kTimeout      no answer in time: the agent is silent or stuck
//   kLinkLost     the byte stream ended (process gone, cable out), or nothing was acknowledged any more
//   kDeviceFault  the agent answered with a failure, or restarted meanwhile (its reset reason is in the text)
//   kUnfit        the failure says that something does not fit (slot, arena): needed and available are in the
//   text kCorrupt      what came back contradicts itself kUnsupported  the agent speaks another version of
//   the protocol
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/records/fallback.h"
#include "harness/base/records/run_record.h"

namespace slmrig::rig {

// Who is there. Everything as the device says it.
struct Banner {
  uint16_t protocol_version = 0;
  std::string board;
  std::string unique_id;
  std::string agent_build_id;
  std::string engine;
  std::string engine_version;
  std::string kernel_isa;
  std::string tick_source;
  uint64_t tick_rate_hz = 0;
  std::string origin;  // of a cold start: "exec", "reset", "power"
  uint64_t boot_ticks = 0;
  uint32_t slot_count = 0;
  uint64_t arena_bytes = 0;
  uint32_t max_trace_tokens = 0;
  std::string reset_reason;   // an assertion of the life before, or empty
  bool has_slots = false;     // it updates itself: copies, activation on trial, rollback
  bool has_fallback = false;  // it knows budgets, forms and fallback texts
  bool has_markers = false;   // it has marker lines for a power meter
  bool has_idle = false;      // it can be told to sleep
  std::string settings;       // caches, wait states, ... in force; empty: the board tells none
};

// kReady: whole. kConfirmed: has generated since it became active. kBad: failed its check or its trial.
enum class SlotPhase { kEmpty, kWriting, kReady, kConfirmed, kBad };
std::string_view to_string(SlotPhase phase);  // "empty", "writing", ...

struct SlotState {
  uint32_t slot = 0;
  SlotPhase phase = SlotPhase::kEmpty;
  uint64_t capacity_bytes = 0;
  bool writable = false;
  uint64_t image_bytes = 0;
  uint64_t received_bytes = 0;
  std::string sha256;        // hex, computed by the device from what it holds; empty unless asked for
  std::string noted_sha256;  // hex, of the image that was announced to the slot; empty where none was
  bool active = false;       // what the board works with when nobody says otherwise
  bool on_trial = false;     // active, and not confirmed since
};

// Where the bytes of an upload came from.
struct UploadFigures {
  uint64_t resumed_bytes = 0;  // the slot held them already, from an upload that was broken off
  uint64_t copied_bytes = 0;   // lay in another slot of the board
  uint64_t sent_bytes = 0;     // crossed the line as parts of the image
  uint64_t line_bytes = 0;     // all that crossed it both ways: frames, hashes, repeats
};

struct LoadRequest {
  uint32_t context_tokens = 0;  // 0: the model's own maximum
  base::KvFormat kv = base::KvFormat::kF32;
  bool markers = false;  // raise the board's marker lines
};

struct LoadReport {
  std::string model;
  std::string variant;
  uint64_t load_ticks = 0;
  uint32_t context_tokens = 0;
  uint32_t vocabulary_tokens = 0;
  uint64_t weight_macs_per_token = 0;
  uint64_t arena_needed_bytes = 0;
};

struct RunRequest {
  std::string prompt;
  uint32_t max_new_tokens = 32;
  uint32_t top_k = 1;
  double temperature = 0.0;
  uint64_t seed = 1;
  bool ignore_end = false;
  bool profile = false;          // by operator; the generation's own ticks are then not clean
  int64_t timeout_ms = 120'000;  // of the whole generation
  // What the agent answers instead where its model is too late or says what has not the form.
  uint64_t budget_ticks = 0;  // 0: none
  base::AnswerForm form = base::AnswerForm::kAny;
  std::string fallback = {};
  bool markers = false;  // raise the board's marker lines
};

struct RunReply {
  uint32_t prompt_tokens = 0;
  uint32_t generated_tokens = 0;
  base::Finish finish = base::Finish::kEndToken;
  uint64_t encode_ticks = 0;
  uint64_t prefill_ticks = 0;
  uint64_t first_sample_ticks = 0;
  uint64_t total_ticks = 0;
  std::vector<int32_t> token_ids;     // [generated_tokens]
  std::vector<uint64_t> token_ticks;  // [generated_tokens]; [0] is the time to first token
  std::string output;                 // raw bytes; may end inside a UTF-8 sequence
  base::FallbackReason fallback = base::FallbackReason::kNone;  // why `output` is not what the model said
  std::vector<base::OperatorCost> operators;  // of a run with profile; empty: the engine cannot profile
  std::array<uint64_t, base::kPhaseCount> subtracted_ticks = {};  // by base::Phase, of a run with profile
  int64_t host_ns = 0;  // host time from the question to the last trace message
  // CLOCK_MONOTONIC of the host, around the generation: when the agent had accepted it, and when it reported.
  int64_t accepted_ns = 0;
  int64_t reported_ns = 0;
};

struct MemoryBytes {
  std::string name;
  uint64_t bytes = 0;
};

// The device's counter between two readings of the host's monotonic clock.
struct ClockReading {
  uint64_t ticks = 0;
  int64_t before_ns = 0;
  int64_t after_ns = 0;
};

// By dotted lower_snake_case key with the unit in its name: "cpufreq.policy0.frequency_hz".
using BoardFacts = std::map<std::string, std::string>;

// Bytes the device holds of the image, and of how many; first what it held before.
using UploadProgress = std::function<void(uint64_t done_bytes, uint64_t total_bytes)>;

class Agent {
 public:
  virtual ~Agent() = default;
  // hash: the device also reads all of the slot and computes its SHA-256.
  virtual base::Result<SlotState> query_slot(uint32_t slot, bool hash) = 0;
  // Makes the other confirmed slot the active one, and tells it. kDeviceFault where there is none.
  virtual base::Result<SlotState> rollback() {
    return base::fail(base::ErrorCode::kUnsupported, "this agent has no slots to go back to");
  }
  // Goes on where an upload of the same image was broken off. The device's hash is compared: kCorrupt.
  virtual base::Result<SlotState> upload(uint32_t slot, std::span<const uint8_t> image,
                                         const UploadProgress& progress) = 0;
  // kUnsupported when the engine cannot keep keys and values as asked.
  virtual base::Result<LoadReport> load(uint32_t slot, const LoadRequest& request) = 0;
  virtual base::Result<RunReply> run(const RunRequest& request) = 0;
  virtual base::Result<std::vector<MemoryBytes>> memory() = 0;
  // The limits of the loaded model on this board, those that it could not measure included; empty: the engine
  // measures none.
  virtual base::Result<std::vector<base::RooflineEntry>> roofline() = 0;
  virtual base::Result<ClockReading> clock() = 0;
  // The board sleeps for so many of its ticks, in silence; where its time is modelled, it only tells its
  // meter.
  virtual base::Done idle(uint64_t ticks) {
    return base::fail(base::ErrorCode::kUnsupported,
                      "this agent cannot be told to sleep (" + std::to_string(ticks) + " ticks)");
  }
  // What the board says of its own condition (clocks, governor, temperatures, throttling); empty where it
  // says nothing, as an agent that is older than the question.
  virtual base::Result<BoardFacts> board_facts() { return BoardFacts{}; }
};

}  // namespace slmrig::rig
