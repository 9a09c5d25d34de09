// Scores: the figures agree with a calculation by hand.
#include <catch2/catch.hpp>

#include <cmath>
#include <string>

#include "harness/base/file.h"
#include "harness/base/sha256.h"
#include "harness/base/suite_reader.h"
#include "workloads/forge/evaluate.h"
#include "workloads/forge/image_writer.h"
#include "workloads/forge/random_model.h"

namespace slmrig::forge {
namespace {

ModelRunner open_runner() {
  auto build = write_image(random_model({}), {}, {});
  REQUIRE(build);
  auto runner = ModelRunner::from_image(build->bytes, {});
  REQUIRE(runner);
  return std::move(*runner);
}

TEST_CASE("Perplexity of a short text is the mean over its tokens") {
  ModelRunner runner = open_runner();
  const std::string text = "the heat in the end";
  const auto score = score_text(&runner, text, {}, {});
  REQUIRE(score);

  runtime::Runtime& runtime = runner.runtime();
  std::vector<std::int32_t> ids(64);
  std::uint32_t count = 0;
  REQUIRE(runtime.encode(text.data(), text.size(), ids.data(), 64, &count) == runtime::Status::kOk);
  REQUIRE(runtime.begin({}) == runtime::Status::kOk);
  double nats = 0.0;
  for (std::uint32_t i = 0; i + 1 < count; ++i) {
    REQUIRE(runtime.prefill(&ids[i], 1) == runtime::Status::kOk);
    double sum = 0.0;
    for (int id = 0; id < 512; ++id) sum += std::exp(static_cast<double>(runtime.logits()[id]));
    nats += std::log(sum) - static_cast<double>(runtime.logits()[ids[i + 1]]);
  }
  CHECK(score->scored_tokens == count - 1);
  CHECK(score->nats_per_token == Approx(nats / (count - 1)).epsilon(1e-6));
  CHECK(score->perplexity == Approx(std::exp(nats / (count - 1))).epsilon(1e-6));
}

TEST_CASE("A long text is scored in the second half of each window only") {
  ModelRunner runner = open_runner();
  std::string text;
  for (int i = 0; i < 120; ++i) text += "the heat is on and on ";
  const auto score = score_text(&runner, text, {}, {});
  REQUIRE(score);
  CHECK(score->window_tokens == 64);
  CHECK(score->scored_tokens % 31 == 0);
  CHECK(score->bits_per_byte > 0.0);
}

TEST_CASE("Each document is scored alone, from its first position") {
  ModelRunner runner = open_runner();
  const auto first = score_text(&runner, "the heat is on", {}, {});
  const auto second = score_text(&runner, "in the end it goes on", {}, {});
  const auto both =
      score_text(&runner, "the heat is on\n\nin the end it goes on\n\n", {.is_documents = true}, {});
  REQUIRE(first);
  REQUIRE(second);
  REQUIRE(both);
  CHECK(both->windows == 2);
  CHECK(both->window_tokens == 0);
  CHECK(both->scored_tokens == first->scored_tokens + second->scored_tokens);
  const double nats = first->nats_per_token * static_cast<double>(first->scored_tokens) +
                      second->nats_per_token * static_cast<double>(second->scored_tokens);
  CHECK(both->nats_per_token == Approx(nats / static_cast<double>(both->scored_tokens)));
  // Two units: each resample is one of them twice, or both.
  CHECK(both->perplexity_ci95.low == Approx(std::min(first->perplexity, second->perplexity)));
  CHECK(both->perplexity_ci95.high == Approx(std::max(first->perplexity, second->perplexity)));
  CHECK_FALSE(score_text(&runner, "\n\n\n\n", {.is_documents = true}, {}));
}

TEST_CASE("The distance to a reference is zero for itself and positive for another") {
  ModelRunner runner = open_runner();
  ModelRunner same = open_runner();
  const std::string text = "the heat in the end";
  const auto none = score_text(&runner, text, {.reference = &same}, {});
  REQUIRE(none);
  CHECK(none->divergence->mean_kl_nats == Approx(0.0).margin(1e-12));
  CHECK(none->divergence->top1_agreement == 1.0);

  auto build = write_image(random_model({.seed = 77}), {}, {});
  REQUIRE(build);
  auto other = ModelRunner::from_image(build->bytes, {});
  REQUIRE(other);
  const auto some = score_text(&runner, text, {.reference = &*other}, {});
  REQUIRE(some);
  CHECK(some->divergence->mean_kl_nats > 0.001);
  CHECK(some->divergence->mean_kl_ci95.low <= some->divergence->mean_kl_nats);
  CHECK(some->perplexity == none->perplexity);
  std::vector<float> kept;
  REQUIRE(score_text(&*other, text, {.kept_logits = &kept}, {}));
  const auto again = score_text(&runner, text, {.reference_logits = &kept}, {});
  REQUIRE(again);
  CHECK(again->divergence->mean_kl_nats == some->divergence->mean_kl_nats);

  // By hand, of the last scored position: sum p (log p - log q).
  const auto distribution = [](ModelRunner& model) {
    const std::span<const float> logits(model.runtime().logits(), 512);
    double sum = 0.0;
    for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
    std::vector<double> shares;
    for (const float logit : logits) shares.push_back(std::exp(static_cast<double>(logit)) / sum);
    return shares;
  };
  const auto short_text = score_text(&runner, "a", {.reference = &*other}, {});
  REQUIRE(short_text);
  const std::vector<double> p = distribution(*other);
  const std::vector<double> q = distribution(runner);
  double expected = 0.0;
  for (std::size_t i = 0; i < p.size(); ++i) expected += p[i] * std::log(p[i] / q[i]);
  REQUIRE(short_text->scored_tokens == 1);
  CHECK(short_text->divergence->mean_kl_nats == Approx(expected).epsilon(1e-6));
}

TEST_CASE("Prompts that were lost to a reference are listed, those gained are counted") {
  SuiteScore reference;
  for (const bool correct : {true, true, false, false, true}) {
    PromptScore prompt;
    prompt.id = std::to_string(reference.prompts.size());
    prompt.text = "before";
    prompt.correct = correct;
    reference.correct += correct ? 1 : 0;
    reference.prompts.push_back(prompt);
  }
  reference.accuracy = 0.6;
  SuiteScore score = reference;
  score.prompts[1].correct = false;
  score.prompts[1].text = "after";
  score.prompts[2].correct = true;
  score.prompts[4].correct = false;
  score.accuracy = 0.4;
  const SuiteComparison comparison = compare(reference, score);
  CHECK(comparison.accuracy_difference == Approx(-0.2));
  CHECK(comparison.difference_ci95.low < -0.2);
  CHECK(comparison.difference_ci95.high > -0.2);
  REQUIRE(comparison.lost.size() == 2);
  CHECK(comparison.lost[0].id == "1");
  CHECK(comparison.lost[0].reference_text == "before");
  CHECK(comparison.lost[0].text == "after");
  CHECK(comparison.gained == 1);
}

TEST_CASE("A suite is scored with its own settings, prompt by prompt") {
  const auto folder = base::TemporaryDirectory::create("evaluate-test");
  REQUIRE(folder);
  const std::string file = (folder->path() / "suite.json").string();
  REQUIRE(
      base::write_file_atomically(file, R"({"name":"s","generation":{"max_new_tokens":5,"stop_at_end":false},
    "prompts":[{"id":"a","text":"the","checks":[{"kind":"length","min":0,"max":4000}]},
               {"id":"b","text":"heat","checks":[{"kind":"equals","text":"no such answer"},
                                                 {"kind":"length","min":0,"max":4000}]},
               {"id":"c","text":"on","checks":[]}]})"));
  const auto suite = base::load_suite(file);
  REQUIRE(suite);
  ModelRunner runner = open_runner();
  const auto score = score_suite(&runner, *suite, {.prompts = 2}, {});
  REQUIRE(score);
  REQUIRE(score->prompts.size() == 2);
  CHECK(score->correct == 1);
  CHECK(score->accuracy == Approx(0.5));
  CHECK(score->prompts[0].generated_tokens == 5);
  CHECK(score->prompts[1].failed_checks == std::vector<std::string>{"equals"});
  GenerationSettings settings;
  settings.max_new_tokens = 5;
  settings.stop_at_end = false;
  const auto generation = runner.generate("the", settings);
  REQUIRE(generation);
  CHECK(score->prompts[0].token_ids_sha256 == token_ids_sha256(generation->token_ids));

  const auto shorter = score_suite(&runner, *suite, {.prompts = 1, .max_new_tokens = 2}, {});
  REQUIRE(shorter);
  CHECK(shorter->prompts[0].generated_tokens == 2);
}

TEST_CASE("A suite is asked as rules say, and checked against its own text") {
  base::Suite suite;
  suite.generation.max_new_tokens = 5;
  suite.generation.stop_at_end = false;
  base::Prompt prompt;
  prompt.id = "a";
  prompt.text = "the 7 heats";
  base::Check check;
  check.kind = base::CheckKind::kLength;
  check.max_characters = 4000;
  prompt.checks.push_back(check);
  suite.prompts.push_back(prompt);
  ModelRunner runner = open_runner();
  GenerationSettings settings;
  settings.max_new_tokens = 5;
  settings.stop_at_end = false;
  const auto answer = [&](std::string_view text) {
    const auto generation = runner.generate(text, settings);
    REQUIRE(generation);
    return *generation;
  };
  const auto scored = [&](const PromptRules& rules) {
    const auto score = score_suite(&runner, suite, {.rules = rules}, {});
    REQUIRE(score);
    CHECK(score->prompts[0].prompt == "the 7 heats");
    return score->prompts[0];
  };
  const PromptScore plain = scored({});
  CHECK(plain.token_ids_sha256 == token_ids_sha256(answer("the 7 heats").token_ids));
  PromptRules rules;
  rules.suffix = " on";
  const PromptScore completed = scored(rules);
  CHECK(completed.token_ids_sha256 == token_ids_sha256(answer("the 7 heats on").token_ids));
  CHECK(completed.token_ids_sha256 != plain.token_ids_sha256);
  // A template's control tokens are tokens, not their spelling.
  rules.chat_template = "{{ messages[0].content }}</s>";
  const PromptScore templated = scored(rules);
  CHECK(templated.prompt_tokens == plain.prompt_tokens + 1);
  settings.specials = runtime::SpecialTokens::kControl;
  CHECK(templated.token_ids_sha256 == token_ids_sha256(answer("the 7 heats</s>").token_ids));
  rules.chat_template = "{{ messages | tojson }}";
  const auto refused = score_suite(&runner, suite, {.rules = rules}, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text().find("prompt a") != std::string::npos);
}

TEST_CASE("The hash of token ids is that of little-endian 32-bit integers") {
  CHECK(token_ids_sha256({1, 258}) == base::sha256_hex(std::string_view("\x01\0\0\0\x02\x01\0\0", 8)));
}

}  // namespace
}  // namespace slmrig::forge
