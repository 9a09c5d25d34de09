#include "workloads/forge/evaluate.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/check.h"

namespace slmrig::forge {

using base::ErrorCode;
using base::fail;
using base::Result;
using runtime::Status;

namespace {

constexpr std::uint32_t kUsualWindowTokens = 512;

// The whole text as ids. The runtime encodes at most max_prompt_bytes at once, so the text goes in pieces
// that end before a space: pieces of a vocabulary hold one at their beginning only.
Result<std::vector<std::int32_t>> encode_all(ModelRunner* model, std::string_view text) {
  runtime::Runtime& runtime = model->runtime();
  const std::size_t most_bytes = runtime::max_prompt_bytes(runtime.header().context_tokens);
  std::vector<std::int32_t> all;
  for (std::size_t start = 0; start < text.size();) {
    std::size_t end = std::min(text.size(), start + most_bytes);
    if (end < text.size()) {
      const std::size_t border = text.find_last_of(' ', end);
      if (border != std::string_view::npos && border > start) end = border;
    }
    std::vector<std::int32_t> ids(most_bytes + 2);
    std::uint32_t count = 0;
    // A space that opens a piece is what the tokenizer puts in front by itself.
    std::string_view piece = text.substr(start, end - start);
    if (start > 0 && piece.front() == ' ') piece.remove_prefix(1);
    const Status status = runtime.encode(piece.data(), piece.size(), ids.data(),
                                         static_cast<std::uint32_t>(ids.size()), &count);
    if (status != Status::kOk) return tl::unexpected(runtime_error("encoding the text", status));
    const std::uint32_t skip = runtime.adds_bos() ? 1 : 0;
    all.insert(all.end(), ids.begin() + skip, ids.begin() + count);
    start = end;
  }
  return all;
}

double negative_log_likelihood(std::span<const float> logits, std::int32_t id) {
  const float largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit - largest));
  return std::log(sum) - static_cast<double>(logits[static_cast<std::size_t>(id)] - largest);
}

Result<std::size_t> bytes_of_token(const runtime::Runtime& runtime, std::int32_t id) {
  char text[256];
  std::size_t text_bytes = 0;
  const Status status = runtime.token_text(id, false, text, sizeof(text), &text_bytes);
  if (status != Status::kOk) return tl::unexpected(runtime_error("reading a token's text", status));
  return text_bytes;
}

// Scores the tokens after `first_scored` of one window; ids [window] begins with BOS where the model wants
// one.
base::Done score_window(runtime::Runtime* runtime, std::span<const std::int32_t> ids,
                        std::size_t first_scored, TextScore* score) {
  Status status = runtime->begin({});
  for (std::size_t place = 0; status == Status::kOk && place + 1 < ids.size(); ++place) {
    status = runtime->prefill(&ids[place], 1);
    if (status != Status::kOk || place < first_scored) continue;
    const std::span<const float> logits(runtime->logits(), runtime->header().vocabulary_tokens);
    score->nats_per_token += negative_log_likelihood(logits, ids[place + 1]);
    SLMRIG_ASSIGN(const std::size_t token_bytes, bytes_of_token(*runtime, ids[place + 1]));
    score->text_bytes += token_bytes;
    ++score->scored_tokens;
  }
  if (status != Status::kOk) return tl::unexpected(runtime_error("scoring the text", status));
  return {};
}

}  // namespace

