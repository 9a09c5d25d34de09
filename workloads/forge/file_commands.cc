// quantize, image, inspect, random: files in, files out.
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/base/sha256.h"
#include "workloads/forge/commands.h"
#include "workloads/forge/image_writer.h"
#include "workloads/forge/inspect.h"
#include "workloads/forge/quantize.h"
#include "workloads/forge/random_model.h"

namespace slmrig::forge {

using base::Result;
using nlohmann::json;

namespace {

struct QuantizeArguments {
  std::string model;
  std::string recipe;
  std::string output;
  bool as_json = false;
};

std::string type_name(std::uint32_t type) {
  const GgmlTypeInfo* info = gguf_type_info(type);
  return info == nullptr ? std::to_string(type) : std::string(info->name);
}

json to_json(const QuantizedTensor& tensor) {
  return {{"name", tensor.name},
          {"type_before", type_name(tensor.type_before)},
          {"type_after", type_name(tensor.type_after)},
          {"bytes_before", tensor.bytes_before},
          {"bytes_after", tensor.bytes_after},
          {"relative_rmse", tensor.relative_rmse}};
}

void print_tensors(const Quantized& quantized) {
  fmt::print("{:<32} {:>6} -> {:<6} {:>10} {:>10} {:>10}\n", "tensor", "from", "to", "bytes", "before",
             "rel. rmse");
  for (const QuantizedTensor& tensor : quantized.tensors) {
    fmt::print("{:<32} {:>6} -> {:<6} {:>10} {:>10} {:>10.5f}\n", tensor.name, type_name(tensor.type_before),
               type_name(tensor.type_after), tensor.bytes_after, tensor.bytes_before, tensor.relative_rmse);
  }
}

Result<int> run_quantize(const QuantizeArguments& arguments) {
  SLMRIG_ASSIGN(const GgufFile file, load_gguf(arguments.model));
  auto quantized = quantize(file, arguments.recipe);
  if (!quantized) return tl::unexpected(base::within(arguments.model, quantized.error()));
  SLMRIG_TRY(save_gguf(quantized->file, arguments.output));
  SLMRIG_ASSIGN(const std::string sha256, base::sha256_hex_of_file(arguments.output));
  const std::uintmax_t file_bytes = std::filesystem::file_size(arguments.output);
  if (!arguments.as_json) {
    print_tensors(*quantized);
    fmt::print("{}: {} bytes, sha256 {}\n", arguments.output, file_bytes, sha256);
    return 0;
  }
  json tensors = json::array();
  for (const QuantizedTensor& tensor : quantized->tensors) tensors.push_back(to_json(tensor));
  const json report = {{"output", arguments.output},
                       {"recipe", arguments.recipe},
                       {"file_bytes", file_bytes},
                       {"sha256", sha256},
                       {"tensors", std::move(tensors)}};
  fmt::print("{}\n", report.dump(2));
  return 0;
}

void add_quantize(CLI::App& app, Command* chosen) {
  auto arguments = std::make_shared<QuantizeArguments>();
  CLI::App* command = app.add_subcommand("quantize", "Write a model under another recipe");
  command->add_option("model", arguments->model, "The GGUF file")->required();
  command
      ->add_option("--recipe", arguments->recipe, fmt::format("One of {}", fmt::join(recipe_names(), ", ")))
      ->required();
  command->add_option("-o,--output", arguments->output, "The GGUF file to write")->required();
  command->add_flag("--json", arguments->as_json, "Report as JSON");
  command->callback([=] { *chosen = [arguments] { return run_quantize(*arguments); }; });
}

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
    fmt::print("{}\n", report.dump(2));
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
      fmt::print("{}", arguments->as_json ? inspection.dump(2) + "\n" : inspection_text(inspection));
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
  add_quantize(app, chosen);
  add_image(app, chosen);
  add_inspect(app, chosen);
  add_random(app, chosen);
}

}  // namespace slmrig::forge
