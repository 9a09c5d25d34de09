#include "workloads/forge/card.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/sha256.h"
#include "workloads/forge/ladder.h"
#include "workloads/forge/prompt_format.h"
#include "workloads/forge/train_data.h"

namespace slmrig::forge {

using base::Result;

namespace {

constexpr std::size_t kTextExamples = 1000;
constexpr std::uint64_t kTextSeed = 80001;

struct TextNats {
  double answer_nats = 0.0;
  double prompt_nats = 0.0;
  std::size_t answer_bytes = 0;
  std::size_t prompt_bytes = 0;
};

double nats_of(std::span<const float> row, std::int32_t target) {
  const float top = *std::max_element(row.begin(), row.end());
  double sum = 0.0;
  for (const float logit : row) sum += std::exp(static_cast<double>(logit - top));
  return std::log(sum) - static_cast<double>(row[static_cast<std::size_t>(target)] - top);
}

Result<TextNats> measure_text(Network& network, const TextCodec& codec) {
  Random random(kTextSeed);
  TextNats total;
  for (std::size_t i = 0; i < kTextExamples; ++i) {
    const Example example = make_example(Split::kTest, CorpusOptions{}, random);
    SLMRIG_ASSIGN(const TokenisedExample tokens, tokenise(codec, example));
    TrainBatch batch;
    append(batch, tokens, LossWeights{});
    const std::span<const float> logits = network.forward(batch);
    const std::size_t vocab = network.shape().vocab;
    for (std::size_t t = 0; t + 1 < batch.tokens.size(); ++t) {
      const double nats = nats_of(logits.subspan(t * vocab, vocab), batch.targets[t]);
      (t + 1 >= tokens.answer_begin ? total.answer_nats : total.prompt_nats) += nats;
    }
    total.answer_bytes += example.answer.size();
    total.prompt_bytes += prompt_text(example.utterance).size();
  }
  return total;
}

Result<std::vector<CardSuite>> measure_suites(const std::filesystem::path& model,
                                              const std::filesystem::path& folder, const Progress& progress) {
  SLMRIG_ASSIGN(const std::vector<base::Suite> suites, load_suites(folder));
  SLMRIG_ASSIGN(ModelRunner runner, ModelRunner::open(model, {}));
  std::vector<CardSuite> scores;
  for (const base::Suite& suite : suites) {
    SLMRIG_ASSIGN(const SuiteScore score, score_suite(&runner, suite, {}, progress));
    scores.push_back({score.suite, score.prompts.size(), score.correct});
  }
  return scores;
}

double accuracy(const CardSuite& suite) {
  return suite.prompts == 0 ? 0.0 : static_cast<double>(suite.correct) / static_cast<double>(suite.prompts);
}

// Four digits are more than any of these figures has.
double rounded(double value) { return std::round(value * 1e4) / 1e4; }

std::string student_markdown(const TrainRecord& student) {
  const TrainOptions& options = student.options;
  return fmt::format(
      "The ternary student (recipe `2bit-qat`) begins with these weights and learns the distribution of this "
      "model: {} steps of about {} tokens, {} tokens in all, in {:.0f} s, rate {:g}.\n\n"
      "Again: `slmforge train --model {} --student-of MODEL -o FILE`.\n\n",
      options.step_count, options.batch_tokens, student.result.token_count, student.result.seconds,
      options.learning_rate, options.model);
}

}  // namespace

Result<ModelCard> measure_card(const std::filesystem::path& model, const TrainRecord& training,
                               const std::filesystem::path& suite_folder, const Progress& progress) {
  ModelCard card;
  card.training = training;
  SLMRIG_ASSIGN(card.model_sha256, base::sha256_hex_of_file(model));
  std::error_code problem;
  card.model_bytes = std::filesystem::file_size(model, problem);
  if (problem) return base::fail(base::ErrorCode::kIo, problem.message(), model.string());
  SLMRIG_ASSIGN(const GgufFile file, load_gguf(model));
  SLMRIG_ASSIGN(const ModelShape shape, model_shape(training.options.model));
  SLMRIG_ASSIGN(const TextCodec codec, TextCodec::from(file));
  Network network(shape);
  SLMRIG_TRY(load_parameters(file, network));
  SLMRIG_ASSIGN(const TextNats text, measure_text(network, codec));
  const double answer_bits = text.answer_nats / std::numbers::ln2;
  const double prompt_bits = text.prompt_nats / std::numbers::ln2;
  card.bits_per_byte_answers = answer_bits / static_cast<double>(text.answer_bytes);
  card.bits_per_byte_text =
      (answer_bits + prompt_bits) / static_cast<double>(text.answer_bytes + text.prompt_bytes);
  SLMRIG_ASSIGN(card.suites, measure_suites(model, suite_folder, progress));
  return card;
}

std::string card_json(const ModelCard& card) {
  const TrainOptions& options = card.training.options;
  nlohmann::ordered_json suites = nlohmann::ordered_json::object();
  for (const CardSuite& suite : card.suites) {
    suites[suite.name] = {
        {"prompts", suite.prompts}, {"correct", suite.correct}, {"accuracy", rounded(accuracy(suite))}};
  }
  nlohmann::ordered_json json = {
      {"model", options.model},
      {"model_sha256", card.model_sha256},
      {"model_bytes", card.model_bytes},
      {"parameters", card.training.result.parameter_count},
      {"training",
       {{"seed", options.seed},
        {"steps", options.step_count},
        {"batch_tokens", options.batch_tokens},
        {"tokens", card.training.result.token_count},
        {"seconds", std::round(card.training.result.seconds)},
        {"learning_rate", options.learning_rate},
        {"noise_rate", options.noise_rate},
        {"summary_share", options.summary_share},
        {"processor", card.training.processor},
        {"blas", card.training.blas}}},
      {"bits_per_byte",
       {{"answers", rounded(card.bits_per_byte_answers)}, {"text", rounded(card.bits_per_byte_text)}}},
      {"suites", suites}};
  if (card.student) {
    const TrainRecord& student = *card.student;
    json["student"] = {{"seed", student.options.seed},
                       {"steps", student.options.step_count},
                       {"batch_tokens", student.options.batch_tokens},
                       {"tokens", student.result.token_count},
                       {"seconds", std::round(student.result.seconds)},
                       {"learning_rate", student.options.learning_rate}};
  }
  return json.dump(1) + "\n";
}

std::string card_markdown(const ModelCard& card) {
  const TrainOptions& options = card.training.options;
  const TrainResult& result = card.training.result;
  std::string text =
      fmt::format("# {}\n\nWritten by `slmforge card` from measurements; do not edit.\n\n", options.model);
  text += fmt::format(
      "A language model of {} parameters for a wearable assistant: commands to intents and slots, sensor "
      "streams to a sentence, small talk. Llama architecture, f32, context 256, GGUF of {} bytes.\n\n",
      result.parameter_count, card.model_bytes);
  text += fmt::format("SHA-256 `{}`\n\n## Training\n\n", card.model_sha256);
  text += fmt::format(
      "The train split of the generated corpus (`workloads/forge/corpus.h`), seed {}: {} steps of about {} "
      "tokens, {} tokens in all, in {:.0f} s.\n"
      "AdamW, rate {:g}, level and then a cosine over the last {:.0f} % of the steps; weight decay {:g}; "
      "{:.0f} % of the prompts disturbed.\n"
      "One thread of {} with {}.\n\n",
      options.seed, options.step_count, options.batch_tokens, result.token_count, result.seconds,
      options.learning_rate, 100 * options.decay_share, options.weight_decay, 100 * options.noise_rate,
      card.training.processor, card.training.blas);
  text += fmt::format(
      "Again: `slmforge train --model {} --seed {} --steps {} -o FILE` (the same bits on the same kind of "
      "processor).\n\n",
      options.model, options.seed, options.step_count);
  if (card.student) text += student_markdown(*card.student);
  text +=
      "## Quality on the test split\n\nWordings and slot values that no training example has; greedy "
      "answers.\n\n";
  text += "| suite | prompts | right | share |\n|---|---|---|---|\n";
  for (const CardSuite& suite : card.suites) {
    text += fmt::format("| {} | {} | {} | {:.1f} % |\n", suite.name, suite.prompts, suite.correct,
                        100 * accuracy(suite));
  }
  text +=
      fmt::format("\nBits per byte: {:.4f} of the answers, {:.4f} of prompts and answers ({} examples).\n",
                  card.bits_per_byte_answers, card.bits_per_byte_text, kTextExamples);
  return text;
}

}  // namespace slmrig::forge
