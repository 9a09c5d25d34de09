// Block formats, recipes and images: golden bytes, error bounds, refusals.
#include <catch2/catch.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/base/sha256.h"
#include "workloads/forge/block_formats.h"
#include "workloads/forge/image_layout.h"
#include "workloads/forge/image_writer.h"
#include "workloads/forge/llama_model.h"
#include "workloads/forge/quantize.h"
#include "workloads/forge/random_model.h"
#include "workloads/runtime/image.h"

namespace slmrig::forge {
namespace {

TEST_CASE("Every half becomes a float and the same half again") {
  for (std::uint32_t half = 0; half < 0x10000; ++half) {
    const bool is_nan = (half & 0x7C00U) == 0x7C00U && (half & 0x3FFU) != 0;
    const float value = float_from_half(static_cast<std::uint16_t>(half));
    if (is_nan) {
      CHECK(std::isnan(value));
    } else {
      REQUIRE(half_from_float(value) == half);
    }
  }
}

TEST_CASE("Floats round to the nearest half, ties to even") {
  CHECK(half_from_float(1.0F + 1.0F / 2048.0F) == 0x3C00);   // tie, even below
  CHECK(half_from_float(1.0F + 3.0F / 2048.0F) == 0x3C02);   // tie, even above
  CHECK(half_from_float(1.0F + 1.01F / 2048.0F) == 0x3C01);  // just above a tie
  CHECK(half_from_float(65519.0F) == 0x7BFF);
  CHECK(half_from_float(65520.0F) == 0x7C00);
  CHECK(half_from_float(-1e30F) == 0xFC00);
  CHECK(half_from_float(std::ldexp(1.0F, -25)) == 0x0000);  // tie at half the least subnormal
  CHECK(half_from_float(std::ldexp(1.5F, -25)) == 0x0001);
}

TEST_CASE("A Q8_0 block has the bytes of the reference encoder") {
  std::vector<float> x(32);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i) - 10.0F;
  x[31] = -25.4F;  // scale 0.2
  const std::vector<std::byte> block = quantize_q8_0(x);
  REQUIRE(block.size() == 34);
  std::uint16_t scale = 0;
  std::memcpy(&scale, block.data(), 2);
  CHECK(scale == 0x3266);  // 0.2 as a half
  CHECK(static_cast<std::int8_t>(block[2]) == -50);
  CHECK(static_cast<std::int8_t>(block[2 + 10]) == 0);
  CHECK(static_cast<std::int8_t>(block[2 + 30]) == 100);
  CHECK(static_cast<std::int8_t>(block[2 + 31]) == -127);
  const std::vector<std::byte> zeros = quantize_q8_0(std::vector<float>(32));
  for (const std::byte byte : zeros) CHECK(byte == std::byte{0});
}

TEST_CASE("Q8_0 of normal weights loses about half a percent") {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> x(65536);
  for (float& value : x) value = normal(random);
  GgufFile file;
  REQUIRE(file.add_tensor("t", kGgmlQ8_0, {256, 256}, quantize_q8_0(x)));
  const auto back = dequantize(file.tensors()[0]);
  REQUIRE(back);
  CHECK(relative_rmse(x, *back) == Approx(0.00534).epsilon(0.03));
}

TEST_CASE("The rope table is cosine and sine of position over the base's powers") {
  const std::vector<float> factors = {1.0F, 2.0F};
  const std::vector<float> table = rope_table({4, 4, 100.0, 2.0, factors});
  REQUIRE(table.size() == 16);
  CHECK(table[0] == 1.0F);
  CHECK(table[1] == 0.0F);
  CHECK(static_cast<double>(table[12]) == Approx(std::cos(1.5)));
  CHECK(static_cast<double>(table[13]) == Approx(std::sin(1.5)));
  CHECK(static_cast<double>(table[15]) == Approx(std::sin(1.5 / 10.0 / 2.0)));
}

TEST_CASE("Recipes change the types they promise, and nothing that is right already") {
  const GgufFile file = random_model({});
  const auto int8 = quantize(file, "int8");
  REQUIRE(int8);
  for (const GgufTensor& tensor : int8->file.tensors()) {
    CHECK(tensor.type == (tensor.dims.size() == 2 ? kGgmlQ8_0 : kGgmlF32));
  }
  const auto model = read_llama(int8->file);
  REQUIRE(model);
  CHECK(model->variant == "int8");
  const auto again = quantize(int8->file, "int8");
  REQUIRE(again);
  CHECK(serialise_gguf(again->file) == serialise_gguf(int8->file));
  const auto f32 = quantize(int8->file, "f32");
  REQUIRE(f32);
  CHECK(f32->file.find_tensor("token_embd.weight")->type == kGgmlF32);
}

// Widths that no block of 256 fits, nor 64 the feed-forward.
GgufFile narrow_model() {
  RandomModelOptions options;
  options.width = 64;
  options.feed_forward = 96;
  options.name = "wrist-nano";  // calibrated on the corpus
  return random_model(options);
}

Recipe recipe_of(const std::string& type, const std::string& method, const std::string& fallback) {
  auto recipe = parse_recipe(fmt::format(R"({{"name": "mine", "description": "d", "tensors": [
      {{"match": ["*"], "type": "{}", "method": "{}", "fallback": [{}]}}]}})",
                                         type, method, fallback),
                             "mine.json");
  REQUIRE(recipe);
  return std::move(*recipe);
}

