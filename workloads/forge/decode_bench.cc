// How fast the runtime decodes and prefills on this host: one thread, the model wrist-wide.
//
// `./dev bench decode`. Counters, by processor time so that a busy machine disturbs less: tokens/s, and
// multiply-accumulates with weights a second.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "workloads/forge/gguf.h"
#include "workloads/forge/image_writer.h"
#include "workloads/forge/model_runner.h"
#include "workloads/forge/quantize.h"

namespace slmrig::forge {
namespace {

constexpr const char* kModel = "workloads/models/wrist-wide/wrist-wide.gguf";
constexpr std::uint32_t kDecodeTokens = 128;

base::Result<ModelRunner> open_variant(const std::string& recipe) {
  SLMRIG_ASSIGN(const GgufFile file, load_gguf(kModel));
  SLMRIG_ASSIGN(const Quantized quantized, quantize(file, recipe));
  SLMRIG_ASSIGN(const ImageBuild build, write_image(quantized.file, {}, {}));
  return ModelRunner::from_image(build.bytes, {});
}

void report(benchmark::State& state, ModelRunner& model, std::uint64_t tokens) {
  const auto macs = static_cast<double>(model.runtime().weight_macs_per_token());
  state.counters["tokens/s"] = benchmark::Counter(static_cast<double>(tokens), benchmark::Counter::kIsRate);
  state.counters["macs/s"] =
      benchmark::Counter(static_cast<double>(tokens) * macs, benchmark::Counter::kIsRate);
  state.SetLabel(model.runtime().kernel_isa());
}

// From an empty context, as llama-bench's tg128 does.
void decode(benchmark::State& state, const std::string& recipe) {
  auto model = open_variant(recipe);
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

void prefill(benchmark::State& state, const std::string& recipe) {
  auto model = open_variant(recipe);
  if (!model) return state.SkipWithError(model.error().text().c_str());
  runtime::Runtime& runtime = model->runtime();
  const auto count = static_cast<std::uint32_t>(state.range(0));
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

BENCHMARK_CAPTURE(decode, wrist_wide_int8, std::string("int8"))->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode, wrist_wide_f32, std::string("f32"))->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(prefill, wrist_wide_int8, std::string("int8"))
    ->Arg(16)
    ->Arg(64)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace slmrig::forge

BENCHMARK_MAIN();
