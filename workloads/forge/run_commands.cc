// generate: a model run on the host.
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "workloads/forge/commands.h"
#include "workloads/forge/kv_format.h"
#include "workloads/forge/model_runner.h"
#include "workloads/forge/print_json.h"
#include "workloads/forge/prompt_rules.h"

namespace slmrig::forge {

using base::Result;
using nlohmann::json;

namespace {

double per_second(std::size_t count, std::int64_t duration_ns) {
  return duration_ns <= 0 ? 0.0 : static_cast<double>(count) * 1e9 / static_cast<double>(duration_ns);
}

struct GenerateArguments {
  std::string model;
  std::string prompt;
  std::string chat_template = "auto";
  GenerationSettings settings;
  RunnerOptions runner;
  bool as_json = false;
};

Result<int> run_generate(const GenerateArguments& arguments) {
  SLMRIG_ASSIGN(ModelRunner model, ModelRunner::open(arguments.model, arguments.runner));
  SLMRIG_ASSIGN(const PromptRules rules, read_prompt_rules(arguments.model, arguments.chat_template));
  SLMRIG_ASSIGN(const AskedPrompt prompt, ask(rules, arguments.prompt));
  GenerationSettings settings = arguments.settings;
  settings.specials = prompt.specials;
  SLMRIG_ASSIGN(const Generation generation, model.generate(prompt.text, settings));
  if (!arguments.as_json) {
    fmt::print("{}\n", generation.text);
    return 0;
  }
  const std::size_t decoded = generation.token_ids.empty() ? 0 : generation.token_ids.size() - 1;
  const json report = {{"model", model.info().model},
                       {"variant", model.info().variant},
                       {"kernels", model.runtime().kernel_isa()},
                       {"kv", to_string(model.runtime().kv_format())},
                       {"prompt", prompt.text},
                       {"text", generation.text},
                       {"prompt_tokens", generation.prompt_tokens},
                       {"generated_tokens", generation.token_ids.size()},
                       {"token_ids", generation.token_ids},
                       {"token_ids_sha256", token_ids_sha256(generation.token_ids)},
                       {"ended", generation.ended},
                       {"ttft_ns", generation.ttft_ns},
                       {"decode_ns", generation.decode_ns},
                       {"decode_tokens_per_second", per_second(decoded, generation.decode_ns)}};
  print_json(report);
  return 0;
}

void add_generate(CLI::App& app, Command* chosen) {
  auto arguments = std::make_shared<GenerateArguments>();
  runtime::Sampling& sampling = arguments->settings.sampling;
  sampling.temperature = 0.8F;
  CLI::App* command = app.add_subcommand("generate", "Answer a prompt");
  command->add_option("model", arguments->model, "A GGUF file or an image")->required();
  command->add_option("--prompt", arguments->prompt, "What to answer")->required();
  command
      ->add_option(
          "--template", arguments->chat_template,
          "auto: the chat template or prompt suffix that the model names; none: the prompt as it is; "
          "or a file with a chat template")
      ->capture_default_str();
  command->add_option("-n,--max-new-tokens", arguments->settings.max_new_tokens, "Tokens to generate at most")
      ->capture_default_str();
  command->add_option("--top-k", sampling.top_k, "Sample from the k likeliest; 1 is greedy")
      ->check(CLI::Range(1U, runtime::kMaxTopK))
      ->capture_default_str();
  command->add_option("--temperature", sampling.temperature, "Of sampling; 0 is greedy")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
  command->add_option("--seed", sampling.seed, "Of sampling")->capture_default_str();
  command->add_option("--context", arguments->runner.context_tokens,
                      "Context in tokens (default: the model's own)");
  command->add_option("--kv", arguments->runner.kv_format, "How keys and values are kept: f32, f16 or int8")
      ->transform(CLI::CheckedTransformer(kv_formats()));
  command->add_flag("--json", arguments->as_json, "With token ids and times, as JSON");
  command->callback([=] { *chosen = [arguments] { return run_generate(*arguments); }; });
}

}  // namespace

void add_run_commands(CLI::App& app, Command* chosen) { add_generate(app, chosen); }

}  // namespace slmrig::forge
