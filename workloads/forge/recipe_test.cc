#include "workloads/forge/recipe.h"

#include <catch2/catch.hpp>

#include "harness/base/file.h"

namespace slmrig::forge {
namespace {

using Catch::Matchers::Contains;

GgufTensor matrix(std::string name, std::uint64_t columns) {
  return {std::move(name), kGgmlF32, {columns, 4}, {}};
}

Recipe recipe_of(const std::string& tensors) {
  auto recipe =
      parse_recipe(R"({"name": "mine", "description": "d", "tensors": )" + tensors + "}", "mine.json");
  INFO((recipe ? "" : recipe.error().text()));
  REQUIRE(recipe);
  return std::move(*recipe);
}

std::string refusal(const std::string& json) {
  const auto recipe = parse_recipe(json, "mine.json");
  REQUIRE_FALSE(recipe);
  return recipe.error().text();
}

TEST_CASE("Bundled recipes are valid and carry their own names") {
  const std::vector<std::string> expected = {"f32",    "f16", "int8", "int4",
                                             "int4-k", "nf4", "2bit", "2bit-qat"};
  CHECK(recipe_names() == expected);
  for (const std::string& name : recipe_names()) {
    INFO(name);
    const auto recipe = find_recipe(name);
    REQUIRE(recipe);
    CHECK(recipe->name == name);
    CHECK(recipe->student.empty() == !recipe->rules.empty());
  }
  CHECK_FALSE(find_recipe("int8")->needs_calibration());
  CHECK(find_recipe("int4")->needs_calibration());
}

TEST_CASE("The first rule that matches a matrix holds, and vectors stay floats") {
  const Recipe recipe = recipe_of(R"([
      {"match": ["output.weight", "*_v.weight"], "type": "Q8_0"},
      {"match": ["blk.*.ffn_*"], "type": "Q2_K", "method": "gptq", "fallback": ["Q6_K", "IQ4_NL"]},
      {"match": ["*"], "type": "Q4_0", "method": "search"}])");
  const auto plan = [&](std::string name) {
    return plan_tensor(recipe, matrix(std::move(name), 256), false).value();
  };
  CHECK(plan("output.weight").type == kGgmlQ8_0);
  CHECK(plan("blk.11.attn_v.weight").type == kGgmlQ8_0);
  CHECK(plan("blk.0.ffn_up.weight").type == kGgmlQ2_K);
  CHECK(plan("blk.0.ffn_up.weight").method == QuantizeMethod::kGptq);
  CHECK(plan("blk.0.attn_q.weight").type == kGgmlQ4_0);
  const GgufTensor vector = {"blk.0.ffn_norm.weight", kGgmlF16, {256}, {}};
  CHECK(plan_tensor(recipe, vector, false)->type == kGgmlF32);
}

TEST_CASE("Rows that do not fit are refused with what would fit, and fall back only when allowed") {
  const Recipe recipe = recipe_of(R"([
      {"match": ["*"], "type": "Q2_K", "method": "gptq", "fallback": ["Q6_K", "IQ4_NL"]}])");
  const GgufTensor tensor = matrix("blk.3.attn_q.weight", 64);
  const auto refused = plan_tensor(recipe, tensor, false);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Contains("blk.3.attn_q.weight") && Contains("64 weights") &&
                                          Contains("Q2_K needs a multiple of 256") && Contains("as IQ4_NL"));
  const auto fallen = plan_tensor(recipe, tensor, true);
  REQUIRE(fallen);
  CHECK(fallen->type == kGgmlIq4Nl);
  CHECK(fallen->wanted_type == kGgmlQ2_K);
  const auto nothing = plan_tensor(recipe, matrix("w", 40), true);
  REQUIRE_FALSE(nothing);
  CHECK_THAT(nothing.error().message, Contains("nothing to fall back to"));
  const auto no_rule = plan_tensor(recipe_of(R"([{"match": ["a"], "type": "F16"}])"), matrix("b", 32), true);
  REQUIRE_FALSE(no_rule);
  CHECK_THAT(no_rule.error().message, Contains("no rule for tensor `b`"));
}

TEST_CASE("What is wrong in a recipe is named by key") {
  CHECK_THAT(refusal(R"({"name": "x", "description": "d"})"), Contains("tensors"));
  CHECK_THAT(
      refusal(
          R"({"name": "x", "description": "d", "student": "s", "tensors": [{"match": ["*"], "type": "F32"}]})"),
      Contains("either"));
  CHECK_THAT(refusal(R"({"name": "a-name-of-16-char", "description": "d", "student": "s"})"),
             Contains("name"));
  CHECK_THAT(refusal(R"({"name": "x", "description": "d", "tensors": [{"match": ["*"], "type": "Q4_1"}]})"),
             Contains("tensors[0].type"));
  CHECK_THAT(refusal(R"({"name": "x", "description": "d", "tensors": [{"match": [], "type": "F32"}]})"),
             Contains("tensors[0].match"));
  CHECK_THAT(
      refusal(
          R"({"name": "x", "description": "d", "tensors": [{"match": ["*"], "type": "F32", "method": "awq"}]})"),
      Contains("tensors[0].method"));
  CHECK_THAT(
      refusal(
          R"({"name": "x", "description": "d", "tensors": [{"match": ["*"], "type": "F32", "fallback": ["I8"]}]})"),
      Contains("tensors[0].fallback"));
  CHECK_THAT(refusal(R"({"name": "x", "description": "d", "student": "../s"})"), Contains("student"));
  const auto unknown = find_recipe("int5");
  REQUIRE_FALSE(unknown);
  CHECK_THAT(unknown.error().message, Contains("int"));
}

TEST_CASE("A file of one's own is a recipe") {
  const auto folder = base::TemporaryDirectory::create("recipe-test");
  REQUIRE(folder);
  const std::string path = (folder->path() / "mine.json").string();
  const std::string json =
      R"({"name": "mine", "description": "d", "tensors": [{"match": ["*"], "type": "NF4"}]})";
  REQUIRE(base::write_file_atomically(path, json));
  const auto recipe = find_recipe(path);
  REQUIRE(recipe);
  CHECK(recipe->rules[0].type == kGgmlNf4);
  const auto missing = find_recipe("none.json");
  REQUIRE_FALSE(missing);
  CHECK_THAT(missing.error().text(), Contains("none.json"));
}

}  // namespace
}  // namespace slmrig::forge
