// The runtime's forward pass against a reference in double, and against itself.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include "workloads/forge/image_writer.h"
#include "workloads/forge/llama_model.h"
#include "workloads/forge/model_runner.h"
#include "workloads/forge/quantize.h"
#include "workloads/forge/random_model.h"
#include "workloads/forge/reference_llama_test.h"

namespace slmrig::forge {
namespace {

using runtime::Status;

const std::vector<std::int32_t> kIds = {1, 300, 17, 411, 260, 499, 3, 258, 320, 300, 17};

GgufFile small_model(std::string_view recipe, bool tied_output = true) {
  RandomModelOptions options;
  options.tied_output = tied_output;
  auto quantized = quantize(random_model(options), recipe);
  REQUIRE(quantized);
  return std::move(quantized->file);
}

ModelRunner runner_of(const GgufFile& file, const runtime::KernelSet* kernels = nullptr) {
  auto build = write_image(file, {}, {});
  REQUIRE(build);
  auto runner = ModelRunner::from_image(build->bytes, {0, kernels});
  REQUIRE(runner);
  return std::move(*runner);
}

std::vector<float> logits_after(ModelRunner& runner, const std::vector<std::int32_t>& ids) {
  runtime::Runtime& runtime = runner.runtime();
  REQUIRE(runtime.begin({}) == Status::kOk);
  REQUIRE(runtime.prefill(ids.data(), static_cast<std::uint32_t>(ids.size())) == Status::kOk);
  return {runtime.logits(), runtime.logits() + runtime.header().vocabulary_tokens};
}

// Largest difference over the largest magnitude of the reference.
double relative_error(const std::vector<float>& logits, const std::vector<double>& reference) {
  double error = 0.0;
  double size = 0.0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    error = std::max(error, std::fabs(static_cast<double>(logits[i]) - reference[i]));
    size = std::max(size, std::fabs(reference[i]));
  }
  return error / size;
}

TEST_CASE("f32 logits are those of the reference, for every length of a prompt") {
  const GgufFile file = small_model("f32");
  const auto model = read_llama(file);
  REQUIRE(model);
  ModelRunner runner = runner_of(file);
  for (std::size_t length = 1; length <= kIds.size(); ++length) {
    INFO(length << " tokens");
    const std::vector<std::int32_t> ids(kIds.begin(), kIds.begin() + static_cast<std::ptrdiff_t>(length));
    CHECK(relative_error(logits_after(runner, ids), reference_logits(*model, ids)) < 1e-5);
  }
}

uint64_t g_looks_at_clock = 0;
uint64_t count_looks() { return ++g_looks_at_clock; }

TEST_CASE("Past the deadline a prompt is stopped after a batch, and one in time has the same logits") {
  ModelRunner runner = runner_of(small_model("int8"), &runtime::plain_kernels());
  runtime::Runtime& runtime = runner.runtime();
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 2; ++i) ids.insert(ids.end(), kIds.begin(), kIds.end());
  const auto count = static_cast<std::uint32_t>(ids.size());
  const std::vector<float> wanted = logits_after(runner, ids);
  const std::uint32_t batch = runtime::plain_kernels().batch_tokens;
  const std::uint64_t between_batches = (count + batch - 1) / batch - 1;
  REQUIRE(between_batches > 3);
  for (const std::uint64_t end_ticks : {std::uint64_t{0}, std::uint64_t{2}, between_batches}) {
    g_looks_at_clock = 0;
    REQUIRE(runtime.begin({}) == Status::kOk);
    REQUIRE(runtime.prefill(ids.data(), count, {count_looks, end_ticks}) == Status::kOk);
    const bool in_time = end_ticks == between_batches;
    CHECK(g_looks_at_clock == (in_time ? between_batches : end_ticks + 1));
    CHECK((runtime.logits() != nullptr) == in_time);
    if (in_time) CHECK(std::equal(wanted.begin(), wanted.end(), runtime.logits()));
    std::int32_t id = 0;
    bool is_end = false;
    CHECK((runtime.next_token(&id, &is_end) == Status::kOk) == in_time);
  }
  CHECK(logits_after(runner, ids) == wanted);
}

