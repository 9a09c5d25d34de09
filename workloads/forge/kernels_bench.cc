// What kernels cost on microcontrollers: instructions for each multiply-accumulate, counted by QEMU, and
// those of a whole token of wrist-wide in int8 at context 64 for each multiply-accumulate with weights.
//
// The figures are counts, the same in every run; `real_time` is 0 because an emulated core has none.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include "harness/base/file.h"
#include "workloads/forge/gguf.h"
#include "workloads/forge/image_writer.h"
#include "workloads/forge/quantize.h"
#include "workloads/runtime/probe/emulated_test.h"

namespace slmrig::forge {
namespace {

using runtime::probe::EmulatedBoard;

constexpr const char* kModel = "workloads/models/wrist-wide/wrist-wide.gguf";
constexpr const char* kRecipes[] = {"int8", "int4", "nf4", "2bit"};
constexpr int kPosition = 64;
constexpr std::uint32_t kContextTokens = 72;  // the probe's

void add_count(const std::string& name, const std::string& counter, double value) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [counter, value](benchmark::State& state) {
                                 for (auto _ : state) state.SetIterationTime(0.0);
                                 state.counters[counter] = value;
                               })
      ->Iterations(1)
      ->UseManualTime();
}

void add_error(const std::string& name, const std::string& message) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [message](benchmark::State& state) { state.SkipWithError(message.c_str()); });
}

void add_cases(const EmulatedBoard& board) {
  std::string output;
  const auto results = run_cases(board, &output);
  if (results.empty()) return add_error(board.cpu, "the emulator failed: " + output);
  // Elementwise operators have their share in a whole token.
  static const std::regex kProducts("(.*_(decode|prefill)|scores|mix)");
  for (const auto& [name, result] : results) {
    if (!std::regex_match(name, kProducts)) continue;
    add_count(board.cpu + "/" + name, "instructions/mac", result.instructions / result.macs);
  }
}

base::Result<std::filesystem::path> write_recipe_image(const std::string& recipe) {
  SLMRIG_ASSIGN(const GgufFile file, load_gguf(kModel));
  SLMRIG_ASSIGN(const Quantized quantized, quantize(file, recipe));
  SLMRIG_ASSIGN(const ImageBuild build, write_image(quantized.file, {}, {.context_tokens = kContextTokens}));
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("slmrig-kernels-" + recipe + ".image");
  SLMRIG_TRY(base::write_file_atomically(path, std::span<const std::uint8_t>(build.bytes)));
  return path;
}

void add_tokens(const std::string& recipe) {
  const auto image = write_recipe_image(recipe);
  for (const char* cpu : {"cortex-m4", "cortex-m33", "cortex-m55"}) {
    const std::string name = std::string(cpu) + "/whole_token_" + recipe + "_at_64";
    if (!image) {
      add_error(name, image.error().text());
      continue;
    }
    std::string output;
    const auto tokens = run_tokens_of(runtime::probe::emulated_board(cpu), image->string(), &output);
    if (const auto token = tokens.find(kPosition); token != tokens.end()) {
      add_count(name, "instructions/weight-mac", token->second.instructions / token->second.macs);
    } else {
      add_error(name, "the emulator failed: " + output);
    }
  }
  std::error_code ignored;
  if (image) std::filesystem::remove(*image, ignored);
}

void add_all() {
  for (const EmulatedBoard& board : runtime::probe::emulated_boards()) add_cases(board);
  for (const char* recipe : kRecipes) add_tokens(recipe);
}

}  // namespace
}  // namespace slmrig::forge

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  slmrig::forge::add_all();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
