#include "harness/base/suite_reader.h"

#include <catch2/catch.hpp>

#include "harness/base/file.h"

namespace slmrig::base {
namespace {

using Catch::Matchers::Contains;

Result<Suite> load(const std::string& text) {
  const auto folder = TemporaryDirectory::create("suite-test");
  REQUIRE(folder);
  const std::string file = (folder->path() / "s.json").string();
  REQUIRE(write_file_atomically(file, text));
  return load_suite(file);
}

std::string error_of(const std::string& text) {
  const auto suite = load(text);
  REQUIRE_FALSE(suite);
  CHECK(suite.error().code == ErrorCode::kBadInput);
  return suite.error().text();
}

TEST_CASE("A suite is read with its generation settings, prompts and checks") {
  const auto suite =
      load(R"({"$schema":"suite.schema.json","name":"intents","description":"d","store_text":false,
    "generation":{"max_new_tokens":24,"top_k":40,"temperature":0.8,"seed":9,"stop_at_end":false},
    "prompts":[{"id":"i1","text":"set a timer","checks":[{"kind":"exact_intent","expected":"timer.set"},
                                                          {"kind":"length","min":1,"max":80}]},
               {"id":"i2","text":"hello"}]})");
  REQUIRE(suite);
  CHECK(suite->name == "intents");
  CHECK_FALSE(suite->store_text);
  CHECK(suite->generation.max_new_tokens == 24);
  CHECK(suite->generation.top_k == 40);
  CHECK(suite->generation.temperature == Approx(0.8));
  CHECK(suite->generation.seed == 9);
  CHECK_FALSE(suite->generation.stop_at_end);
  REQUIRE(suite->prompts.size() == 2);
  REQUIRE(suite->prompts[0].checks.size() == 2);
  CHECK(suite->prompts[0].checks[0].kind == CheckKind::kExactIntent);
  CHECK(suite->prompts[1].checks.empty());
}

TEST_CASE("A suite may say what is answered where the model is late or has not the form") {
  const std::string head = R"({"name":"s","prompts":[{"id":"a","text":"x"}],"fallback":)";
  const auto suite =
      load(head + R"({"budget_ms":500,"budget_instructions":9000,"form":"sentence","text":"Again."}})");
  REQUIRE(suite);
  REQUIRE(suite->fallback);
  CHECK(suite->fallback->budget_ms == 500);
  CHECK(suite->fallback->budget_instructions == 9000);
  CHECK(suite->fallback->form == AnswerForm::kSentence);
  CHECK(suite->fallback->text == "Again.");
  CHECK_FALSE(load(R"({"name":"s","prompts":[{"id":"a","text":"x"}]})")->fallback);
  CHECK_THAT(error_of(head + R"({"text":"Again."}})"), Contains("never answered"));
  CHECK_THAT(error_of(head + R"({"budget_ms":5}})"), Contains("fallback") && Contains("\"text\""));
  CHECK_THAT(error_of(head + R"({"form":"poem","text":"x"}})"), Contains("fallback.form"));
  CHECK_THAT(error_of(head + "{\"form\":\"sentence\",\"text\":\"" + std::string(257, 'x') + "\"}}"),
             Contains("256"));
}

TEST_CASE("What is wrong in a suite is named with its place") {
  CHECK_THAT(error_of(R"({"name":"s","prompts":[]})"), Contains("prompts"));
  CHECK_THAT(error_of(R"({"name":"s"})"), Contains("prompts"));
  CHECK_THAT(error_of(R"({"name":"s","prompts":[{"id":"a","text":"x"},{"id":"a","text":"y"}]})"),
             Contains("prompts[1].id") && Contains("'a'"));
  CHECK_THAT(error_of(R"({"name":"s","prompts":[{"id":"a","text":""}]})"), Contains("prompts[0].text"));
  CHECK_THAT(error_of(R"({"name":"s","prompts":[{"id":"a","text":"x","check":[]}]})"),
             Contains("did you mean 'checks'"));
  CHECK_THAT(
      error_of(R"({"name":"s","prompts":[{"id":"a","text":"x","checks":[{"kind":"exact_intents"}]}]})"),
      Contains("prompts[0].checks[0]"));
  CHECK_THAT(error_of(R"({"name":"s","generation":{"max_new_tokens":0},"prompts":[{"id":"a","text":"x"}]})"),
             Contains("generation.max_new_tokens"));
}

TEST_CASE("A suite that is cut short anywhere gives an error and never half a suite") {
  const std::string whole =
      R"({"name":"s","prompts":[{"id":"a","text":"x","checks":[{"kind":"contains","text":"y"}]}]})";
  REQUIRE(load(whole));
  for (std::size_t length = 0; length < whole.size(); ++length) CHECK_FALSE(load(whole.substr(0, length)));
}

}  // namespace
}  // namespace slmrig::base
