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
#include "workloads/forge/print_json.h"
#include "workloads/forge/prompt_rules.h"

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
  std::string chat_template = "none";
  SuiteOptions suite_options;
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

void print_text(const TextScore& score, bool is_documents) {
  fmt::print("perplexity {:.4f} [{:.4f}, {:.4f}], {:.4f} bits per byte ({} tokens scored in {} {})\n",
             score.perplexity, score.perplexity_ci95.low, score.perplexity_ci95.high, score.bits_per_byte,
             score.scored_tokens, score.windows,
             is_documents ? "documents" : fmt::format("windows of {}", score.window_tokens));
  if (const auto& divergence = score.divergence) {
    fmt::print("mean KL {:.6f} nats [{:.6f}, {:.6f}], the same likeliest token in {:.2f} %\n",
               divergence->mean_kl_nats, divergence->mean_kl_ci95.low, divergence->mean_kl_ci95.high,
               100 * divergence->top1_agreement);
  }
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

struct SuiteResult {
  SuiteScore score;
  std::optional<SuiteComparison> to_reference;
};

// The model and the reference are each asked as their own files say.
Result<SuiteResult> eval_suite(ModelRunner* model, ModelRunner* reference, const base::Suite& suite,
                               const EvalArguments& arguments) {
  SuiteOptions options = arguments.suite_options;
  SLMRIG_ASSIGN(options.rules, read_prompt_rules(arguments.model, arguments.chat_template));
  SuiteResult result;
  SLMRIG_ASSIGN(result.score, score_suite(model, suite, options, progress_bar()));
  if (reference != nullptr) {
    SLMRIG_ASSIGN(options.rules, read_prompt_rules(arguments.reference, arguments.chat_template));
    SLMRIG_ASSIGN(const SuiteScore before, score_suite(reference, suite, options, progress_bar()));
    result.to_reference = compare(before, result.score);
  }
  return result;
}

void report(const ModelRunner& model, const std::optional<TextScore>& text,
            const std::optional<SuiteResult>& suite, const EvalArguments& arguments) {
  if (!arguments.as_json) {
    if (text) print_text(*text, arguments.is_documents);
    if (suite) print_suite(suite->score, suite->to_reference);
    return;
  }
  json document = identity(model, arguments.model);
  if (text) document["text"] = to_json(*text);
  if (suite) {
    document.update(to_json(suite->score));
    document["template"] = arguments.chat_template;
    if (suite->to_reference) document["to_reference"] = to_json(*suite->to_reference);
  }
  print_json(document);
}

Result<int> run_eval(const EvalArguments& arguments) {
  if (arguments.text.empty() && arguments.suite.empty()) {
    return fail(ErrorCode::kBadInput, "give --text FILE, --suite FILE or both");
  }
  // Both files first: a text may take minutes, after which it is late to hear that there is no such suite.
  std::string text;
  if (!arguments.text.empty()) {
    SLMRIG_ASSIGN(text, base::read_text(arguments.text));
  }
  std::optional<base::Suite> suite;
  if (!arguments.suite.empty()) {
    SLMRIG_ASSIGN(suite, base::load_suite(arguments.suite));
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
  std::optional<TextScore> text_score;
  if (!arguments.text.empty()) {
    auto score = score_text(&model, text, {arguments.is_documents, other}, progress_bar());
    if (!score) return tl::unexpected(base::within(arguments.text, score.error()));
    text_score = std::move(*score);
  }
  std::optional<SuiteResult> suite_result;
  if (suite) {
    SLMRIG_ASSIGN(suite_result, eval_suite(&model, other, *suite, arguments));
  }
  report(model, text_score, suite_result, arguments);
  return 0;
}

void add_eval(CLI::App& app, Command* chosen) {
  auto arguments = std::make_shared<EvalArguments>();
  CLI::App* command = app.add_subcommand("eval", "Score a model on a text, a suite or both");
  command->add_option("model", arguments->model, "A GGUF file or an image")->required();
  command->add_option("--text", arguments->text, "Perplexity and bits per byte of a text file");
  command->add_flag("--documents", arguments->is_documents,
                    "The text is documents that end with an empty line; each is scored alone");
  CLI::Option* suite = command->add_option("--suite", arguments->suite, "Accuracy on a suite file");
  command
      ->add_option("--template", arguments->chat_template,
                   "How the suite's prompts are asked. none: as they are, like boards are asked; auto: with "
                   "the chat template or prompt suffix that the model names; or a file with a chat template")
      ->needs(suite)
      ->capture_default_str();
  command->add_option("--reference", arguments->reference,
                      "Another model, usually f32: the distance to its distribution or its answers");
  command->add_option("--limit", arguments->suite_options.prompts, "Run the first prompts of the suite only");
  command->add_option("--max-new-tokens", arguments->suite_options.max_new_tokens,
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
