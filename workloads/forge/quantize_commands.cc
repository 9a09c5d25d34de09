// quantize, imatrix: a model under another recipe, and what its inputs are like.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/sha256.h"
#include "workloads/forge/commands.h"
#include "workloads/forge/print_json.h"
#include "workloads/forge/quantize.h"
#include "workloads/forge/train_loop.h"

namespace slmrig::forge {

using base::Result;
using nlohmann::json;

namespace {

// Neither done nor wrong: a row of results that says why it is empty.
constexpr int kNotApplicable = 3;

constexpr std::string_view kCalibrationHelp =
    "A text of the kind that the model is for, never the one it is judged by; bundled models have their own";

struct QuantizeArguments {
  std::string model;
  std::string recipe;
  std::string output;
  std::string calibration;
  std::string imatrix;
  bool allow_requantize = false;
  bool allow_fallback = false;
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
          {"method", tensor.method},
          {"bytes_before", tensor.bytes_before},
          {"bytes_after", tensor.bytes_after},
          {"relative_rmse", tensor.relative_rmse},
          {"fell_back", tensor.fell_back},
          {"requantized", tensor.requantized}};
}

std::string notes_of(const QuantizedTensor& tensor) {
  std::string notes;
  if (tensor.fell_back) notes += "  fell back";
  if (tensor.requantized) notes += "  requantized";
  return notes;
}

void print_tensors(const Quantized& quantized) {
  fmt::print("{:<32} {:>6} -> {:<6} {:<8} {:>10} {:>10} {:>10}\n", "tensor", "from", "to", "method", "bytes",
             "before", "rel. rmse");
  for (const QuantizedTensor& tensor : quantized.tensors) {
    fmt::print("{:<32} {:>6} -> {:<6} {:<8} {:>10} {:>10} {:>10.5f}{}\n", tensor.name,
               type_name(tensor.type_before), type_name(tensor.type_after), tensor.method, tensor.bytes_after,
               tensor.bytes_before, tensor.relative_rmse, notes_of(tensor));
  }
}

int report_not_applicable(const QuantizeArguments& arguments, const std::string& reason) {
  if (arguments.as_json) {
    const json report = {{"error", {{"kind", "not_applicable"}, {"message", reason}}}};
    print_json(report);
  } else {
    fmt::print(stderr, "slmforge: {}: {}\n", arguments.model, reason);
  }
  return kNotApplicable;
}

base::Done report(const QuantizeArguments& arguments, const Recipe& recipe, const Quantized& quantized) {
  SLMRIG_ASSIGN(const std::string sha256, base::sha256_hex_of_file(arguments.output));
  std::error_code problem;
  const std::uintmax_t file_bytes = std::filesystem::file_size(arguments.output, problem);
  if (problem) return base::fail(base::ErrorCode::kIo, problem.message(), arguments.output);
  if (!arguments.as_json) {
    print_tensors(quantized);
    fmt::print("{}: {} bytes, sha256 {}\n", arguments.output, file_bytes, sha256);
    return {};
  }
  json tensors = json::array();
  for (const QuantizedTensor& tensor : quantized.tensors) tensors.push_back(to_json(tensor));
  const json document = {{"output", arguments.output},
                         {"recipe", recipe.name},
                         {"file_bytes", file_bytes},
                         {"sha256", sha256},
                         {"tensors", std::move(tensors)}};
  print_json(document);
  return {};
}

Result<int> run_quantize(const QuantizeArguments& arguments) {
  prefer_fast_blas();
  SLMRIG_ASSIGN(const GgufFile file, load_gguf(arguments.model));
  SLMRIG_ASSIGN(const Recipe recipe, find_recipe(arguments.recipe));
  QuantizeOptions options;
  options.model_path = arguments.model;
  options.allow_requantize = arguments.allow_requantize;
  options.allow_fallback = arguments.allow_fallback;
  options.without_calibration = arguments.calibration == "none";
  std::optional<CalibrationTokens> calibration;
  if (!arguments.calibration.empty() && !options.without_calibration) {
    SLMRIG_ASSIGN(calibration, calibration_from_text(file, arguments.calibration));
    options.calibration = &*calibration;
  }
  std::optional<Imatrix> imatrix;
  if (!arguments.imatrix.empty()) {
    SLMRIG_ASSIGN(imatrix, load_imatrix(arguments.imatrix));
    options.imatrix = &*imatrix;
  }
  const std::string reason = not_applicable_reason(file, recipe, options);
  if (!reason.empty()) return report_not_applicable(arguments, reason);
  auto quantized = quantize(file, recipe, options);
  if (!quantized) return tl::unexpected(base::within(arguments.model, quantized.error()));
  SLMRIG_TRY(save_gguf(quantized->file, arguments.output));
  SLMRIG_TRY(report(arguments, recipe, *quantized));
  return 0;
}

void add_quantize(CLI::App& app, Command* chosen) {
  auto arguments = std::make_shared<QuantizeArguments>();
  CLI::App* command = app.add_subcommand("quantize", "Write a model under another recipe");
  command->add_option("model", arguments->model, "The GGUF file")->required();
  command
      ->add_option("--recipe", arguments->recipe,
                   fmt::format("One of {}, or a JSON file", fmt::join(recipe_names(), ", ")))
      ->required();
  command->add_option("-o,--output", arguments->output, "The GGUF file to write")->required();
  command->add_option("--calibration", arguments->calibration,
                      fmt::format("{}; `none` rounds without", kCalibrationHelp));
  command->add_option("--imatrix", arguments->imatrix,
                      "An importance matrix of llama.cpp (.dat or GGUF) instead of what the text says");
  command->add_flag("--allow-requantize", arguments->allow_requantize,
                    "Accept weights that are quantized already");
  command->add_flag("--allow-fallback", arguments->allow_fallback,
                    "Where rows do not fit a type's blocks, take the recipe's next type");
  command->add_flag("--json", arguments->as_json, "Report as JSON");
  command->footer("Exit code 3: the recipe cannot apply to this model.");
  command->callback([=] { *chosen = [arguments] { return run_quantize(*arguments); }; });
}

struct ImatrixArguments {
  std::string model;
  std::string calibration;
  std::string output;
};

Result<int> run_imatrix(const ImatrixArguments& arguments) {
  prefer_fast_blas();
  SLMRIG_ASSIGN(const GgufFile file, load_gguf(arguments.model));
  SLMRIG_ASSIGN(const CalibrationTokens tokens, arguments.calibration.empty()
                                                    ? bundled_calibration(file)
                                                    : calibration_from_text(file, arguments.calibration));
  auto imatrix = collect_imatrix(file, tokens);
  if (!imatrix) return tl::unexpected(base::within(arguments.model, imatrix.error()));
  // llama.cpp counts batches of its context, 512 tokens.
  const auto calls = static_cast<std::int32_t>(std::max<std::uint64_t>(1, tokens.token_count / 512));
  SLMRIG_TRY(save_imatrix(*imatrix, calls, arguments.output));
  fmt::print("{}: {} matrices, {} tokens of {}\n", arguments.output, imatrix->mean_squares.size(),
             tokens.token_count, tokens.source);
  return 0;
}

void add_imatrix(CLI::App& app, Command* chosen) {
  auto arguments = std::make_shared<ImatrixArguments>();
  CLI::App* command =
      app.add_subcommand("imatrix", "Write how much each input of each layer matters on a text");
  command->add_option("model", arguments->model, "The GGUF file")->required();
  command->add_option("--calibration", arguments->calibration, std::string(kCalibrationHelp));
  command->add_option("-o,--output", arguments->output, "The importance matrix to write, as llama.cpp's .dat")
      ->required();
  command->callback([=] { *chosen = [arguments] { return run_imatrix(*arguments); }; });
}

}  // namespace

void add_quantize_commands(CLI::App& app, Command* chosen) {
  add_quantize(app, chosen);
  add_imatrix(app, chosen);
}

}  // namespace slmrig::forge
