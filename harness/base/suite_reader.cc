#include "harness/base/suite_reader.h"

#include <cstdint>
#include <set>

#include <fmt/format.h>

#include "harness/base/json_reader.h"

namespace slmrig::base {
namespace {

constexpr uint64_t kMostNewTokens = 1U << 20U;

void read_generation(JsonObject generation, GenerationSettings& into) {
  into.max_new_tokens = static_cast<uint32_t>(
      generation.optional_uint("max_new_tokens", into.max_new_tokens, 1, kMostNewTokens));
  into.top_k = static_cast<uint32_t>(generation.optional_uint("top_k", into.top_k, 1, kMostNewTokens));
  into.temperature = generation.optional_number("temperature", into.temperature, 0.0, 100.0);
  into.seed = generation.optional_uint("seed", into.seed);
  into.stop_at_end = generation.optional_bool("stop_at_end", into.stop_at_end);
}

void read_fallback(JsonObject fallback, Suite& suite) {
  constexpr uint64_t kMostTextBytes = 256;  // the wire carries no more
  SuiteFallback read;
  read.budget_ms = fallback.optional_uint("budget_ms", 0, 1);
  read.budget_instructions = fallback.optional_uint("budget_instructions", 0, 1);
  const std::string form = fallback.optional_choice("form", {"any", "intent_line", "sentence"}, "any");
  if (form == "intent_line") read.form = AnswerForm::kIntentLine;
  if (form == "sentence") read.form = AnswerForm::kSentence;
  read.text = fallback.required_string("text");
  if (read.text.size() > kMostTextBytes) {
    fallback.fail("text", fmt::format("has {} bytes, an agent takes {}", read.text.size(), kMostTextBytes));
  }
  if (read.budget_ms == 0 && read.budget_instructions == 0 && read.form == AnswerForm::kAny) {
    fallback.fail("text", "is never answered: give a budget_ms, a budget_instructions or a form too");
  }
  suite.fallback = read;
}

void read_checks(JsonObject& object, Prompt& prompt) {
  const nlohmann::json* checks = object.raw("checks");
  if (checks == nullptr) return;
  if (!checks->is_array()) return object.fail("checks", "expected a list of checks");
  for (std::size_t i = 0; i < checks->size(); ++i) {
    Result<Check> check = parse_check((*checks)[i]);
    if (!check) return object.fail(fmt::format("checks[{}]", i), check.error().text());
    prompt.checks.push_back(std::move(*check));
  }
}

}  // namespace

Result<Suite> load_suite(const std::string& file) {
  SLMRIG_ASSIGN(JsonDocument document, JsonDocument::read(file));
  JsonObject root = document.root();
  Suite suite;
  suite.file = file;
  suite.sha256 = document.sha256();
  suite.name = root.required_string("name");
  suite.description = root.optional_string("description");
  suite.store_text = root.optional_bool("store_text", true);
  read_generation(root.optional_object("generation"), suite.generation);
  if (root.raw("fallback") != nullptr) read_fallback(root.optional_object("fallback"), suite);
  std::set<std::string> ids;
  for (JsonObject& object : root.required_objects("prompts")) {
    Prompt prompt;
    prompt.id = object.required_string("id");
    prompt.text = object.required_string("text");
    if (prompt.text.empty()) object.fail("text", "expected the text of the prompt, found an empty string");
    if (!ids.insert(prompt.id).second) {
      object.fail(
          "id", fmt::format("'{}' is the id of an earlier prompt too; each prompt needs its own", prompt.id));
    }
    read_checks(object, prompt);
    suite.prompts.push_back(std::move(prompt));
  }
  if (suite.prompts.empty()) root.fail("prompts", "expected one or more prompts");
  SLMRIG_TRY(document.finish());
  return suite;
}

}  // namespace slmrig::base
