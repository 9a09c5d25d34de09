// train, corpus, card: models made from a seed, and what they were made of.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "workloads/forge/card.h"
#include "workloads/forge/commands.h"
#include "workloads/forge/prompt_format.h"
#include "workloads/forge/suites.h"
#include "workloads/forge/train_record.h"

namespace slmrig::forge {

using base::Result;

namespace {

void print_progress(const TrainProgress& progress) {
  std::string line =
      fmt::format("step {}/{}  loss {:.4f}  {:.0f} tok/s  {:.0f} s left", progress.step, progress.step_count,
                  progress.loss, progress.tokens_per_second, progress.seconds_left);
  if (progress.has_validation) {
    line += fmt::format("  validation: loss {:.4f}, commands {:.1f} %, summaries {:.1f} %",
                        progress.validation_loss, 100 * progress.command_accuracy,
                        100 * progress.summary_accuracy);
  }
  std::fprintf(stderr, "%s\n", line.c_str());
}

struct TrainArguments {
  std::string model = "wrist-wide";
  std::string student_of;
  std::uint64_t seed = 1;
  std::uint64_t step_count = 0;
  std::size_t batch_tokens = 0;
  double learning_rate = 0.0;
  std::string output;
};

Result<int> run_train(const TrainArguments& arguments) {
  prefer_fast_blas();
  SLMRIG_ASSIGN(TrainOptions options, arguments.student_of.empty()
                                          ? bundled_training(arguments.model)
                                          : bundled_student_training(arguments.model));
  options.seed = arguments.seed;
  options.student_of = arguments.student_of;
  if (arguments.step_count != 0) options.step_count = arguments.step_count;
  if (arguments.batch_tokens != 0) options.batch_tokens = arguments.batch_tokens;
  if (arguments.learning_rate != 0.0) options.learning_rate = arguments.learning_rate;
  options.output = arguments.output;
  options.checkpoint = arguments.output + ".checkpoint";
  SLMRIG_ASSIGN(const TrainResult result, train_model(options, print_progress));
  const std::filesystem::path record_path = train_record_path(options.output);
  SLMRIG_TRY(save_train_record(make_train_record(options, result), record_path));
  fmt::print("{}: {} parameters, {} tokens in {:.0f} s; {} says how\n", arguments.output,
             result.parameter_count, result.token_count, result.seconds, record_path.string());
  return 0;
}

void add_train(CLI::App& app, Command* chosen) {
  auto arguments = std::make_shared<TrainArguments>();
  CLI::App* command =
      app.add_subcommand("train", "Train a bundled model from a seed; resumes where it was stopped");
  command->add_option("--model", arguments->model, "wrist-wide or wrist-nano")->capture_default_str();
  command->add_option("--student-of", arguments->student_of,
                      "Train a ternary student of this f32 GGUF file instead (recipe 2bit-qat)");
  command->add_option("--seed", arguments->seed, "Of the vocabulary, the first weights and the batches")
      ->capture_default_str();
  command
      ->add_option("--steps", arguments->step_count, "Updates of the weights (default: the bundled model's)")
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--batch-tokens", arguments->batch_tokens,
                   "Tokens a step, at least (default: the bundled model's)")
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--learning-rate", arguments->learning_rate, "The highest (default: the bundled model's)")
      ->check(CLI::PositiveNumber);
  command->add_option("-o,--output", arguments->output, "The GGUF file to write")->required();
  command->callback([=] { *chosen = [arguments] { return run_train(*arguments); }; });
}

struct CorpusArguments {
  std::string split = "train";
  std::size_t count = 20;
  std::uint64_t seed = 1;
  double noise_rate = 0.0;
  std::string suites;
  std::string output;
};

Result<Split> split_named(const std::string& name) {
  for (const Split split : kAllSplits) {
    if (to_string(split) == name) return split;
  }
  return base::fail(
      base::ErrorCode::kBadInput,
      fmt::format("there is no split `{}`, expected train, calibration, validation or test", name));
}

Result<int> run_corpus(const CorpusArguments& arguments) {
  if (!arguments.suites.empty()) {
    SLMRIG_TRY(write_bundled_suites(arguments.suites));
    return 0;
  }
  SLMRIG_ASSIGN(const Split split, split_named(arguments.split));
  CorpusOptions options;
  options.noise_rate = arguments.noise_rate;
  Random random(arguments.seed);
  std::string text;
  for (std::size_t i = 0; i < arguments.count; ++i) {
    const Example example = make_example(split, options, random);
    text += prompt_text(example.utterance) + example.answer + "\n\n";
  }
  if (arguments.output.empty()) {
    fmt::print("{}", text);
    return 0;
  }
  SLMRIG_TRY(base::write_file_atomically(arguments.output, text));
  return 0;
}

void add_corpus(CLI::App& app, Command* chosen) {
  auto arguments = std::make_shared<CorpusArguments>();
  CLI::App* command =
      app.add_subcommand("corpus", "Print examples of the corpus, or write the bundled suites");
  command->add_option("--split", arguments->split, "train, calibration, validation or test")
      ->capture_default_str();
  command->add_option("--count", arguments->count, "Examples")->capture_default_str();
  command->add_option("--seed", arguments->seed, "Of the examples")->capture_default_str();
  command->add_option("--noise", arguments->noise_rate, "Share of prompts that are disturbed")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("-o,--output", arguments->output, "A text file instead of the standard output");
  command->add_option("--suites", arguments->suites,
                      "Write the bundled suites into this folder and nothing else");
  command->callback([=] { *chosen = [arguments] { return run_corpus(*arguments); }; });
}

struct CardArguments {
  std::filesystem::path model;
  std::filesystem::path training;
  std::filesystem::path student_training;
  std::filesystem::path suites;
  std::filesystem::path output;
};

Result<int> run_card(CardArguments arguments) {
  prefer_fast_blas();
  if (arguments.training.empty()) arguments.training = train_record_path(arguments.model);
  if (arguments.output.empty()) arguments.output = arguments.model.parent_path();
  SLMRIG_ASSIGN(const TrainRecord training, load_train_record(arguments.training));
  SLMRIG_ASSIGN(ModelCard card, measure_card(arguments.model, training, arguments.suites, {}));
  if (!arguments.student_training.empty()) {
    SLMRIG_ASSIGN(card.student, load_train_record(arguments.student_training));
  }
  SLMRIG_TRY(base::write_file_atomically(arguments.output / "card.json", card_json(card)));
  const std::string markdown = card_markdown(card);
  SLMRIG_TRY(base::write_file_atomically(arguments.output / "card.md", markdown));
  fmt::print("{}", markdown);
  return 0;
}

void add_card(CLI::App& app, Command* chosen) {
  auto arguments = std::make_shared<CardArguments>();
  CLI::App* command = app.add_subcommand("card", "Measure a trained model and write its card");
  command->add_option("model", arguments->model, "The GGUF file")->required();
  command->add_option("--training", arguments->training, "What `train` wrote (default: <model>.train.json)");
  command->add_option("--student-training", arguments->student_training,
                      "What `train --student-of` wrote, where the model has a student");
  command->add_option("--suites", arguments->suites, "Folder of the suites to measure")->required();
  command->add_option("-o,--output", arguments->output,
                      "Folder for card.json and card.md (default: beside the model)");
  command->callback([=] { *chosen = [arguments] { return run_card(*arguments); }; });
}

}  // namespace

void add_train_commands(CLI::App& app, Command* chosen) {
  add_train(app, chosen);
  add_corpus(app, chosen);
  add_card(app, chosen);
}

}  // namespace slmrig::forge