// A handful of sequences: what methods do, not how well.
CalibrationTokens few_tokens() {
  CalibrationTokens tokens;
  tokens.source = "a test";
  for (std::int32_t start = 10; start < 40; ++start) {
    tokens.sequences.push_back({1, start * 7, start * 11, start * 3, start + 259, start * 5});
    tokens.token_count += 6;
  }
  return tokens;
}

TEST_CASE("A recipe that does not fit is refused by tensor, and falls back only when told to, on record") {
  const GgufFile file = narrow_model();
  const Recipe recipe = recipe_of("NF4", "nearest", R"("Q4_0")");
  const std::string reason = not_applicable_reason(file, recipe, {});
  CHECK(reason.find("blk.0.ffn_down.weight") != std::string::npos);
  CHECK(reason.find("rows of 96 weights, NF4 needs a multiple of 64") != std::string::npos);
  CHECK(reason.find("as Q4_0") != std::string::npos);
  const auto refused = quantize(file, recipe, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == reason);

  QuantizeOptions options;
  options.allow_fallback = true;
  const auto fallen = quantize(file, recipe, options);
  REQUIRE(fallen);
  CHECK(fallen->file.find_tensor("blk.0.ffn_down.weight")->type == kGgmlQ4_0);
  CHECK(fallen->file.find_tensor("blk.0.ffn_up.weight")->type == kGgmlNf4);
  CHECK(fallen->file.strings_of("slmrig.quantize.fallback").value() ==
        std::vector<std::string>{"blk.0.ffn_down.weight: NF4 to Q4_0", "blk.1.ffn_down.weight: NF4 to Q4_0"});
}

TEST_CASE("Weights that are quantized already are not rounded again unless told to, on record") {
  const auto int8 = quantize(narrow_model(), "int8");
  REQUIRE(int8);
  const Recipe recipe = recipe_of("Q4_0", "nearest", "");
  const auto refused = quantize(int8->file, recipe, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::kBadInput);
  CHECK(refused.error().message.find("--allow-requantize") != std::string::npos);
  QuantizeOptions options;
  options.allow_requantize = true;
  const auto twice = quantize(int8->file, recipe, options);
  REQUIRE(twice);
  const auto record = twice->file.strings_of("slmrig.quantize.requantized");
  REQUIRE(record);
  CHECK(std::find(record->begin(), record->end(), "blk.1.attn_q.weight: Q8_0 to Q4_0") != record->end());
  CHECK_FALSE(quantize(int8->file, "f16")->file.find("slmrig.quantize.requantized"));
}

