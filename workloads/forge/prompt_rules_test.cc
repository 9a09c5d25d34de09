// What a model's file says of how it wants to be asked.
#include <catch2/catch.hpp>

#include <unistd.h>
#include <filesystem>
#include <fstream>
#include <string>

#include "workloads/forge/prompt_rules.h"
#include "workloads/forge/random_model.h"

namespace slmrig::forge {
namespace {

using runtime::SpecialTokens;

// A file that goes away with the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / (name + std::to_string(getpid()))) {}
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

PromptRules rules_of(const GgufFile& file, const std::string& choice) {
  const TemporaryFile model("slmrig-prompt-rules-");
  REQUIRE(save_gguf(file, model.path()));
  const auto rules = read_prompt_rules(model.path(), choice);
  REQUIRE(rules);
  return *rules;
}

std::string asked(const PromptRules& rules, const std::string& prompt) {
  const auto result = ask(rules, prompt);
  REQUIRE(result);
  return result->text;
}

TEST_CASE("A suffix ends a prompt once") {
  GgufFile file = random_model({});
  CHECK(asked(rules_of(random_model({}), "auto"), "hello") == "hello");
  file.set("slmrig.prompt_suffix", std::string("\n"));
  const PromptRules rules = rules_of(file, "auto");
  CHECK(asked(rules, "hello") == "hello\n");
  CHECK(asked(rules, "hello\n") == "hello\n");
  // Bundled models of before the key.
  RandomModelOptions options;
  options.name = "wrist-nano";
  CHECK(asked(rules_of(random_model(options), "auto"), "hello") == "hello\n");
  CHECK(asked(rules_of(random_model(options), "none"), "hello") == "hello");
}

TEST_CASE("A chat template is applied, and says BOS once") {
  GgufFile file = random_model({});
  file.set("tokenizer.chat_template",
           std::string("{{ bos_token }}[{{ messages[0].content }}]{{ eos_token }}"));
  const PromptRules rules = rules_of(file, "auto");
  CHECK(rules.adds_bos);
  const auto result = ask(rules, "hi");
  REQUIRE(result);
  CHECK(result->text == "[hi]</s>");
  CHECK(result->specials == SpecialTokens::kControl);
  file = random_model({});
  file.set("tokenizer.ggml.add_bos_token", false);
  const TemporaryFile chat("slmrig-chat-template-");
  std::ofstream(chat.path()) << "{{ bos_token }}{{ messages[0].content }}!\n";
  CHECK(asked(rules_of(file, chat.path().string()), "hi") == "<s>hi!");
}

TEST_CASE("A template beyond what is understood, and one that is not there, are refused") {
  PromptRules rules;
  rules.chat_template = "{{ messages | tojson }}";
  const auto refused = ask(rules, "hi");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text().find("tojson") != std::string::npos);
  CHECK_FALSE(read_prompt_rules("workloads/models/wrist-nano/wrist-nano.gguf", "/no/such/template"));
}

}  // namespace
}  // namespace slmrig::forge
