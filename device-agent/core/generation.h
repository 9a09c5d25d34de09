// One generation, timed: prompt -> tokens and their ticks, in static memory.
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

struct GenerationRequest {
  char prompt[wire::kMaxPromptBytes];
  size_t prompt_bytes = 0;
  Sampling sampling;
  uint32_t max_new_tokens = 0;
  bool ignore_end = false;
  bool profile = false;
  bool markers = false;  // raise the marker lines
  // What is answered where the model is too late, or says what has not the form.
  uint64_t budget_ticks = 0;  // 0: none
  AnswerForm form = AnswerForm::kAny;
  char fallback[wire::kMaxFallbackBytes];
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
  int32_t prompt_ids[kPromptTokens];
  int32_t token_ids[kTraceTokens];  // [generated_tokens]
  uint64_t
      token_ticks[kTraceTokens];  // [generated_tokens], since the start of encode, at the end of each token
};

// Duration of token `index`; of token 0 the time to first token.
inline uint64_t token_duration_ticks(const Generation& generation, uint32_t index) {
  return index == 0 ? generation.token_ticks[0]
                    : generation.token_ticks[index] - generation.token_ticks[index - 1];
}

// kContextFull only when not even one token was generated. No token, and kOk, where the prompt alone used up
// the budget.
Status run_generation(Engine& engine, const GenerationRequest& request, Generation* generation);

// `text` [text_bytes], of which the first `held_bytes` are there: what the model said.
Fallback fallback_of(const GenerationRequest& request, const Generation& generation, const uint8_t* text,
                     size_t held_bytes, size_t text_bytes);

// The text of all tokens: writes up to `capacity` bytes, returns how many the whole text has.
size_t generation_text(Engine& engine, const Generation& generation, uint8_t* text, size_t capacity);

}  // namespace slmrig::agent
