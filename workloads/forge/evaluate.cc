#include "workloads/forge/evaluate.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/check.h"

namespace slmrig::forge {

using base::Result;

namespace {

Result<PromptScore> score_prompt(ModelRunner* model, const base::Prompt& prompt, GenerationSettings settings,
                                 const PromptRules& rules) {
  SLMRIG_ASSIGN(const AskedPrompt asked, ask(rules, prompt.text));
  settings.specials = asked.specials;
  SLMRIG_ASSIGN(Generation generation, model->generate(asked.text, settings));
  PromptScore entry;
  entry.id = prompt.id;
  entry.prompt = prompt.text;
  entry.token_ids_sha256 = token_ids_sha256(generation.token_ids);
  entry.prompt_tokens = generation.prompt_tokens;
  entry.generated_tokens = static_cast<std::uint32_t>(generation.token_ids.size());
  for (const base::Check& check : prompt.checks) {
    if (!base::passes(check, prompt.text, generation.text)) {
      entry.failed_checks.emplace_back(base::to_string(check.kind));
    }
  }
  entry.correct = entry.failed_checks.empty();
  entry.text = std::move(generation.text);
  return entry;
}

nlohmann::json to_json(const Interval& interval) { return {interval.low, interval.high}; }

}  // namespace

Result<SuiteScore> score_suite(ModelRunner* model, const base::Suite& suite, const SuiteOptions& options,
                               const Progress& progress) {
  GenerationSettings settings;
  settings.max_new_tokens =
      options.max_new_tokens == 0 ? suite.generation.max_new_tokens : options.max_new_tokens;
  settings.stop_at_end = suite.generation.stop_at_end;
  settings.sampling = {suite.generation.top_k, static_cast<float>(suite.generation.temperature),
                       suite.generation.seed};
  SuiteScore score;
  score.suite = suite.name;
  score.suite_sha256 = suite.sha256;
  const std::uint64_t total = options.prompts == 0
                                  ? suite.prompts.size()
                                  : std::min<std::uint64_t>(options.prompts, suite.prompts.size());
  std::vector<double> right;
  for (std::uint64_t index = 0; index < total; ++index) {
    const base::Prompt& prompt = suite.prompts[index];
    auto entry = score_prompt(model, prompt, settings, options.rules);
    if (!entry) {
      return tl::unexpected(base::within(fmt::format("{}: prompt {}", suite.file, prompt.id), entry.error()));
    }
    score.correct += entry->correct ? 1 : 0;
    right.push_back(entry->correct ? 1.0 : 0.0);
    score.prompts.push_back(std::move(*entry));
    if (progress) progress(index + 1, total);
  }
  if (total > 0) {
    score.accuracy = static_cast<double>(score.correct) / static_cast<double>(total);
    score.accuracy_ci95 = bootstrap_mean(right);
  }
  return score;
}

SuiteComparison compare(const SuiteScore& reference, const SuiteScore& score) {
  SLMRIG_CHECK(reference.prompts.size() == score.prompts.size());
  SuiteComparison comparison;
  std::vector<double> differences;
  for (std::size_t i = 0; i < score.prompts.size(); ++i) {
    const PromptScore& before = reference.prompts[i];
    const PromptScore& after = score.prompts[i];
    SLMRIG_CHECK(before.id == after.id);
    differences.push_back((after.correct ? 1.0 : 0.0) - (before.correct ? 1.0 : 0.0));
    if (before.correct && !after.correct) {
      comparison.lost.push_back({after.id, after.prompt, before.text, after.text});
    }
    comparison.gained += !before.correct && after.correct ? 1 : 0;
  }
  comparison.accuracy_difference = score.accuracy - reference.accuracy;
  if (!differences.empty()) comparison.difference_ci95 = bootstrap_mean(differences);
  return comparison;
}

nlohmann::json to_json(const TextScore& score) {
  nlohmann::json json = {{"text_bytes", score.text_bytes},
                         {"scored_tokens", score.scored_tokens},
                         {"windows", score.windows},
                         {"window_tokens", score.window_tokens},
                         {"nats_per_token", score.nats_per_token},
                         {"perplexity", score.perplexity},
                         {"perplexity_ci95", to_json(score.perplexity_ci95)},
                         {"bits_per_byte", score.bits_per_byte},
                         {"bits_per_byte_ci95", to_json(score.bits_per_byte_ci95)}};
  if (score.divergence) {
    json["mean_kl_nats"] = score.divergence->mean_kl_nats;
    json["mean_kl_ci95"] = to_json(score.divergence->mean_kl_ci95);
    json["top1_agreement"] = score.divergence->top1_agreement;
    json["top1_ci95"] = to_json(score.divergence->top1_ci95);
  }
  return json;
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
  return {{"suite", score.suite},
          {"suite_sha256", score.suite_sha256},
          {"prompts_run", score.prompts.size()},
          {"correct", score.correct},
          {"accuracy", score.accuracy},
          {"accuracy_ci95", to_json(score.accuracy_ci95)},
          {"prompts", std::move(prompts)}};
}

nlohmann::json to_json(const SuiteComparison& comparison) {
  nlohmann::json lost = nlohmann::json::array();
  for (const Flip& flip : comparison.lost) {
    lost.push_back({{"id", flip.id},
                    {"prompt", flip.prompt},
                    {"reference_text", flip.reference_text},
                    {"text", flip.text}});
  }
  return {{"accuracy_difference", comparison.accuracy_difference},
          {"difference_ci95", to_json(comparison.difference_ci95)},
          {"gained", comparison.gained},
          {"lost", std::move(lost)}};
}

}  // namespace slmrig::forge
