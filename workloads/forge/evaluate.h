// How good a model is: perplexity on a text, accuracy on a suite.
//
// Runs the runtime's own code on the host, so the figures are those of what boards run. The judge of answers
// is base/check.h, which the harness uses too.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "harness/base/error.h"
#include "harness/base/records/plan.h"
#include "workloads/forge/model_runner.h"

namespace slmrig::forge {

// Told after each piece of work; for a progress bar.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

struct TextScore {
  std::uint64_t text_bytes = 0;  // of the text that the scored tokens spell
  std::uint64_t scored_tokens = 0;
  std::uint32_t window_tokens = 0;  // n_ctx
  double nats_per_token = 0.0;
  double perplexity = 0.0;
  double bits_per_byte = 0.0;
};

// llama-perplexity's convention: the text's tokens are cut into windows of n_ctx, the first token of each is
// replaced by BOS where the model wants one, and only positions n_ctx/2 to n_ctx-2 are scored. n_ctx is the
// smaller of 512 and the context. A text shorter than two windows is scored as one window from its first
// position, which llama-perplexity would refuse.
base::Result<TextScore> score_text(ModelRunner* model, std::string_view text, const Progress& progress);

struct PromptScore {
  std::string id;
  std::string prompt;
  std::string text;
  std::string token_ids_sha256;
  std::uint32_t prompt_tokens = 0;
  std::uint32_t generated_tokens = 0;
  bool correct = false;
  std::vector<std::string> failed_checks;  // kinds
};

struct SuiteScore {
  std::string suite;
  std::string suite_sha256;
  std::vector<PromptScore> prompts;
  std::uint64_t correct = 0;
  double accuracy = 0.0;  // correct over all that were run
};

// The first `limit` prompts (0: all) with the suite's own generation settings. A prompt that does not fit the
// context ends the evaluation with an error that names it.
base::Result<SuiteScore> score_suite(ModelRunner* model, const base::Suite& suite, std::uint64_t limit,
                                     const Progress& progress);

nlohmann::json to_json(const TextScore& score);
nlohmann::json to_json(const SuiteScore& score);

}  // namespace slmrig::forge