TEST_CASE("An output head of its own and long-context factors are honoured") {
  GgufFile file = small_model("f32", false);
  std::vector<float> factors(8);
  for (std::size_t i = 0; i < factors.size(); ++i) factors[i] = 1.0F + 0.25F * static_cast<float>(i);
  REQUIRE(file.add_floats("rope_freqs.weight", {8}, factors));
  const auto model = read_llama(file);
  REQUIRE(model);
  REQUIRE(model->output != nullptr);
  ModelRunner runner = runner_of(file);
  CHECK(relative_error(logits_after(runner, kIds), reference_logits(*model, kIds)) < 1e-5);
}

TEST_CASE("qwen2's biases and gemma's gate and scale, and pairs half a head apart, are honoured") {
  const std::string architecture = GENERATE(as<std::string>{}, "qwen2", "gemma");
  INFO(architecture);
  RandomModelOptions options;
  options.architecture = architecture;
  const GgufFile file = random_model(options);
  const auto model = read_llama(file);
  REQUIRE(model);
  CHECK((model->layers[1].query_bias != nullptr) == (architecture == "qwen2"));
  ModelRunner runner = runner_of(file);
  CHECK(relative_error(logits_after(runner, kIds), reference_logits(*model, kIds)) < 1e-5);
  // As does a quantized model, whose rows are interleaved after they were reordered.
  auto quantized = quantize(file, "int8");
  REQUIRE(quantized);
  const auto int8 = read_llama(quantized->file);
  REQUIRE(int8);
  ModelRunner int8_runner = runner_of(quantized->file);
  CHECK(relative_error(logits_after(int8_runner, kIds), reference_logits(*int8, kIds)) < 0.03);
}

TEST_CASE("Architectures and tensors that the runtime does not run are refused by name") {
  RandomModelOptions options;
  options.architecture = "mamba";
  auto refused = read_llama(random_model(options));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::kUnsupported);
  CHECK(refused.error().text().find("`mamba`") != std::string::npos);
  GgufFile file = random_model({});
  file.set("llama.expert_count", std::uint32_t{8});
  refused = read_llama(file);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text().find("8 experts (llama.expert_count)") != std::string::npos);
  file = random_model({});
  REQUIRE(file.add_floats("blk.1.attn_q_norm.weight", {16}, std::vector<float>(16, 1.0F)));
  refused = read_llama(file);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text().find("`blk.1.attn_q_norm.weight`") != std::string::npos);
}

TEST_CASE("int8 logits stay near a reference on the same dequantized weights") {
  const GgufFile file = small_model("int8");
  const auto model = read_llama(file);
  REQUIRE(model);
  CHECK(model->variant == "int8");
  ModelRunner runner = runner_of(file);
  // What is left is the quantization of activations: about half a percent a product.
  CHECK(relative_error(logits_after(runner, kIds), reference_logits(*model, kIds)) < 0.03);
}

TEST_CASE("Logits do not depend on how a prompt is cut into calls") {
  for (const char* recipe : {"f32", "int8"}) {
    INFO(recipe);
    ModelRunner runner = runner_of(small_model(recipe));
    const std::vector<float> at_once = logits_after(runner, kIds);
    runtime::Runtime& runtime = runner.runtime();
    REQUIRE(runtime.begin({}) == Status::kOk);
    for (const std::int32_t id : kIds) REQUIRE(runtime.prefill(&id, 1) == Status::kOk);
    CHECK(std::memcmp(runtime.logits(), at_once.data(), at_once.size() * sizeof(float)) == 0);
  }
}

TEST_CASE("Plain and fastest kernels give the same bits for a whole model") {
  for (const char* recipe : {"f32", "int8"}) {
    INFO(recipe);
    const GgufFile file = small_model(recipe);
    ModelRunner fast = runner_of(file);
    ModelRunner plain = runner_of(file, &runtime::plain_kernels());
    const std::vector<float> a = logits_after(fast, kIds);
    const std::vector<float> b = logits_after(plain, kIds);
    CHECK(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
  }
}

TEST_CASE("The same seed gives the same tokens, another seed others") {
  ModelRunner runner = runner_of(small_model("int8"));
  GenerationSettings settings;
  settings.max_new_tokens = 40;
  settings.stop_at_end = false;
  settings.sampling = {40, 0.9F, 5};
  const auto first = runner.generate("set the heat", settings);
  const auto second = runner.generate("set the heat", settings);
  settings.sampling.seed = 6;
  const auto other = runner.generate("set the heat", settings);
  REQUIRE((first && second && other));
  CHECK(first->token_ids.size() == 40);
  CHECK(first->token_ids == second->token_ids);
  CHECK(first->token_ids != other->token_ids);
}

TEST_CASE("A generation ends where the context does, and a long prompt is refused") {
  ModelRunner runner = runner_of(small_model("f32"));
  GenerationSettings settings;
  settings.max_new_tokens = 1000;
  settings.stop_at_end = false;
  const auto generation = runner.generate("abc", settings);
  REQUIRE(generation);
  // The last token is sampled from the last position and not run.
  CHECK(generation->prompt_tokens + generation->token_ids.size() == 64 + 1);
  const auto refused = runner.generate(std::string(200, 'q'), settings);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::kBadInput);
}

