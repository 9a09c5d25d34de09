#include "workloads/forge/corpus.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "harness/base/check.h"
#include "workloads/forge/corpus_parts.h"
#include "workloads/forge/grammar.h"
#include "workloads/forge/noise.h"
#include "workloads/forge/prompt_format.h"
#include "workloads/forge/tokenizer_train.h"
#include "workloads/forge/train_data.h"

namespace slmrig::forge {
namespace {

constexpr std::size_t kExamples = 12000;

std::vector<Example> examples_of(Split split, double noise_rate) {
  Random random(1000 + static_cast<std::uint64_t>(split));
  CorpusOptions options;
  options.noise_rate = noise_rate;
  std::vector<Example> examples;
  for (std::size_t i = 0; i < kExamples; ++i) examples.push_back(make_example(split, options, random));
  return examples;
}

}  // namespace

// The heart of an honest score: what the test split asks was never trained on.
TEST_CASE("No template and no slot combination belongs to two splits") {
  std::map<std::string, Split> templates;
  std::map<std::string, Split> combinations;
  for (const Split split : kAllSplits) {
    for (const Example& example : examples_of(split, 0.3)) {
      const auto [known_template, is_new_template] = templates.emplace(example.template_text, split);
      if (known_template->second != split) FAIL("template in two splits: " << example.template_text);
      if (example.combination.empty()) continue;
      const auto [known, is_new] = combinations.emplace(example.combination, split);
      if (known->second != split) FAIL("combination in two splits: " << example.combination);
      REQUIRE(split_of_combination(example.combination) == split);
    }
  }
  CHECK(templates.size() > 1000);
  CHECK(combinations.size() > 10000);
}

TEST_CASE("Utterances of the test split do not occur in training") {
  std::set<std::string> trained;
  for (const Example& example : examples_of(Split::kTrain, 0.0)) trained.insert(example.utterance);
  for (const Example& example : examples_of(Split::kTest, 0.0)) {
    // Politeness may be added to a wording of one intent so that it reads like one of another; values still
    // differ.
    if (trained.count(example.utterance) != 0) FAIL("trained and tested: " << example.utterance);
  }
}

TEST_CASE("There are at least 40 intents, and each has wordings for every split") {
  const std::vector<std::string> names = intent_names();
  CHECK(names.size() >= 40);
  CHECK(std::set<std::string>(names.begin(), names.end()).size() == names.size());
  std::size_t missing = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    Random random(i);
    REQUIRE(draft_command_of(i, Split::kTrain, random));
    if (!draft_command_of(i, Split::kTest, random)) ++missing;
  }
  // An intent whose one slot has few values may have none to hold out.
  CHECK(missing <= names.size() / 10);
}

TEST_CASE("The corpus is the same for the same seed") {
  Random a(9);
  Random b(9);
  Random c(10);
  CorpusOptions options;
  options.noise_rate = 0.5;
  bool differs = false;
  for (int i = 0; i < 200; ++i) {
    const Example first = make_example(Split::kTrain, options, a);
    const Example second = make_example(Split::kTrain, options, b);
    REQUIRE(first.utterance == second.utterance);
    REQUIRE(first.answer == second.answer);
    differs = differs || make_example(Split::kTrain, options, c).utterance != first.utterance;
  }
  CHECK(differs);
}

TEST_CASE("Every answer passes the checks that are asked of a model") {
  for (const Example& example : examples_of(Split::kTest, 0.5)) {
    INFO(example.utterance << " -> " << example.answer);
    REQUIRE(example.utterance.find(kPromptEnd) == std::string::npos);
    if (example.kind == ExampleKind::kCommand) {
      const auto line = base::parse_intent_line(example.answer);
      REQUIRE(line);
      REQUIRE(line->intent == example.intent);
      REQUIRE(line->slots == example.slots);
    } else if (example.kind == ExampleKind::kSummary) {
      base::Check check;
      check.kind = base::CheckKind::kNumbersOfInput;
      check.required = example.facts;
      REQUIRE(base::passes(check, prompt_text(example.utterance), example.answer));
      for (const std::string& phrase : example.phrases)
        REQUIRE(example.answer.find(phrase) != std::string::npos);
    }
  }
}

TEST_CASE("Examples keep the token limits and survive encoding") {
  GgufFile file;
  write_vocabulary(train_vocabulary(vocabulary_texts(1, 5000)), file);
  const auto codec = TextCodec::from(file);
  REQUIRE(codec);
  for (const Example& example : examples_of(Split::kTrain, 0.3)) {
    const auto tokens = tokenise(*codec, example);
    REQUIRE(tokens);
    INFO(example.utterance);
    REQUIRE(tokens->tokens.size() <=
            (example.kind == ExampleKind::kSummary ? kMaxSummaryTokens : kMaxCommandTokens));
    REQUIRE(tokens->tokens.front() == kBeginToken);
    REQUIRE(tokens->tokens.back() == kEndToken);
    REQUIRE(codec->decode(tokens->tokens, true) == prompt_text(example.utterance) + example.answer);
  }
}

TEST_CASE("A pattern expands into every wording once") {
  CHECK(expand_pattern("(set|start) a [new] timer") ==
        std::vector<std::string>{"set a new timer", "set a timer", "start a new timer", "start a timer"});
  CHECK(expand_pattern("(a|a) [b [c]] {x}") == std::vector<std::string>{"a b c {x}", "a b {x}", "a {x}"});
}

TEST_CASE("Noise changes the wording and leaves the values") {
  Random random(4);
  const std::vector<Segment> segments = {
      {"set a timer for ", false}, {"12 minutes", true}, {" please", false}};
  std::size_t changed = 0;
  for (int i = 0; i < 500; ++i) {
    std::string text = disturb(segments, random);
    changed += text != join(segments) ? 1 : 0;
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    REQUIRE(text.find("12 minutes") != std::string::npos);
  }
  CHECK(changed > 490);
}

}  // namespace slmrig::forge
