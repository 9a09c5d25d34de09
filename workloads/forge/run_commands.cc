// generate, eval: models run on the host.
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/base/suite_reader.h"
#include "workloads/forge/commands.h"
#include "workloads/forge/evaluate.h"
#include "workloads/forge/model_runner.h"

namespace slmrig::forge {

using base::ErrorCode;
using base::fail;
using base::Result;
using nlohmann::json;

namespace {

double per_second(std::size_t count, std::int64_t duration_ns) {
  return duration_ns <= 0 ? 0.0 : static_cast<double>(count) * 1e9 / static_cast<double>(duration_ns);
}

struct GenerateArguments {
  std::string model;
  std::string prompt;
  GenerationSettings settings;
  std::uint32_t context_tokens = 0;
  bool as_json = false;
};

Result<int> run_generate(const GenerateArguments& arguments) {
  SLMRIG_ASSIGN(ModelRunner model, ModelRunner::open(arguments.model, {arguments.context_tokens, nullptr}));
  SLMRIG_ASSIGN(const Generation generation, model.generate(arguments.prompt, arguments.settings));
  if (!arguments.as_json) {
    fmt::print("{}\n", generation.text);
    return 0;
  }
  const std::size_t decoded = generation.token_ids.empty() ? 0 : generation.token_ids.size() - 1;
  const json report = {{"model", model.info().model},
                       {"variant", model.info().variant},
                       {"kernels", model.runtime().kernel_isa()},
                       {"prompt", arguments.prompt},
                       {"text", generation.text},
                       {"prompt_tokens", generation.prompt_tokens},
                       {"generated_tokens", generation.token_ids.size()},
                       {"token_ids", generation.token_ids},
                       {"token_ids_sha256", token_ids_sha256(generation.token_ids)},
                       {"ended", generation.ended},
                       {"ttft_ns", generation.ttft_ns},
                       {"decode_ns", generation.decode_ns},
                       {"decode_tokens_per_second", per_second(decoded, generation.decode_ns)}};
  fmt::print("{}\n", report.dump(2));
  return 0;
}

void add_generate(CLI::App& app, Command* chosen) {
  auto arguments = std::make_shared<GenerateArguments>();
  runtime::Sampling& sampling = arguments->settings.sampling;
  sampling.temperature = 0.8F;
  CLI::App* command = app.add_subcommand("generate", "Answer a prompt");
  command->add_option("model", arguments->model, "A GGUF file or an image")->required();
  command->add_option("--prompt", arguments->prompt, "Fed to the tokenizer as it is")->required();
  command->add_option("-n,--max-new-tokens", arguments->settings.max_new_tokens, "Tokens to generate at most")
      ->capture_default_str();
  command->add_option("--top-k", sampling.top_k, "Sample from the k likeliest; 1 is greedy")
      ->check(CLI::Range(1U, runtime::kMaxTopK))
      ->capture_default_str();
  command->add_option("--temperature", sampling.temperature, "Of sampling; 0 is greedy")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
  command->add_option("--seed", sampling.seed, "Of sampling")->capture_default_str();
  command->add_option("--context", arguments->context_tokens, "Context in tokens (default: the model's own)");
  command->add_flag("--json", arguments->as_json, "With token ids and times, as JSON");
  command->callback([=] { *chosen = [arguments] { return run_generate(*arguments); }; });
}

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
  std::string text;
  std::string suite;
  std::uint64_t limit = 0;
  std::uint32_t context_tokens = 0;
  bool as_json = false;
};

json identity(const ModelRunner& model) {
  const ImageInfo& info = model.info();
  return {{"model", info.model},
          {"variant", info.variant},
          {"image_sha256", info.sha256},
          {"context_tokens", info.context_tokens}};
}

Result<int> eval_text(ModelRunner* model, const EvalArguments& arguments) {
  SLMRIG_ASSIGN(const std::string text, base::read_text(arguments.text));
  auto score = score_text(model, text, progress_bar());
  if (!score) return tl::unexpected(base::within(arguments.text, score.error()));
  if (arguments.as_json) {
    json report = identity(*model);
    report["text"] = to_json(*score);
    fmt::print("{}\n", report.dump(2));
  } else {
    fmt::print("perplexity {:.4f}, {:.4f} bits per byte ({} tokens scored in windows of {})\n",
               score->perplexity, score->bits_per_byte, score->scored_tokens, score->window_tokens);
  }
  return 0;
}

Result<int> eval_suite(ModelRunner* model, const EvalArguments& arguments) {
  SLMRIG_ASSIGN(const base::Suite suite, base::load_suite(arguments.suite));
  SLMRIG_ASSIGN(const SuiteScore score, score_suite(model, suite, arguments.limit, progress_bar()));
  if (arguments.as_json) {
    json report = identity(*model);
    report.update(to_json(score));
    fmt::print("{}\n", report.dump(2));
    return 0;
  }
  for (const PromptScore& entry : score.prompts) {
    if (entry.correct) continue;
    fmt::print("{}: {} -> {} ({})\n", entry.id, json(entry.prompt).dump(), json(entry.text).dump(),
               fmt::join(entry.failed_checks, ", "));
  }
  fmt::print("{}: {} of {} correct, accuracy {:.4f}\n", score.suite, score.correct, score.prompts.size(),
             score.accuracy);
  return 0;
}

Result<int> run_eval(const EvalArguments& arguments) {
  if (arguments.text.empty() == arguments.suite.empty()) {
    return fail(ErrorCode::kBadInput, "give one of --text FILE and --suite FILE");
  }
  SLMRIG_ASSIGN(ModelRunner model, ModelRunner::open(arguments.model, {arguments.context_tokens, nullptr}));
  return arguments.text.empty() ? eval_suite(&model, arguments) : eval_text(&model, arguments);
}

void add_eval(CLI::App& app, Command* chosen) {
  auto arguments = std::make_shared<EvalArguments>();
  CLI::App* command = app.add_subcommand("eval", "Score a model on a text or on a suite");
  command->add_option("model", arguments->model, "A GGUF file or an image")->required();
  command->add_option("--text", arguments->text, "Perplexity and bits per byte of a text file");
  command->add_option("--suite", arguments->suite, "Accuracy on a suite file");
  command->add_option("--limit", arguments->limit, "Run the first prompts of the suite only");
  command->add_option("--context", arguments->context_tokens, "Context in tokens (default: the model's own)");
  command->add_flag("--json", arguments->as_json, "With every answer, as JSON");
  command->callback([=] { *chosen = [arguments] { return run_eval(*arguments); }; });
}

}  // namespace

void add_run_commands(CLI::App& app, Command* chosen) {
  add_generate(app, chosen);
  add_eval(app, chosen);
}

}  // namespace slmrig::forge
