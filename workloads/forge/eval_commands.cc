// eval: how good a model is, and how far from another.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/base/suite_reader.h"
#include "workloads/forge/bits_per_weight.h"
#include "workloads/forge/commands.h"
#include "workloads/forge/evaluate.h"
#include "workloads/forge/kv_format.h"
#include "workloads/forge/model_runner.h"

namespace slmrig::forge {

using base::ErrorCode;
using base::fail;
using base::Result;
using nlohmann::json;

namespace {

// On a terminal only, on stderr.
Progress progress_bar() {
  if (isatty(STDERR_FILENO) == 0) return {};
  return [](std::uint64_t done, std::uint64_t total) {
    std::fprintf(stderr, "\r%llu/%llu%s", static_cast<unsigned long long>(done),
                 static_cast<unsigned long long>(total), done == total ? "\n" : "");
    std::fflush(stderr);
  };
}

struct EvalArguments {
  std::string model;
  std::string reference;
  std::string text;
  bool is_documents = false;
  std::string suite;
  SuiteLimits limits;
  RunnerOptions runner;
  bool as_json = false;
};

json identity(const ModelRunner& model, const std::string& file) {
  const ImageInfo& info = model.info();
  std::error_code ignored;
  json report = {{"model", info.model},
                 {"variant", info.variant},
                 {"image_sha256", info.sha256},
                 {"image_bytes", info.image_bytes},
                 {"file_bytes", std::filesystem::file_size(file, ignored)},
                 {"context_tokens", info.context_tokens}};
  // An image does not tell padding from weights.
  if (const auto gguf = load_gguf(file)) report["bits_per_weight"] = bits_per_weight(*gguf);
  return report;
}

Result<int> eval_text(ModelRunner* model, ModelRunner* reference, const EvalArguments& arguments) {
  SLMRIG_ASSIGN(const std::string text, base::read_text(arguments.text));
  auto score = score_text(model, text, {arguments.is_documents, reference}, progress_bar());
  if (!score) return tl::unexpected(base::within(arguments.text, score.error()));
  if (arguments.as_json) {
    json report = identity(*model, arguments.model);
    report["text"] = to_json(*score);
    fmt::print("{}\n", report.dump(2));
    return 0;
  }
  fmt::print("perplexity {:.4f} [{:.4f}, {:.4f}], {:.4f} bits per byte ({} tokens scored in {} {})\n",
             score->perplexity, score->perplexity_ci95.low, score->perplexity_ci95.high, score->bits_per_byte,
             score->scored_tokens, score->windows,
             arguments.is_documents ? "documents" : fmt::format("windows of {}", score->window_tokens));
  if (const auto& divergence = score->divergence) {
    fmt::print("mean KL {:.6f} nats [{:.6f}, {:.6f}], the same likeliest token in {:.2f} %\n",
               divergence->mean_kl_nats, divergence->mean_kl_ci95.low, divergence->mean_kl_ci95.high,
               100 * divergence->top1_agreement);
  }
  return 0;
}

void print_suite(const SuiteScore& score, const std::optional<SuiteComparison>& comparison) {
  for (const PromptScore& entry : score.prompts) {
    if (entry.correct) continue;
    fmt::print("{}: {} -> {} ({})\n", entry.id, json(entry.prompt).dump(), json(entry.text).dump(),
               fmt::join(entry.failed_checks, ", "));
  }
  if (comparison) {
    for (const Flip& flip : comparison->lost) {
      fmt::print("lost {}: {} -> {}, the reference {}\n", flip.id, json(flip.prompt).dump(),
                 json(flip.text).dump(), json(flip.reference_text).dump());
    }
    fmt::print("{:+.2f} points to the reference [{:+.2f}, {:+.2f}], {} lost, {} gained\n",
               100 * comparison->accuracy_difference, 100 * comparison->difference_ci95.low,
               100 * comparison->difference_ci95.high, comparison->lost.size(), comparison->gained);
  }
  fmt::print("{}: {} of {} correct, accuracy {:.4f} [{:.4f}, {:.4f}]\n", score.suite, score.correct,
             score.prompts.size(), score.accuracy, score.accuracy_ci95.low, score.accuracy_ci95.high);
}

Result<int> eval_suite(ModelRunner* model, ModelRunner* reference, const EvalArguments& arguments) {
  SLMRIG_ASSIGN(const base::Suite suite, base::load_suite(arguments.suite));
  SLMRIG_ASSIGN(const SuiteScore score, score_suite(model, suite, arguments.limits, progress_bar()));
  std::optional<SuiteComparison> comparison;
  if (reference != nullptr) {
    SLMRIG_ASSIGN(const SuiteScore before, score_suite(reference, suite, arguments.limits, progress_bar()));
    comparison = compare(before, score);
  }
  if (!arguments.as_json) {
    print_suite(score, comparison);
    return 0;
  }
  json report = identity(*model, arguments.model);
  report.update(to_json(score));
  if (comparison) report["to_reference"] = to_json(*comparison);
  fmt::print("{}\n", report.dump(2));
  return 0;
}

Result<int> run_eval(const EvalArguments& arguments) {
  if (arguments.text.empty() == arguments.suite.empty()) {
    return fail(ErrorCode::kBadInput, "give one of --text FILE and --suite FILE");
  }
  SLMRIG_ASSIGN(ModelRunner model, ModelRunner::open(arguments.model, arguments.runner));
  std::optional<ModelRunner> reference;
  if (!arguments.reference.empty()) {
    // The reference is measured at its best: what a smaller cache costs is part of the model's distance.
    RunnerOptions options;
    options.context_tokens = arguments.runner.context_tokens;
    SLMRIG_ASSIGN(reference, ModelRunner::open(arguments.reference, options));
  }
  ModelRunner* const other = reference ? &*reference : nullptr;
  return arguments.text.empty() ? eval_suite(&model, other, arguments) : eval_text(&model, other, arguments);
}

void add_eval(CLI::App& app, Command* chosen) {
  auto arguments = std::make_shared<EvalArguments>();
  CLI::App* command = app.add_subcommand("eval", "Score a model on a text or on a suite");
  command->add_option("model", arguments->model, "A GGUF file or an image")->required();
  command->add_option("--text", arguments->text, "Perplexity and bits per byte of a text file");
  command->add_flag("--documents", arguments->is_documents,
                    "The text is documents that end with an empty line; each is scored alone");
  command->add_option("--suite", arguments->suite, "Accuracy on a suite file");
  command->add_option("--reference", arguments->reference,
                      "Another model, usually f32: the distance to its distribution or its answers");
  command->add_option("--limit", arguments->limits.prompts, "Run the first prompts of the suite only");
  command->add_option("--max-new-tokens", arguments->limits.max_new_tokens,
                      "Tokens of an answer at most (default: the suite's)");
  command->add_option("--context", arguments->runner.context_tokens,
                      "Context in tokens (default: the model's own)");
  command->add_option("--kv", arguments->runner.kv_format, "How keys and values are kept: f32, f16 or int8")
      ->transform(CLI::CheckedTransformer(kv_formats()));
  command->add_flag("--json", arguments->as_json, "With every answer, as JSON");
  command->callback([=] { *chosen = [arguments] { return run_eval(*arguments); }; });
}

}  // namespace

void add_eval_commands(CLI::App& app, Command* chosen) { add_eval(app, chosen); }

}  // namespace slmrig::forge