Result<TextScore> score_text(ModelRunner* model, std::string_view text, const Progress& progress) {
  runtime::Runtime& runtime = model->runtime();
  SLMRIG_ASSIGN(std::vector<std::int32_t> ids, encode_all(model, text));
  const std::int32_t bos = runtime.bos_id();
  if (runtime.adds_bos()) ids.insert(ids.begin(), bos);
  TextScore score;
  score.window_tokens = std::min(kUsualWindowTokens, runtime.context_tokens());
  std::size_t window = score.window_tokens;
  std::size_t first_scored = window / 2;
  if (ids.size() < 2 * window) {
    window = std::min<std::size_t>(window, ids.size());
    first_scored = 0;
  }
  if (window < 2) {
    return fail(ErrorCode::kBadInput, "the text has no two tokens; there is nothing to score");
  }
  const std::size_t window_count = ids.size() / window;
  for (std::size_t index = 0; index < window_count; ++index) {
    std::vector<std::int32_t> part(ids.begin() + static_cast<std::ptrdiff_t>(index * window),
                                   ids.begin() + static_cast<std::ptrdiff_t>((index + 1) * window));
    if (runtime.adds_bos()) part[0] = bos;
    SLMRIG_TRY(score_window(&runtime, part, first_scored, &score));
    if (progress) progress(index + 1, window_count);
  }
  const double nats = score.nats_per_token;
  score.nats_per_token = nats / static_cast<double>(score.scored_tokens);
  score.perplexity = std::exp(score.nats_per_token);
  score.bits_per_byte =
      nats / std::numbers::ln2 / static_cast<double>(std::max<std::uint64_t>(1, score.text_bytes));
  return score;
}

Result<SuiteScore> score_suite(ModelRunner* model, const base::Suite& suite, std::uint64_t limit,
                               const Progress& progress) {
  GenerationSettings settings;
  settings.max_new_tokens = suite.generation.max_new_tokens;
  settings.stop_at_end = suite.generation.stop_at_end;
  settings.sampling = {suite.generation.top_k, static_cast<float>(suite.generation.temperature),
                       suite.generation.seed};
  SuiteScore score;
  score.suite = suite.name;
  score.suite_sha256 = suite.sha256;
  const std::uint64_t total =
      limit == 0 ? suite.prompts.size() : std::min<std::uint64_t>(limit, suite.prompts.size());
  for (std::uint64_t index = 0; index < total; ++index) {
    const base::Prompt& prompt = suite.prompts[index];
    auto generation = model->generate(prompt.text, settings);
    if (!generation) {
      return tl::unexpected(
          base::within(fmt::format("{}: prompt {}", suite.file, prompt.id), generation.error()));
    }
    PromptScore entry;
    entry.id = prompt.id;
    entry.prompt = prompt.text;
    entry.token_ids_sha256 = token_ids_sha256(generation->token_ids);
    entry.prompt_tokens = generation->prompt_tokens;
    entry.generated_tokens = static_cast<std::uint32_t>(generation->token_ids.size());
    for (const base::Check& check : prompt.checks) {
      if (!base::passes(check, prompt.text, generation->text)) {
        entry.failed_checks.emplace_back(base::to_string(check.kind));
      }
    }
    entry.correct = entry.failed_checks.empty();
    entry.text = std::move(generation->text);
    score.correct += entry.correct ? 1 : 0;
    score.prompts.push_back(std::move(entry));
    if (progress) progress(index + 1, total);
  }
  score.accuracy = total == 0 ? 0.0 : static_cast<double>(score.correct) / static_cast<double>(total);
  return score;
}

nlohmann::json to_json(const TextScore& score) {
  return {{"text_bytes", score.text_bytes},       {"scored_tokens", score.scored_tokens},
          {"window_tokens", score.window_tokens}, {"nats_per_token", score.nats_per_token},
          {"perplexity", score.perplexity},       {"bits_per_byte", score.bits_per_byte}};
}

nlohmann::json to_json(const SuiteScore& score) {
  nlohmann::json prompts = nlohmann::json::array();
  for (const PromptScore& entry : score.prompts) {
    prompts.push_back({{"id", entry.id},
                       {"prompt", entry.prompt},
                       {"text", entry.text},
                       {"token_ids_sha256", entry.token_ids_sha256},
                       {"prompt_tokens", entry.prompt_tokens},
                       {"generated_tokens", entry.generated_tokens},
                       {"correct", entry.correct},
                       {"failed_checks", entry.failed_checks}});
  }
  return {
      {"suite", score.suite},     {"suite_sha256", score.suite_sha256}, {"prompts_run", score.prompts.size()},
      {"correct", score.correct}, {"accuracy", score.accuracy},         {"prompts", std::move(prompts)}};
}

}  // namespace slmrig::forge