TEST_CASE("Methods are those of the recipe, and calibration is on record") {
  const GgufFile file = narrow_model();
  const CalibrationTokens tokens = few_tokens();
  QuantizeOptions options;
  options.calibration = &tokens;
  const auto method_of = [](const Quantized& quantized, std::string_view name) {
    for (const QuantizedTensor& tensor : quantized.tensors) {
      if (tensor.name == name) return tensor.method;
    }
    return std::string();
  };
  const Recipe recipe = recipe_of("Q4_0", "gptq", "");
  const auto calibrated = quantize(file, recipe, options);
  REQUIRE(calibrated);
  CHECK(method_of(*calibrated, "blk.1.ffn_down.weight") == "gptq");
  CHECK(method_of(*calibrated, "token_embd.weight") ==
        "search");  // nothing is multiplied by it before the end
  CHECK(method_of(*calibrated, "output_norm.weight") == "kept");
  CHECK(calibrated->file.string_of("slmrig.quantize.calibration").value() == "a test");
  CHECK(calibrated->file.count_of("slmrig.quantize.calibration_tokens").value() == 180);
  CHECK(calibrated->file.count_of("general.file_type").value() == 2);
  CHECK(calibrated->file.string_of("slmrig.variant").value() == "mine");
  const auto again = quantize(file, recipe, options);
  CHECK(serialise_gguf(again->file) == serialise_gguf(calibrated->file));

  options.without_calibration = true;
  const auto uncalibrated = quantize(file, recipe, options);
  REQUIRE(uncalibrated);
  CHECK(method_of(*uncalibrated, "blk.1.ffn_down.weight") == "search");
  CHECK(uncalibrated->file.find("slmrig.quantize.calibration") == nullptr);
}

TEST_CASE("A recipe that needs a text refuses a model of which slmforge knows none") {
  const auto refused = quantize(random_model({}), "int4");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::kBadInput);
  CHECK(refused.error().message.find("--calibration") != std::string::npos);
}

TEST_CASE("An importance matrix is used, and refused where it is of another model") {
  const GgufFile file = narrow_model();
  const CalibrationTokens tokens = few_tokens();
  auto imatrix = collect_imatrix(file, tokens);
  REQUIRE(imatrix);
  CHECK(imatrix->mean_squares.size() == 2 * 7);
  CHECK(imatrix->mean_squares.at("blk.0.ffn_down.weight").size() == 96);
  QuantizeOptions options;
  options.without_calibration = true;
  const Recipe recipe = recipe_of("Q4_0", "search", "");
  const auto without = quantize(file, recipe, options);
  options.imatrix = &*imatrix;
  const auto with = quantize(file, recipe, options);
  REQUIRE((without && with));
  CHECK(serialise_gguf(with->file) != serialise_gguf(without->file));
  CHECK(with->file.string_of("slmrig.quantize.imatrix").value() == "a test");
  imatrix->mean_squares["blk.0.attn_q.weight"].resize(32);
  const auto refused = quantize(file, recipe, options);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("blk.0.attn_q.weight") != std::string::npos);
}

TEST_CASE("Weights that no block can hold are refused by tensor") {
  const auto error_of = [](float weight) {
    GgufFile file = narrow_model();
    GgufFile changed;
    for (const auto& [key, value] : file.metadata()) changed.set(key, value);
    for (const GgufTensor& tensor : file.tensors()) {
      std::vector<float> values(tensor.floats().begin(), tensor.floats().end());
      if (tensor.name == "blk.0.attn_k.weight") values[5] = weight;
      REQUIRE(changed.add_floats(tensor.name, tensor.dims, values));
    }
    const auto refused = quantize(changed, recipe_of("Q4_0", "nearest", ""), {});
    REQUIRE_FALSE(refused);
    return refused.error().message;
  };
  CHECK(error_of(std::numeric_limits<float>::infinity())
            .find("blk.0.attn_k.weight` holds weights that are not") != std::string::npos);
  CHECK(error_of(1e9F).find("blk.0.attn_k.weight` holds weights too large") != std::string::npos);
}