TEST_CASE("Keys and values in f16 or int8 take less room and cost little accuracy") {
  const GgufFile file = small_model("f32");
  const auto model = read_llama(file);
  REQUIRE(model);
  auto build = write_image(file, {}, {});
  REQUIRE(build);
  const std::vector<double> reference = reference_logits(*model, kIds);
  struct Case {
    runtime::KvFormat format;
    std::uint64_t kv_bytes;  // layers, k and v, context, kv heads, a row
    double most_error;
  };
  for (const Case& each : {Case{runtime::KvFormat::kF16, 2ULL * 2 * 64 * 2 * 32, 1e-3},
                           Case{runtime::KvFormat::kInt8, 2ULL * 2 * 64 * 2 * 20, 2e-2}}) {
    RunnerOptions options;
    options.kv_format = each.format;
    auto runner = ModelRunner::from_image(build->bytes, options);
    REQUIRE(runner);
    const std::vector<float> logits = logits_after(*runner, kIds);
    CHECK(runner->runtime().memory().kv_bytes == each.kv_bytes);
    const double error = relative_error(logits, reference);
    CHECK(error < each.most_error);
    CHECK(error > 1e-6);
    options.kernels = &runtime::plain_kernels();
    auto plain = ModelRunner::from_image(build->bytes, options);
    REQUIRE(plain);
    CHECK(logits_after(*plain, kIds) == logits);
  }
}

TEST_CASE("Memory is reported by class and stays within what was asked for") {
  ModelRunner runner = runner_of(small_model("int8"));
  GenerationSettings settings;
  settings.sampling = {10, 1.0F, 1};
  REQUIRE(runner.generate("abc", settings));
  const runtime::Memory memory = runner.runtime().memory();
  CHECK(memory.weights_bytes == runner.info().image_bytes);
  CHECK(memory.kv_bytes == 2ULL * 2 * 64 * 32 * 4);  // layers, k and v, context, kv width, float
  CHECK(memory.activations_bytes > 0);
  CHECK(memory.scratch_bytes > 0);
  const runtime::ArenaNeed need = runtime::arena_need(runner.runtime().header(), {});
  CHECK(memory.kv_bytes + memory.activations_bytes + memory.scratch_bytes <= need.total_bytes);
}

TEST_CASE("An arena that is a byte too small is refused with the size that is needed") {
  auto build = write_image(small_model("int8"), {}, {});
  REQUIRE(build);
  const AlignedBytes image(build->bytes);
  runtime::Runtime runtime;
  std::size_t needed = 0;
  CHECK(runtime.load(image.data(), image.size(), {}, nullptr, 0, &needed) == Status::kArenaTooSmall);
  AlignedBytes arena(needed);
  CHECK(runtime.load(image.data(), image.size(), {}, arena.data(), needed - 1, &needed) ==
        Status::kArenaTooSmall);
  CHECK(runtime.load(image.data(), image.size(), {}, arena.data(), needed, &needed) == Status::kOk);
}

TEST_CASE("Calls out of order are refused") {
  runtime::Runtime runtime;
  std::int32_t id = 0;
  bool is_end = false;
  CHECK(runtime.begin({}) == Status::kNotLoaded);
  CHECK(runtime.next_token(&id, &is_end) == Status::kNotLoaded);
  ModelRunner runner = runner_of(small_model("f32"));
  CHECK(runner.runtime().begin({}) == Status::kOk);
  CHECK(runner.runtime().next_token(&id, &is_end) == Status::kBadArgument);
  id = 512;
  CHECK(runner.runtime().prefill(&id, 1) == Status::kBadArgument);
  CHECK(runner.runtime().begin({runtime::kMaxTopK + 1, 1.0F, 1}) == Status::kBadArgument);
}

}  // namespace
}  // namespace slmrig::forge
