#include "workloads/forge/recipe.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/format.h>

#include "harness/base/json_reader.h"
#include "harness/base/suggest.h"
#include "workloads/forge/block_encode.h"
#include "workloads/forge/gguf_nf4.h"
#include "workloads/forge/recipe_texts.h"

namespace slmrig::forge {

using base::ErrorCode;
using base::fail;
using base::JsonDocument;
using base::JsonObject;
using base::Result;

namespace {

constexpr std::size_t kMostNameBytes = 15;  // of a variant, in an image

constexpr std::array kTypes = {kGgmlF32,  kGgmlF16,   kGgmlQ8_0, kGgmlQ4_0, kGgmlQ4_K,
                               kGgmlQ6_K, kGgmlIq4Nl, kGgmlNf4,  kGgmlQ2_K, kGgmlTq2_0};

constexpr std::array<std::pair<std::string_view, QuantizeMethod>, 3> kMethods = {
    {{"nearest", QuantizeMethod::kNearest},
     {"search", QuantizeMethod::kSearch},
     {"gptq", QuantizeMethod::kGptq}}};

std::string_view type_name(std::uint32_t type) { return gguf_type_info(type)->name; }

std::vector<std::string> type_names() {
  std::vector<std::string> names;
  for (const std::uint32_t type : kTypes) names.emplace_back(type_name(type));
  return names;
}

std::vector<std::string> method_names() {
  std::vector<std::string> names;
  for (const auto& [name, method] : kMethods) names.emplace_back(name);
  return names;
}

// A name that type_names() has; anything else was noted as an error and is harmless.
std::uint32_t type_of(std::string_view name) {
  const auto* type = std::find_if(kTypes.begin(), kTypes.end(),
                                  [name](std::uint32_t each) { return type_name(each) == name; });
  return type == kTypes.end() ? std::uint32_t{kGgmlF32} : *type;
}

RecipeRule read_rule(JsonObject json) {
  RecipeRule rule;
  rule.match = json.required_strings("match");
  if (rule.match.empty()) json.fail("match", "must name at least one tensor");
  rule.type = type_of(json.required_choice("type", type_names()));
  const std::string method = json.optional_choice("method", method_names(), "nearest");
  for (const auto& [name, value] : kMethods) {
    if (name == method) rule.method = value;
  }
  const std::vector<std::string> known = type_names();
  for (const std::string& name : json.optional_strings("fallback")) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      json.fail("fallback", base::unknown_name("type", name, known));
    }
    rule.fallback.push_back(type_of(name));
  }
  return rule;
}

// `pattern` with * for any text. Greedy, with one place to go back to: no recursion, no blow-up.
bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool fits(std::uint32_t type, const GgufTensor& tensor) {
  if (type == kGgmlNf4 && tensor.name.size() > kMaxNf4NameBytes) return false;
  return tensor.dims[0] % gguf_type_info(type)->block_size == 0;
}

}  // namespace

std::string_view to_string(QuantizeMethod method) {
  const auto* found = std::find_if(kMethods.begin(), kMethods.end(),
                                   [method](const auto& each) { return each.second == method; });
  return found->first;
}

bool Recipe::needs_calibration() const {
  return std::any_of(rules.begin(), rules.end(),
                     [](const RecipeRule& rule) { return rule.method == QuantizeMethod::kGptq; });
}

const std::vector<std::string>& recipe_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const RecipeText& text : recipe_texts()) all.emplace_back(text.name);
    return all;
  }();
  return names;
}

Result<Recipe> parse_recipe(std::string json, const std::string& file_name) {
  SLMRIG_ASSIGN(JsonDocument document, JsonDocument::parse(std::move(json), file_name));
  JsonObject root = document.root();
  Recipe recipe;
  recipe.name = root.required_string("name");
  recipe.description = root.required_string("description");
  recipe.student = root.optional_string("student");
  if (recipe.name.empty() || recipe.name.size() > kMostNameBytes) {
    root.fail("name", fmt::format("`{}` has {} bytes, expected 1 to {}", recipe.name, recipe.name.size(),
                                  kMostNameBytes));
  }
  for (const JsonObject& rule : root.optional_objects("tensors")) recipe.rules.push_back(read_rule(rule));
  if (recipe.student.empty() == recipe.rules.empty()) {
    root.fail("tensors", "a recipe has either `tensors` or `student`");
  }
  if (recipe.student.find('/') != std::string::npos) root.fail("student", "must be part of a file name");
  SLMRIG_TRY(document.finish());
  return recipe;
}

Result<Recipe> find_recipe(const std::string& name_or_file) {
  if (name_or_file.find('/') != std::string::npos || name_or_file.ends_with(".json")) {
    SLMRIG_ASSIGN(const JsonDocument document, JsonDocument::read(name_or_file));
    return parse_recipe(document.text(), name_or_file);
  }
  for (const RecipeText& text : recipe_texts()) {
    if (text.name == name_or_file) return parse_recipe(std::string(text.json), name_or_file + ".json");
  }
  return fail(ErrorCode::kBadInput, base::unknown_name("recipe", name_or_file, recipe_names()));
}

Result<TensorPlan> plan_tensor(const Recipe& recipe, const GgufTensor& tensor, bool allow_fallback) {
  if (tensor.dims.size() < 2) return TensorPlan{};
  const auto rule = std::find_if(recipe.rules.begin(), recipe.rules.end(), [&](const RecipeRule& each) {
    return std::any_of(each.match.begin(), each.match.end(),
                       [&](const std::string& pattern) { return matches(pattern, tensor.name); });
  });
  if (rule == recipe.rules.end()) {
    return fail(ErrorCode::kUnsupported, fmt::format("recipe `{}` has no rule for tensor `{}`; add one that "
                                                     "matches it (`*` matches every tensor)",
                                                     recipe.name, tensor.name));
  }
  if (fits(rule->type, tensor)) return TensorPlan{rule->type, rule->method, rule->type};
  const auto other = std::find_if(rule->fallback.begin(), rule->fallback.end(),
                                  [&](std::uint32_t type) { return fits(type, tensor); });
  if (allow_fallback && other != rule->fallback.end()) return TensorPlan{*other, rule->method, rule->type};
  return fail(
      ErrorCode::kUnsupported,
      fmt::format("recipe `{}` cannot apply: tensor `{}` has rows of {} weights, {} needs a multiple of "
                  "{}; {}",
                  recipe.name, tensor.name, tensor.dims[0], type_name(rule->type),
                  gguf_type_info(rule->type)->block_size,
                  other == rule->fallback.end()
                      ? "there is nothing to fall back to"
                      : fmt::format("--allow-fallback would store it as {}", type_name(*other))));
}

}  // namespace slmrig::forge
