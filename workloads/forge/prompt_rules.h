// How a model wants to be asked: a chat template, or what ends a prompt.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "workloads/runtime/tokenizer.h"

namespace slmrig::forge {

// What a GGUF file says of itself:
//   tokenizer.chat_template   Jinja, see chat_template.h
//   slmrig.prompt_suffix      what ends every prompt; bundled models end it with a line feed
struct PromptRules {
  std::string chat_template;  // empty: none
  std::string suffix;
  std::string bos_token;
  std::string eos_token;
  bool adds_bos = false;  // the tokenizer does; then the template's own is dropped
};

// choice: "auto" (what the model says), "none" (prompts are fed as they are), or a template's file. Images
// say nothing.
base::Result<PromptRules> read_prompt_rules(const std::filesystem::path& model, const std::string& choice);

struct AskedPrompt {
  std::string text;
  // A template writes the names of control tokens; elsewhere they are text.
  runtime::SpecialTokens specials = runtime::SpecialTokens::kNone;
};

// With a template, the user's message in a conversation of its own; else the prompt, completed by the suffix
// unless it ends so.
base::Result<AskedPrompt> ask(const PromptRules& rules, std::string_view prompt);

}  // namespace slmrig::forge
