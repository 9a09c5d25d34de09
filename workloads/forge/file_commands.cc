// image, inspect, random: files in, files out.
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "workloads/forge/commands.h"
#include "workloads/forge/image_writer.h"
#include "workloads/forge/inspect.h"
#include "workloads/forge/print_json.h"
#include "workloads/forge/random_model.h"

namespace slmrig::forge {

using base::Result;
using nlohmann::json;

namespace {

struct ImageArguments {
  std::string model;
  std::string output;
  std::uint32_t context_tokens = 0;
  bool as_json = false;
};

Result<int> run_image(const ImageArguments& arguments) {
  SLMRIG_ASSIGN(const ImageBuild build, image_from_gguf(arguments.model, {arguments.context_tokens}));
  SLMRIG_TRY(base::write_file_atomically(arguments.output, std::span<const std::uint8_t>(build.bytes)));
  json report = to_json(build.info);
  report["output"] = arguments.output;
  if (arguments.as_json) {
    print_json(report);
    return 0;
  }
  const ImageInfo& info = build.info;
  fmt::print("{}: {} {}, {} bytes, sha256 {}\n", arguments.output, info.model, info.variant, info.image_bytes,
             info.sha256);
  fmt::print("context {} tokens, vocabulary {}; arena {} bytes (kv {}, activations {}, scratch {})\n",
             info.context_tokens, info.vocabulary_tokens, info.arena_total_bytes, info.arena_kv_bytes,
             info.arena_activations_bytes, info.arena_scratch_bytes);
  return 0;
}

void add_image(CLI::App& app, Command* chosen) {
  auto arguments = std::make_shared<ImageArguments>();
  CLI::App* command = app.add_subcommand("image", "Write the flat image that boards run in place");
  command->add_option("model", arguments->model, "The GGUF file")->required();
  command->add_option("-o,--output", arguments->output, "The image to write")->required();
  command->add_option("--context", arguments->context_tokens, "Context in tokens (default: the model's own)");
  command->add_flag("--json", arguments->as_json, "Report as JSON");
  command->callback([=] { *chosen = [arguments] { return run_image(*arguments); }; });
}

void add_inspect(CLI::App& app, Command* chosen) {
  struct Arguments {
    std::string file;
    bool as_json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("inspect", "Show what is in a GGUF file or an image");
  command->add_option("file", arguments->file, "The GGUF file or image")->required();
  command->add_flag("--json", arguments->as_json, "As JSON");
  command->callback([=] {
    *chosen = [arguments]() -> Result<int> {
      SLMRIG_ASSIGN(const json inspection, inspect(arguments->file));
      if (arguments->as_json) {
        print_json(inspection);
      } else {
        fmt::print("{}", inspection_text(inspection));
      }
      return 0;
    };
  });
}

struct RandomArguments {
  RandomModelOptions options;
  std::string output;
};

Result<int> run_random(const RandomArguments& arguments) {
  const RandomModelOptions& options = arguments.options;
  if (options.head_count == 0 || options.kv_head_count == 0 ||
      options.width % (2 * options.head_count) != 0 || options.head_count % options.kv_head_count != 0) {
    return base::fail(base::ErrorCode::kBadInput,
                      fmt::format("--d-model {} must be a multiple of twice --heads {}, and --heads one of "
                                  "--kv-heads {}",
                                  options.width, options.head_count, options.kv_head_count));
  }
  SLMRIG_TRY(save_gguf(random_model(options), arguments.output));
  fmt::print("{}: random weights, seed {}\n", arguments.output, options.seed);
  return 0;
}

void add_random(CLI::App& app, Command* chosen) {
  auto arguments = std::make_shared<RandomArguments>();
  RandomModelOptions& options = arguments->options;
  CLI::App* command =
      app.add_subcommand("random", "Write a model of random weights, for bring-up and benchmarks");
  command->add_option("-o,--output", arguments->output, "The GGUF file to write")->required();
  command->add_option("--name", options.name, "general.name")->capture_default_str();
  command->add_option("--d-model", options.width, "Width")->capture_default_str();
  command->add_option("--layers", options.layer_count, "Layers")->capture_default_str();
  command->add_option("--heads", options.head_count, "Query heads")->capture_default_str();
  command->add_option("--kv-heads", options.kv_head_count, "Key and value heads")->capture_default_str();
  command->add_option("--ff", options.feed_forward, "Feed-forward width")->capture_default_str();
  command->add_option("--context", options.context_tokens, "Context in tokens")->capture_default_str();
  command->add_option("--seed", options.seed, "Seed")->capture_default_str();
  command->callback([=] { *chosen = [arguments] { return run_random(*arguments); }; });
}

}  // namespace

void add_file_commands(CLI::App& app, Command* chosen) {
  add_image(app, chosen);
  add_inspect(app, chosen);
  add_random(app, chosen);
}

}  // namespace slmrig::forge
