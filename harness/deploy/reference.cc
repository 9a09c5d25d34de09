// The host's own answers for an image, cached.
#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/base/sha256.h"
#include "harness/deploy/deploy.h"
#include "harness/deploy/forge_tool.h"

namespace slmrig::deploy {
namespace {

namespace fs = std::filesystem;
using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr int64_t kEvaluateMs = 900'000;

Result<ReferenceAnswers> read_answers(const nlohmann::json& json) {
  const auto lacks = [](std::string_view what) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("slmforge eval's answer lacks {}; slmforge and slmrig were built from "
                            "different sources",
                            what));
  };
  if (!json.is_object() || !json.contains("prompts") || !json["prompts"].is_array()) return lacks("prompts");
  ReferenceAnswers answers;
  for (const nlohmann::json& prompt : json["prompts"]) {
    const bool complete = prompt.is_object() && prompt.contains("id") && prompt["id"].is_string() &&
                          prompt.contains("token_ids_sha256") && prompt["token_ids_sha256"].is_string() &&
                          prompt.contains("generated_tokens") &&
                          prompt["generated_tokens"].is_number_unsigned();
    if (!complete) return lacks("id, token_ids_sha256 or generated_tokens of a prompt");
    answers[prompt["id"].get<std::string>()] = {prompt["token_ids_sha256"].get<std::string>(),
                                                prompt["generated_tokens"].get<uint32_t>()};
  }
  return answers;
}

// Only what is needed later: answers of a suite that keeps its text private must not stay on the disk.
std::string kept_json(const ReferenceAnswers& answers) {
  nlohmann::json prompts = nlohmann::json::array();
  for (const auto& [id, answer] : answers) {
    prompts.push_back({{"id", id},
                       {"token_ids_sha256", answer.token_ids_sha256},
                       {"generated_tokens", answer.generated_tokens}});
  }
  return nlohmann::json{{"prompts", std::move(prompts)}}.dump(1) + "\n";
}

}  // namespace

Result<ReferenceAnswers> reference_answers(const base::VariantFacts& variant, const base::Suite& suite,
                                           ReferenceLimits limits, const Workshop& workshop) {
  if (limits.prompts >= suite.prompts.size()) limits.prompts = 0;
  if (limits.max_new_tokens == suite.generation.max_new_tokens) limits.max_new_tokens = 0;
  SLMRIG_ASSIGN(const std::string forge_sha256, remembered_sha256(workshop.slmforge));
  const auto entry_of = [&](uint32_t prompts) {
    const std::string key = base::sha256_hex(fmt::format(
        "reference 1\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n", variant.image_sha256, suite.sha256, prompts,
        limits.max_new_tokens, variant.context_tokens, base::to_string(variant.kv), forge_sha256));
    return workshop.cache_directory / "references" / fmt::format("{}-{}.json", suite.name, key.substr(0, 16));
  };
  SLMRIG_TRY(base::make_directories(workshop.cache_directory / "references"));
  // The answers to all prompts serve every part of the suite.
  std::error_code ignored;
  const fs::path entry = fs::exists(entry_of(0), ignored) ? entry_of(0) : entry_of(limits.prompts);
  const auto make = [&]() -> Done {
    std::vector<std::string> arguments = {"eval", variant.image_file, "--suite", suite.file, "--json"};
    const auto add = [&](std::string option, std::string value) {
      arguments.insert(arguments.end(), {std::move(option), std::move(value)});
    };
    if (limits.prompts != 0) add("--limit", std::to_string(limits.prompts));
    if (limits.max_new_tokens != 0) add("--max-new-tokens", std::to_string(limits.max_new_tokens));
    if (variant.kv != base::KvFormat::kF32) add("--kv", std::string(base::to_string(variant.kv)));
    SLMRIG_ASSIGN(const nlohmann::json json,
                  run_forge(workshop.slmforge, arguments, kEvaluateMs, workshop.stop));
    SLMRIG_ASSIGN(const ReferenceAnswers answers, read_answers(json));
    return base::write_file_atomically(entry, kept_json(answers));
  };
  if (const Done made = make_once(entry, make); !made) {
    return tl::unexpected(base::within("reference answers of suite " + suite.name, made.error()));
  }
  SLMRIG_ASSIGN(const std::string text, base::read_text(entry));
  return read_answers(nlohmann::json::parse(text, nullptr, false));
}

}  // namespace slmrig::deploy
