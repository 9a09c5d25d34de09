#include "workloads/forge/prompt_rules.h"

#include <fstream>
#include <vector>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "workloads/forge/chat_template.h"
#include "workloads/forge/gguf.h"
#include "workloads/forge/prompt_format.h"
#include "workloads/forge/train_shape.h"

namespace slmrig::forge {

using base::Result;

namespace {

constexpr std::string_view kGgufMagic = "GGUF";

bool is_gguf(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string magic(kGgufMagic.size(), '\0');
  return file.read(magic.data(), static_cast<std::streamsize>(magic.size())) && magic == kGgufMagic;
}

// The text of a special token; empty where the file names none.
std::string token_text(const GgufFile& file, std::string_view key) {
  const auto id = file.count_of(key);
  const auto tokens = file.strings_of("tokenizer.ggml.tokens");
  return id && tokens && *id < tokens->size() ? (*tokens)[*id] : std::string();
}

// Models that slmforge trained before it wrote the key are known by their names.
std::string suffix_of(const GgufFile& file) {
  if (const auto suffix = file.string_of("slmrig.prompt_suffix")) return *suffix;
  const auto name = file.string_of("general.name");
  return name && model_shape(*name) ? std::string(1, kPromptEnd) : std::string();
}

// As the image's tokenizer section decides it.
bool adds_bos(const GgufFile& file) {
  if (const auto flag = file.bool_of("tokenizer.ggml.add_bos_token")) return *flag;
  const auto model = file.string_of("tokenizer.ggml.model");
  const auto pre = file.string_of("tokenizer.ggml.pre");
  return (model && *model == "llama") || (pre && *pre == "llama-bpe");
}

}  // namespace

Result<PromptRules> read_prompt_rules(const std::filesystem::path& model, const std::string& choice) {
  PromptRules rules;
  if (choice == "none" || (choice == "auto" && !is_gguf(model))) return rules;
  if (is_gguf(model)) {
    SLMRIG_ASSIGN(const GgufFile file, load_gguf(model));
    rules.bos_token = token_text(file, "tokenizer.ggml.bos_token_id");
    rules.eos_token = token_text(file, "tokenizer.ggml.eos_token_id");
    rules.adds_bos = adds_bos(file);
    rules.suffix = suffix_of(file);
    if (const auto text = file.string_of("tokenizer.chat_template")) rules.chat_template = *text;
  }
  if (choice != "auto") {
    SLMRIG_ASSIGN(rules.chat_template, base::read_text(choice));
  }
  return rules;
}

Result<AskedPrompt> ask(const PromptRules& rules, std::string_view prompt) {
  AskedPrompt asked{std::string(prompt), runtime::SpecialTokens::kNone};
  if (rules.chat_template.empty()) {
    if (!prompt.ends_with(rules.suffix)) asked.text += rules.suffix;
    return asked;
  }
  auto text = render_chat(rules.chat_template,
                          {{{"user", std::string(prompt)}}, rules.bos_token, rules.eos_token, true});
  if (!text) return tl::unexpected(base::within("the chat template", text.error()));
  asked.text = std::move(*text);
  if (rules.adds_bos && !rules.bos_token.empty() && asked.text.starts_with(rules.bos_token)) {
    asked.text.erase(0, rules.bos_token.size());
  }
  asked.specials = runtime::SpecialTokens::kControl;
  return asked;
}

}  // namespace slmrig::forge
