// The deterministic answer of a device whose model is too late or says what has not the form.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace slmrig::base {

// What an answer must look like for the agent to give it: the forms of the check `valid_form` (base/check.h).
enum class AnswerForm { kAny, kIntentLine, kSentence };

// Why an answer is the suite's fallback text, and not what the model said.
enum class FallbackReason { kNone, kBudget, kForm };

inline std::string_view to_string(FallbackReason reason) {
  switch (reason) {
    case FallbackReason::kNone: return "none";
    case FallbackReason::kBudget: return "budget";
    case FallbackReason::kForm: return "form";
  }
  return "unknown";
}

// Of a suite. A budget counts from the prompt to the last token: of boards whose ticks are instructions the
// one, of all others the other.
struct SuiteFallback {
  uint64_t budget_ms = 0;            // 0: none
  uint64_t budget_instructions = 0;  // 0: none
  AnswerForm form = AnswerForm::kAny;
  std::string text;
};

}  // namespace slmrig::base
