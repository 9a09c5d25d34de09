// The ladder on a model of random weights, and what becomes of its figures.
#include "workloads/forge/ladder.h"

#include <algorithm>

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "workloads/forge/random_model.h"

namespace slmrig::forge {
namespace {

using Catch::Matchers::Contains;

base::Suite small_suite() {
  base::Suite suite;
  suite.name = "small";
  suite.generation.max_new_tokens = 6;
  suite.generation.stop_at_end = false;
  for (const char* text : {"the heat", "in the end", "on and on"}) {
    base::Prompt prompt;
    prompt.id = text;
    prompt.text = text;
    base::Check check;
    check.kind = base::CheckKind::kLength;
    check.max_characters = 4000;
    prompt.checks.push_back(check);
    suite.prompts.push_back(std::move(prompt));
  }
  return suite;
}

Yardstick small_yardstick() {
  Yardstick yardstick;
  yardstick.text = "the heat is on\n\nin the end it is\n\non and on it goes\n\n";
  yardstick.text_source = "three documents";
  yardstick.is_documents = true;
  yardstick.suites.push_back(small_suite());
  return yardstick;
}

// f32 and int8 on one suite, written by hand: one prompt of four lost, one gained.
Ladder written_ladder() {
  Ladder ladder;
  ladder.model = "m";
  ladder.model_sha256 = "aa";
  ladder.kernels = "plain";
  ladder.text_source = "a text";
  Rung reference;
  reference.variant = "f32";
  reference.text = TextScore{};
  reference.text->divergence = Divergence{};
  RungSuite suite;
  suite.score.suite = "intents";
  for (const bool correct : {true, true, true, false}) {
    PromptScore prompt;
    prompt.id = fmt::format("p{}", suite.score.prompts.size());
    prompt.prompt = "set | it\n";
    prompt.text = "f32 says";
    prompt.correct = correct;
    suite.score.prompts.push_back(prompt);
  }
  suite.score.correct = 3;
  suite.score.accuracy = 0.75;
  suite.to_reference = compare(suite.score, suite.score);
  reference.suites = {suite};

  Rung variant = reference;
  variant.variant = "int8";
  RungSuite& other = variant.suites[0];
  other.score.prompts[1].correct = false;
  other.score.prompts[1].text = "int8 says";
  other.score.prompts[3].correct = true;
  other.to_reference = compare(suite.score, other.score);
  Rung refused;
  refused.variant = "2bit";
  refused.not_applicable_reason = "rows of 64";
  ladder.rungs = {reference, variant, refused};
  return ladder;
}

TEST_CASE("Every variant is measured against f32, and one that cannot apply says why") {
  const auto folder = base::TemporaryDirectory::create("ladder-test");
  REQUIRE(folder);
  const std::filesystem::path model = folder->path() / "m.gguf";
  REQUIRE(save_gguf(random_model({}), model));
  LadderOptions options;
  options.recipes = {"int8", "2bit"};
  std::vector<std::string> told;
  const auto ladder =
      measure_ladder(model, small_yardstick(), options,
                     [&](std::string_view variant, std::string_view work, std::uint64_t, std::uint64_t) {
                       told.push_back(fmt::format("{} {}", variant, work));
                     });
  if (!ladder) FAIL(ladder.error().text());
  REQUIRE(ladder->rungs.size() == 5);
  const Rung& f32 = ladder->rungs[0];
  CHECK(f32.bits_per_weight == 32.0);
  CHECK(f32.text->divergence->mean_kl_nats == Approx(0.0).margin(1e-12));
  CHECK(f32.text->divergence->top1_agreement == 1.0);
  CHECK(f32.suites[0].to_reference.lost.empty());
  const Rung& int8 = ladder->rungs[1];
  CHECK(int8.bits_per_weight < 9.0);
  CHECK(int8.text->divergence->mean_kl_nats > 0.0);
  CHECK(int8.image_sha256 != f32.image_sha256);
  CHECK(int8.suites[0].score.prompts.size() == 3);
  const Rung& two_bit = ladder->rungs[2];
  CHECK_THAT(two_bit.not_applicable_reason, Contains("256"));
  CHECK_FALSE(two_bit.text);
  // The same weights with smaller caches.
  CHECK(ladder->rungs[3].kv_format == "f16");
  CHECK(ladder->rungs[4].kv_format == "int8");
  CHECK(ladder->rungs[4].image_sha256 == f32.image_sha256);
  CHECK(ladder->rungs[4].text->divergence->mean_kl_nats > ladder->rungs[3].text->divergence->mean_kl_nats);
  CHECK(std::find(told.begin(), told.end(), "f32, kv int8 small") != told.end());
}

TEST_CASE("A prompt that f32 got right and a variant did not is listed with both answers") {
  const Ladder ladder = written_ladder();
  const std::string markdown = ladder_markdown(ladder);
  CHECK_THAT(markdown, Contains("| int8 | intents: `set / it` | `f32 says` | `int8 says` |"));
  CHECK_THAT(markdown, Contains("1 lost, 1 gained"));
  CHECK_THAT(markdown, Contains("2bit: not applicable: rows of 64"));
  CHECK_THAT(ladder_text(ladder), Contains("1 lost, 1 gained"));
  const auto json = to_json(ladder);
  const auto& lost = json["rungs"][1]["suites"]["intents"]["lost"];
  REQUIRE(lost.size() == 1);
  CHECK(lost[0]["id"] == "p1");
  CHECK(lost[0]["reference_text"] == "f32 says");
  CHECK(json["rungs"][2]["status"] == "not_applicable");
}

TEST_CASE("The ladder's section of a card is replaced, and nothing else of it") {
  const auto folder = base::TemporaryDirectory::create("ladder-card-test");
  REQUIRE(folder);
  Ladder ladder = written_ladder();
  REQUIRE(base::write_file_atomically(folder->path() / "card.json", R"({"model_sha256":"aa","kept":1})"));
  REQUIRE(base::write_file_atomically(
      folder->path() / "card.md",
      "# m\n\nKept.\n\n## Quantization ladder\n\nold rows\n\n## After\n\nKept too.\n"));
  REQUIRE(update_card(ladder, folder->path()));
  const std::string once = base::read_text(folder->path() / "card.md").value();
  CHECK_THAT(once, Contains("Kept.") && Contains("## After\n\nKept too.") && Contains("int8 says"));
  CHECK_THAT(once, !Contains("old rows"));
  REQUIRE(update_card(ladder, folder->path()));
  CHECK(base::read_text(folder->path() / "card.md").value() == once);
  const auto json = nlohmann::json::parse(base::read_text(folder->path() / "card.json").value());
  CHECK(json["kept"] == 1);
  CHECK(json["ladder"]["rungs"].size() == 3);

  ladder.model_sha256 = "bb";
  const auto refused = update_card(ladder, folder->path());
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().text(), Contains("card.json") && Contains("slmforge card"));
  CHECK(base::read_text(folder->path() / "card.md").value() == once);
  for (const char* card : {R"({"model_sha256":5})", R"({"model":"m"})", "[]", "{"}) {
    REQUIRE(base::write_file_atomically(folder->path() / "card.json", std::string_view(card)));
    CHECK_FALSE(update_card(ladder, folder->path()));
  }
}

TEST_CASE("A card is begun where there is none") {
  const auto folder = base::TemporaryDirectory::create("ladder-new-card-test");
  REQUIRE(folder);
  REQUIRE(update_card(written_ladder(), folder->path()));
  CHECK_THAT(base::read_text(folder->path() / "card.md").value(), Contains("# m") && Contains("int8"));
}

}  // namespace
}  // namespace slmrig::forge
