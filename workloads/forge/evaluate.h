// How good a model is: perplexity on a text, accuracy on a suite, and how far it is from a reference model.
//
// Runs the runtime's own code on the host, so the figures are those of what boards run. The judge of answers
// is base/check.h, which the harness uses too.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "harness/base/error.h"
#include "harness/base/records/plan.h"
#include "workloads/forge/bootstrap.h"
#include "workloads/forge/model_runner.h"
#include "workloads/forge/prompt_rules.h"

namespace slmrig::forge {

// Told after each piece of work; for a progress bar.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

struct TextOptions {
  // The text is documents that end with an empty line, as `slmforge corpus` prints them. Each is scored from
  // its first position, in a window of its own: what a model that was trained on such documents is good at.
  // Otherwise llama-perplexity's windows, see score_text.
  bool is_documents = false;
  // Another model of the same vocabulary, usually the f32 one, to measure the distance to, and not the
  // model itself; or null.
  ModelRunner* reference = nullptr;
  // Instead of a reference that runs again: what it said on the same text, kept by an earlier call; or null.
  const std::vector<float>* reference_logits = nullptr;
  // Where to keep the logits of the scored positions, [scored tokens, vocabulary], for such calls; or null.
  std::vector<float>* kept_logits = nullptr;
};

// Of the reference's distribution over next tokens from the model's, over the scored positions.
struct Divergence {
  double mean_kl_nats = 0.0;
  Interval mean_kl_ci95;
  double top1_agreement = 0.0;  // share of positions whose likeliest token is the same
  Interval top1_ci95;
};

struct TextScore {
  std::uint64_t text_bytes = 0;  // of the text that the scored tokens spell
  std::uint64_t scored_tokens = 0;
  std::uint64_t windows = 0;        // the units of the intervals
  std::uint32_t window_tokens = 0;  // n_ctx; 0 for documents
  double nats_per_token = 0.0;
  double perplexity = 0.0;
  Interval perplexity_ci95;
  double bits_per_byte = 0.0;
  Interval bits_per_byte_ci95;
  std::optional<Divergence> divergence;  // with a reference
};

// llama-perplexity's convention: the text's tokens are cut into windows of n_ctx, the first token of each is
// replaced by BOS where the model wants one, and only positions n_ctx/2 to n_ctx-2 are scored. n_ctx is the
// smaller of 512 and the context. A text shorter than two windows is scored as one window from its first
// position, which llama-perplexity would refuse.
base::Result<TextScore> score_text(ModelRunner* model, std::string_view text, const TextOptions& options,
                                   const Progress& progress);

struct PromptScore {
  std::string id;
  std::string prompt;  // as the suite has it
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
  Interval accuracy_ci95;
};

struct SuiteOptions {
  std::uint64_t prompts = 0;         // the first of them; 0: all
  std::uint32_t max_new_tokens = 0;  // 0: the suite's
  // How the model is asked. By default with the suite's own text, as boards are; checks see that text always.
  PromptRules rules = {};
};

// A prompt that does not fit the context ends the evaluation with an error that names it.
base::Result<SuiteScore> score_suite(ModelRunner* model, const base::Suite& suite,
                                     const SuiteOptions& options, const Progress& progress);

// A prompt that the reference answers right and the model does not.
struct Flip {
  std::string id;
  std::string prompt;
  std::string reference_text;
  std::string text;
};

struct SuiteComparison {
  double accuracy_difference = 0.0;  // the model's minus the reference's
  Interval difference_ci95;          // over pairs: each prompt against itself
  std::vector<Flip> lost;
  std::uint64_t gained = 0;  // wrong in the reference, right in the model
};

// Both of the same suite, the same number of prompts.
SuiteComparison compare(const SuiteScore& reference, const SuiteScore& score);

nlohmann::json to_json(const TextScore& score);
nlohmann::json to_json(const SuiteScore& score);
nlohmann::json to_json(const SuiteComparison& comparison);

}  // namespace slmrig::forge
