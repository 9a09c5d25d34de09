// How fast the runtime decodes and prefills on this host, on one thread.
//
// `./dev bench decode`: wrist-wide under the recipes. With files named, `decode_bench FILE...`, those GGUF
// files as they are: how a peer is compared (tests/perf/decode_vs_llama_cpp.mjs). Counters, by processor time
// so that a busy machine disturbs less: tokens/s, and multiply-accumulates with weights a second.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "workloads/forge/gguf.h"
#include "workloads/forge/image_writer.h"
#include "workloads/forge/model_runner.h"
#include "workloads/forge/quantize.h"

namespace slmrig::forge {
namespace {

constexpr const char* kModel = "workloads/models/wrist-wide/wrist-wide.gguf";
constexpr const char* kRecipes[] = {"f32", "f16", "int8", "int4", "int4-k", "nf4", "2bit"};
constexpr std::uint32_t kDecodeTokens = 128;  // as llama-bench's tg128
constexpr std::uint32_t kPromptTokens = 256;  // pp256
constexpr std::uint32_t kContextTokens = 288;

using Open = std::function<base::Result<ModelRunner>()>;

// In a context that a prompt of kPromptTokens does not fill, whatever the model was trained for.
base::Result<ModelRunner> run_file(GgufFile file) {
  SLMRIG_ASSIGN(const std::string architecture, file.string_of("general.architecture"));
  file.set(architecture + ".context_length", kContextTokens);
  SLMRIG_ASSIGN(const ImageBuild build, write_image(file, {}, {}));
  return ModelRunner::from_image(build.bytes, {});
}

base::Result<ModelRunner> open_recipe(const std::string& recipe) {
  SLMRIG_ASSIGN(const GgufFile file, load_gguf(kModel));
  SLMRIG_ASSIGN(Quantized quantized, quantize(file, recipe));
  return run_file(std::move(quantized.file));
}

base::Result<ModelRunner> open_file(const std::filesystem::path& path) {
  SLMRIG_ASSIGN(GgufFile file, load_gguf(path));
  return run_file(std::move(file));
}

void report(benchmark::State& state, ModelRunner& model, std::uint64_t tokens) {
  const auto macs = static_cast<double>(model.runtime().weight_macs_per_token());
  state.counters["tokens/s"] = benchmark::Counter(static_cast<double>(tokens), benchmark::Counter::kIsRate);
  state.counters["macs/s"] =
      benchmark::Counter(static_cast<double>(tokens) * macs, benchmark::Counter::kIsRate);
  state.SetLabel(model.runtime().kernel_isa());
}

// From an empty context.
void decode(benchmark::State& state, const Open& open) {
  auto model = open();
  if (!model) return state.SkipWithError(model.error().text().c_str());
  runtime::Runtime& runtime = model->runtime();
  std::uint64_t tokens = 0;
  const std::int32_t first = runtime.bos_id();
  for (auto _ : state) {
    bool good =
        runtime.begin({}) == runtime::Status::kOk && runtime.prefill(&first, 1) == runtime::Status::kOk;
    for (std::uint32_t i = 0; good && i < kDecodeTokens; ++i) {
      std::int32_t id = 0;
      bool is_end = false;
      good = runtime.next_token(&id, &is_end) == runtime::Status::kOk;
      benchmark::DoNotOptimize(id);
    }
    if (!good) return state.SkipWithError("the runtime failed");
    tokens += kDecodeTokens;
  }
  report(state, *model, tokens);
}

void prefill(benchmark::State& state, const Open& open, std::uint32_t count) {
  auto model = open();
  if (!model) return state.SkipWithError(model.error().text().c_str());
  runtime::Runtime& runtime = model->runtime();
  std::vector<std::int32_t> ids(count);
  for (std::uint32_t i = 0; i < count; ++i) ids[i] = static_cast<std::int32_t>(3 + (i * 37) % 256);
  std::uint64_t tokens = 0;
  for (auto _ : state) {
    const bool good = runtime.begin({}) == runtime::Status::kOk &&
                      runtime.prefill(ids.data(), count) == runtime::Status::kOk;
    if (!good) return state.SkipWithError("the runtime failed");
    tokens += count;
  }
  report(state, *model, tokens);
}

void add_benchmarks(const std::string& name, const Open& open) {
  benchmark::RegisterBenchmark(("decode/" + name).c_str(), decode, open)->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark(("prefill/" + name).c_str(), prefill, open, kPromptTokens)
      ->Unit(benchmark::kMillisecond);
}

}  // namespace

int run(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    const std::filesystem::path path = argv[i];
    if (path.extension() != ".gguf") {
      std::fprintf(stderr, "decode_bench: '%s' is neither a GGUF file nor an option of a benchmark\n",
                   argv[i]);
      return 2;
    }
    add_benchmarks(path.stem().string(), [path] { return open_file(path); });
  }
  if (argc == 1) {
    for (const std::string recipe : kRecipes) {
      add_benchmarks("wrist-wide-" + recipe, [recipe] { return open_recipe(recipe); });
    }
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace slmrig::forge

int main(int argc, char** argv) { return slmrig::forge::run(argc, argv); }