TEST_CASE("A student is taken from beside its own teacher only") {
  const auto folder = base::TemporaryDirectory::create("student-test");
  REQUIRE(folder);
  const std::filesystem::path path = folder->path() / "m.gguf";
  GgufFile file = narrow_model();
  REQUIRE(save_gguf(file, path));
  const auto recipe = find_recipe("2bit-qat");
  REQUIRE(recipe);
  QuantizeOptions options;
  options.model_path = path;
  CHECK(not_applicable_reason(file, *recipe, options).find("m.2bit-qat.gguf") != std::string::npos);
  file.set("slmrig.teacher_sha256", base::sha256_hex_of_file(path).value());
  file.set("slmrig.variant", std::string("2bit-qat"));
  REQUIRE(save_gguf(file, folder->path() / "m.2bit-qat.gguf"));
  const auto student = quantize(file, *recipe, options);
  REQUIRE(student);
  CHECK(student->tensors.size() == file.tensors().size());
  CHECK(student->file.string_of("slmrig.variant").value() == "2bit-qat");
  file.set("slmrig.teacher_sha256", std::string(64, '0'));
  REQUIRE(save_gguf(file, folder->path() / "m.2bit-qat.gguf"));
  const auto foreign = quantize(file, *recipe, options);
  REQUIRE_FALSE(foreign);
  CHECK(foreign.error().message.find("000000000000") != std::string::npos);
}

TEST_CASE("An unknown recipe is refused with the nearest") {
  const auto refused = quantize(random_model({}), "int9");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text().find("int8") != std::string::npos);
}

TEST_CASE("Images are the same bytes for the same model, and say what they need") {
  const GgufFile file = random_model({});
  const auto first = write_image(file, {}, {});
  const auto second = write_image(file, {}, {});
  REQUIRE((first && second));
  CHECK(first->bytes == second->bytes);
  CHECK(first->info.image_bytes == first->bytes.size());
  CHECK(first->info.context_tokens == 64);
  CHECK(first->info.variant == "f32");
  // embedding as head; q, k, v, o; gate, up, down; two layers
  CHECK(first->info.weight_macs_per_token == 512 * 64 + 2 * (64 * 64 + 2 * 32 * 64 + 64 * 64 + 3 * 64 * 96));
  const auto json = to_json(first->info);
  CHECK(json["arena_bytes"]["kv"] == 2 * 2 * 64 * 32 * 4);
  const auto shorter = write_image(file, {}, {32});
  REQUIRE(shorter);
  CHECK(shorter->info.arena_kv_bytes == first->info.arena_kv_bytes / 2);
  CHECK_FALSE(write_image(file, {}, {65}));
}

TEST_CASE("Models that the runtime cannot honour are refused by key or tensor") {
  const auto error_of = [](const std::function<void(GgufFile*)>& change) {
    GgufFile file = random_model({});
    change(&file);
    const auto refused = write_image(file, {}, {});
    REQUIRE_FALSE(refused);
    return refused.error().text();
  };
  const auto contains = [](const std::string& text, const std::string& part) {
    INFO(text);
    return text.find(part) != std::string::npos;
  };
  CHECK(
      contains(error_of([](GgufFile* f) { f->set("general.architecture", std::string("gemma")); }), "gemma"));
  CHECK(contains(error_of([](GgufFile* f) { f->set("llama.expert_count", std::uint32_t{8}); }), "expert"));
  CHECK(contains(error_of([](GgufFile* f) { f->set("llama.block_count", std::uint32_t{3}); }),
                 "blk.2.attn_norm"));
  CHECK(contains(error_of([](GgufFile* f) { f->set("llama.feed_forward_length", std::uint32_t{128}); }),
                 "blk.0.ffn_gate.weight"));
  CHECK(contains(error_of([](GgufFile* f) { f->set("llama.attention.head_count", std::uint32_t{0}); }),
                 "head_count"));
  CHECK(contains(error_of([](GgufFile* f) { f->set("llama.rope.scaling.type", std::string("yarn")); }),
                 "yarn"));
  CHECK(contains(error_of([](GgufFile* f) {
                   const std::vector<float> bias(96);
                   REQUIRE(f->add_floats("blk.0.ffn_up.bias", {96}, bias));
                 }),
                 "blk.0.ffn_up.bias"));
}

}  // namespace
}  // namespace slmrig::forge
