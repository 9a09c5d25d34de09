// Block formats, recipes and images: golden bytes, error bounds, refusals.
#include <catch2/catch.hpp>

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>

#include <nlohmann/json.hpp>

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

TEST_CASE("Interleaving keeps every weight and fills rows up with zeros") {
  constexpr std::uint32_t kRows = 6;
  constexpr std::uint32_t kColumns = 64;
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  std::vector<float> x(kRows * kColumns);
  for (float& value : x) value = normal(random);
  GgufFile file;
  REQUIRE(file.add_tensor("t", kGgmlQ8_0, {kColumns, kRows}, quantize_q8_0(x)));
  const auto exact = dequantize(file.tensors()[0]);
  REQUIRE(exact);
  const std::vector<std::uint8_t> groups = interleave_q8_0(file.tensors()[0].data, kRows, kColumns);
  CHECK(groups.size() == runtime::stored_bytes(runtime::Format::kQ8_0, 8, kColumns));
  const runtime::Matrix matrix = {groups.data(), 8, kColumns, runtime::Format::kQ8_0};
  std::vector<float> row(kColumns);
  for (std::uint32_t i = 0; i < 8; ++i) {
    runtime::plain_kernels().formats[1]->read_row(matrix, i, row.data());
    for (std::uint32_t j = 0; j < kColumns; ++j)
      CHECK(row[j] == (i < kRows ? (*exact)[i * kColumns + j] : 0.0F));
  }
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
                   const std::vector<float> bias(64);
                   REQUIRE(f->add_floats("blk.0.attn_q.bias", {64}, bias));
                 }),
                 "blk.0.attn_q.bias"));
}

}  // namespace
}  // namespace slmrig::forge
