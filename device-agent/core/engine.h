// The inference runtime that is measured, as the agent sees it.
//
// A user's own runtime is measured by implementing Engine and defining linked_engine() in the program that
// links the agent core (device-agent/engines/slm is the bundled one). One engine a program; link-time, no
// registration. All calls come from one thread of control. Nothing here may allocate, throw or recurse on a
// board: the engine works in the arena handed to load().
//
// Call order: load, then for each generation begin, encode, prefill, next_token ... until it says end.
// What the agent times: encode + prefill + the first next_token is the time to first token; every further
// next_token is one decode token.
#pragma once

#include <cstddef>
#include <cstdint>

#include "device-agent/wire/status.h"

namespace slmrig::agent {

using wire::Status;

struct ByteView {
  const uint8_t* data = nullptr;
  size_t size_bytes = 0;
};

// How keys and values are kept. Values are those of the wire.
enum class KvFormat : uint8_t { kF32 = 0, kF16 = 1, kInt8 = 2 };

struct LoadSettings {
  uint32_t context_tokens = 0;  // 0: the model's own maximum
  KvFormat kv_format = KvFormat::kF32;
};

// Greedy where top_k <= 1 or temperature <= 0.
struct Sampling {
  uint32_t top_k = 1;
  float temperature = 0.0F;
  uint64_t seed = 1;
};

// Peak bytes since load(), by class. weights counts bytes read in place too (flash or mapped file).
struct MemoryUse {
  uint32_t weights_bytes = 0;
  uint32_t kv_bytes = 0;
  uint32_t activations_bytes = 0;
  uint32_t scratch_bytes = 0;
};

struct ModelFacts {
  uint32_t context_tokens = 0;  // in force after load
  uint32_t vocabulary_tokens = 0;
  uint64_t weight_macs_per_token = 0;   // multiply-accumulates with weights in one decode step
  char name[32] = {};                   // NUL-terminated
  char variant[16] = {};                // "f32", "int8", ...; NUL-terminated
  KvFormat kv_format = KvFormat::kF32;  // in force after load
};

enum class Phase : uint8_t { kPrefill = 0, kDecode = 1 };
constexpr size_t kPhaseCount = 2;

// What one operator of one layer did in one phase of a generation. prefill ends with the first token.
struct ProfileEntry {
  Phase phase = Phase::kPrefill;
  int16_t layer = -1;              // -1: of no layer
  const char* operator_name = "";  // static, the engine's own; "other" is what lies between operators
  uint32_t calls = 0;
  uint64_t ticks = 0;       // without the cost of looking at the clock
  uint64_t macs = 0;        // multiply-accumulates with weights or with the KV cache
  uint64_t bytes = 0;       // of weights and KV cache that it read or wrote, each byte once a call
  const char* kernel = "";  // static; the RooflineEntry whose kernel multiplies here; empty: none does
};

enum class RooflineKind : uint8_t { kKernel = 0, kMemory = 1 };

// What the board can do at most: a kernel with all it reads in the fastest memory, or the reading of a memory
// that the model lives in.
struct RooflineEntry {
  RooflineKind kind = RooflineKind::kKernel;
  const char* name = "";  // static, the engine's own
  uint32_t tokens = 0;    // that a kernel multiplied at once; 0 for a memory
  uint64_t macs = 0;      // multiply-accumulates; 0 for a memory
  uint64_t bytes = 0;     // of weights or of the memory that were read
  uint64_t ticks = 0;
};

using TickFunction = uint64_t (*)();

// Until when a prompt is worth running; a null clock: always.
struct Deadline {
  TickFunction tick = nullptr;
  uint64_t end_ticks = 0;
};

class Engine {
 public:
  // Static strings; part of the banner.
  virtual const char* name() const = 0;
  virtual const char* version() const = 0;
  virtual const char* kernel_isa() const = 0;  // "plain", "avx2", "dsp", "mve", ...

  // Tokens of context that an image gives where load() is asked for 0, as far as its head tells; 0: it does
  // not. Room for the trace is set aside by it, before the image is loaded.
  virtual uint32_t image_context_tokens(ByteView) const { return 0; }

  // Validates the whole image (checksums included) and prepares to run it in place: `image` must stay where
  // it is, aligned to 32 bytes, until the next load. `arena` [arena_bytes] is the engine's until then, too.
  // kArenaTooSmall leaves the needed size in *arena_needed_bytes (always set when the header was readable).
  virtual Status load(ByteView image, const LoadSettings& settings, uint8_t* arena, size_t arena_bytes,
                      size_t* arena_needed_bytes) = 0;
  virtual ModelFacts facts() const = 0;

  // Empties the KV cache and seeds the sampler.
  virtual Status begin(const Sampling& sampling) = 0;

  // Text (UTF-8, not terminated) -> token ids [*count], BOS included where the model wants one.
  // kPromptTooLong when they are more than `capacity`.
  virtual Status encode(const char* text, size_t text_bytes, int32_t* ids, uint32_t capacity,
                        uint32_t* count) = 0;

  // For the prefill() that comes next. An engine that looks at the clock between pieces of the prompt returns
  // from it past the deadline, with kOk: the generation is over then. One that does not look runs it all.
  virtual void set_deadline(const Deadline&) {}

  // Runs the prompt, ids [count]; afterwards next_token can sample. kPromptTooLong when count does not leave
  // room for one token in the context.
  virtual Status prefill(const int32_t* ids, uint32_t count) = 0;

  // The next token: runs the previously returned one (if any) through the model and samples. *is_end is set
  // on an end-of-sequence token (which is returned and counted, but has no text). kContextFull at the end.
  virtual Status next_token(int32_t* id, bool* is_end) = 0;

  // One token as raw bytes of text [*text_bytes <= capacity]; control tokens give none. A token may be part
  // of a UTF-8 sequence. `is_first` drops the leading space of the first token of an answer.
  virtual Status token_text(int32_t id, bool is_first, char* text, size_t capacity, size_t* text_bytes) = 0;

  virtual MemoryUse memory() const = 0;

  // --- Profile: an engine that has none leaves these as they are ---------------------------------------
  // Before begin(): the generation that follows is profiled with this clock; null: no more. The entries of a
  // phase and profile_subtracted_ticks() add up to its time: the clock is read once at the end of each
  // operator. kArenaTooSmall when the table does not fit the arena beside the model.
  virtual Status profile(TickFunction) { return Status::kOk; }
  virtual uint32_t profile_entry_count() const { return 0; }
  // index below profile_entry_count(). Valid until the next begin().
  virtual ProfileEntry profile_entry(uint32_t) const { return {}; }
  virtual uint64_t profile_subtracted_ticks(Phase) const { return 0; }

  // --- Roofline: the profile's yardstick; an engine that has none leaves these as they are --------------
  // Limits of the loaded model, each measured by a call of its own in a quiet window, between generations.
  // index below roofline_count(); it ends within a few seconds. Where it fails (kArenaTooSmall as for
  // profile(), for one) the entry has its kind, name and tokens all the same, and the others are still asked
  // for.
  virtual uint32_t roofline_count() const { return 0; }
  virtual Status roofline(uint32_t, TickFunction, RooflineEntry*) { return Status::kBadArgument; }

 protected:
  ~Engine() = default;
};

// The engine of this program. Defined exactly once, by the engine that is linked in.
Engine& linked_engine();

}  // namespace slmrig::agent
