// One generation, timed: prompt -> tokens and their ticks, in memory that is set aside when a model is
// loaded.
//
// Runs inside a quiet window; nothing is sent, printed or allocated. Times come from port::ticks(), which the
// window re-armed. What is timed: encode + prefill + first sample is the time to first token; then every
// next_token by itself. Turning ids into text is not timed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "device-agent/core/answer_form.h"
#include "device-agent/core/engine.h"
#include "device-agent/core/limits.h"
#include "device-agent/wire/protocol.h"

namespace slmrig::agent {

// What a generation is kept in: as much as the context of the loaded model can fill.
class TraceRoom {
 public:
  // Of a model with a context of so many tokens; 0: not known, then at most most_bytes.
  void plan(uint32_t context_tokens, size_t most_bytes);
  size_t size_bytes() const;
  // `memory` [size_bytes()], aligned to 8 bytes.
  void lay_out(uint8_t* memory);

  uint32_t tick_capacity = 0;  // of generated tokens
  uint32_t id_capacity = 0;    // of prompt and generated tokens together
  uint64_t* ticks = nullptr;   // [tick_capacity]
  int32_t* ids = nullptr;      // [id_capacity]
  char* prompt = nullptr;      // [wire::kMaxPromptBytes]
  char* fallback = nullptr;    // [wire::kMaxFallbackBytes]
};

struct GenerationRequest {
  const char* prompt = nullptr;
  size_t prompt_bytes = 0;
  Sampling sampling;
  uint32_t max_new_tokens = 0;
  bool ignore_end = false;
  bool profile = false;
  bool markers = false;  // raise the marker lines
  // What is answered where the model is too late, or says what has not the form.
  uint64_t budget_ticks = 0;  // 0: none
  AnswerForm form = AnswerForm::kAny;
  const char* fallback = nullptr;
  size_t fallback_bytes = 0;
};

enum class Finish : uint8_t { kEndToken = 0, kLength = 1, kContextFull = 2, kBudget = 3 };

// Why the fallback text is answered. Values are those of the wire.
enum class Fallback : uint8_t { kNone = 0, kBudget = 1, kForm = 2 };

struct Generation {
  uint32_t prompt_tokens = 0;
  uint32_t generated_tokens = 0;
  Finish finish = Finish::kLength;
  uint64_t encode_ticks = 0;
  uint64_t prefill_ticks = 0;
  uint64_t first_sample_ticks = 0;
  uint64_t total_ticks = 0;
  uint8_t token_line = 0;  // level of the marker line that toggles at every token, from run to run
  // In the room: [generated_tokens].
  const int32_t* token_ids = nullptr;
  const uint64_t* token_ticks = nullptr;  // since the start of encode, at the end of each token
};

// Duration of token `index`; of token 0 the time to first token.
inline uint64_t token_duration_ticks(const Generation& generation, uint32_t index) {
  return index == 0 ? generation.token_ticks[0]
                    : generation.token_ticks[index] - generation.token_ticks[index - 1];
}

// kContextFull only when not even one token was generated. No token, and kOk, where the prompt alone used up
// the budget. max_new_tokens is at most what the room holds, unless the context holds no more than the room.
Status run_generation(Engine& engine, const GenerationRequest& request, const TraceRoom& room,
                      Generation* generation);

// `text` [text_bytes], of which the first `held_bytes` are there: what the model said.
Fallback fallback_of(const GenerationRequest& request, const Generation& generation, const uint8_t* text,
                     size_t held_bytes, size_t text_bytes);

// The text of all tokens; null and 0: only counts. Writes up to `capacity` bytes, returns how many the whole
// text has.
size_t generation_text(Engine& engine, const Generation& generation, uint8_t* text, size_t capacity);

}  // namespace slmrig::agent
