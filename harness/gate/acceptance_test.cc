#include "harness/gate/acceptance.h"

#include <catch2/catch.hpp>

#include "harness/gate/rows_for_test.h"

namespace slmrig::gate {
namespace {

using Catch::Matchers::Contains;

std::vector<Condition> conditions_of(std::string_view text) {
  auto conditions = parse_conditions(text);
  if (!conditions) FAIL(conditions.error().text());
  return *conditions;
}

std::string refusal_of(std::string_view text) {
  const auto conditions = parse_conditions(text);
  REQUIRE_FALSE(conditions);
  CHECK(conditions.error().code == base::ErrorCode::kBadInput);
  return conditions.error().text();
}

Candidate candidate_of(const std::string& variant) { return {variant, "rack-1", "nano", variant, "intents"}; }

Acceptance accepted(std::string_view text, const std::vector<std::string>& variants,
                    std::vector<GateSession> sessions) {
  const std::vector<Condition> conditions = conditions_of(text);
  std::vector<Candidate> candidates;
  for (const std::string& variant : variants) candidates.push_back(candidate_of(variant));
  return acceptance_of(conditions, candidates,
                       evaluated(acceptance_budgets(conditions, candidates), std::move(sessions)));
}

// `right` of `all` prompts have their intent; none is right altogether.
GateSession intents_session(uint32_t right, uint32_t all) {
  GateSession session = with_value(sketch_session(), "intent_accuracy", 1.0 * right / all, all);
  for (uint32_t i = 0; i < all; ++i) {
    session = with_answer(session, {1, 1});
    session.cells[0].answers.back().correct = false;
    session.cells[0].answers.back().intent_right = i < right;
  }
  return session;
}

std::vector<GateSession> rates(const std::string& variant, const std::vector<double>& values) {
  SessionSketch sketch;
  sketch.id = variant;
  sketch.variant = variant;
  return sessions_with("decode_tokens_per_s", values, sketch);
}

}  // namespace

TEST_CASE("Conditions are metrics of the registry with values in any unit of theirs") {
  const auto conditions = conditions_of("intent_accuracy>=0.93, answer_ms_p95 <= 0.2 s,image_bytes<=512KiB");
  REQUIRE(conditions.size() == 3);
  CHECK(conditions[0].text() == "intent_accuracy >= 93 %");
  CHECK(conditions[1].text() == "answer_ms_p95 <= 200 ms");
  CHECK(conditions[2].limit.value == 512 * 1024);
}

TEST_CASE("Conditions that mean nothing are refused, with what was meant") {
  CHECK_THAT(refusal_of(""), Contains("--accept") && Contains("METRIC<=VALUE"));
  CHECK_THAT(refusal_of("accuracy>=0.9,"), Contains("METRIC<=VALUE"));
  CHECK_THAT(refusal_of("accuracy=0.9"), Contains("\"accuracy=0.9\""));
  CHECK_THAT(refusal_of("acuracy>=0.9"), Contains("acuracy") && Contains("accuracy"));
  CHECK_THAT(refusal_of("accuracy>=0.9 ms"), Contains("accuracy") && Contains("ms"));
  CHECK_THAT(refusal_of("accuracy<=0.9"), Contains("higher is better"));
  CHECK_THAT(refusal_of("image_bytes<=1.1x baseline"), Contains("baseline") && Contains("slmrig gate"));
  CHECK_THAT(refusal_of("accuracy>=0.9, accuracy>=0.8"), Contains("twice"));
}

TEST_CASE("Each candidate is accepted, refused or undecided by its own figures") {
  std::vector<GateSession> sessions = rates("int8", {100, 101, 99, 100, 100});
  for (GateSession& slow : rates("int4", {50, 51, 49, 50, 50})) sessions.push_back(std::move(slow));
  for (GateSession& near : rates("nf4", {89, 92, 90})) sessions.push_back(std::move(near));
  const Acceptance acceptance = accepted("decode_tokens_per_s>=90", {"int8", "int4", "nf4"}, sessions);
  REQUIRE(acceptance.answers.size() == 3);
  CHECK(acceptance.conditions == std::vector<std::string>{"decode_tokens_per_s >= 90 tokens/s"});
  CHECK(acceptance.answers[0].decision == Decision::kYes);
  CHECK(acceptance.answers[0].sentence == "yes");
  CHECK(acceptance.answers[1].decision == Decision::kNo);
  CHECK_THAT(acceptance.answers[1].sentence, Contains("no: decode_tokens_per_s >= 90 tokens/s is fail, 50") &&
                                                 Contains("44.4 % beyond the limit"));
  CHECK(acceptance.answers[2].decision == Decision::kUndecided);
  CHECK(acceptance.answers[2].rows[0].verdict != Verdict::kPass);
}

TEST_CASE("One condition that fails says no, whatever the others are") {
  std::vector<GateSession> sessions = rates("int8", {100, 101, 99, 100, 100});
  for (GateSession& session : sessions) session = with_value(session, "image_bytes", 2000);
  const Acceptance both =
      accepted("decode_tokens_per_s>=90, token_ms_p95<=1, image_bytes<=1000", {"int8"}, sessions);
  REQUIRE(both.answers[0].rows.size() == 3);
  CHECK(both.answers[0].rows[0].verdict == Verdict::kPass);
  CHECK(both.answers[0].rows[1].verdict == Verdict::kMissing);
  CHECK(both.answers[0].rows[2].verdict == Verdict::kFail);
  CHECK(both.answers[0].decision == Decision::kNo);
  const Acceptance missing = accepted("decode_tokens_per_s>=90, token_ms_p95<=1", {"int8"}, sessions);
  CHECK(missing.answers[0].decision == Decision::kUndecided);
  CHECK_THAT(missing.answers[0].sentence, Contains("token_ms_p95 <= 1 ms is missing"));
}

TEST_CASE("Prompts stand for all that people say, and it is told how many more would decide") {
  // The lower bound of 40 right ones of 40 at 95 % is 0.05^(1/40) = 0.9278.
  const AcceptedRow few =
      accepted("intent_accuracy>=0.93", {"int8"}, {intents_session(40, 40)}).answers[0].rows[0];
  CHECK(few.verdict == Verdict::kInconclusive);
  CHECK(few.more_prompts == 2);
  CHECK_THAT(few.reason, Contains("40 prompts are too few") && Contains("about 2 more would decide"));
  const AcceptedRow enough =
      accepted("intent_accuracy>=0.93", {"int8"}, {intents_session(42, 42)}).answers[0].rows[0];
  CHECK(enough.verdict == Verdict::kPass);
  CHECK(accepted("intent_accuracy>=0.93", {"int8"}, {intents_session(10, 40)}).answers[0].decision ==
        Decision::kNo);
}

TEST_CASE("No number of prompts tells a share from itself") {
  const Acceptance same = accepted("intent_accuracy>=0.5", {"int8"}, {intents_session(20, 40)});
  CHECK(same.answers[0].rows[0].verdict == Verdict::kUnmeasurable);
  CHECK(same.answers[0].rows[0].more_prompts == 0);
}

TEST_CASE("A time of an emulated board is no answer") {
  SessionSketch sketch;
  sketch.tier = base::Tier::kEmulated;
  const Acceptance acceptance =
      accepted("token_ms_p95<=20", {"int8"}, {with_value(sketch_session(sketch), "token_ms_p95", 1)});
  CHECK(acceptance.answers[0].decision == Decision::kUndecided);
  CHECK_THAT(acceptance.answers[0].sentence, Contains("tier hardware alone"));
}

}  // namespace slmrig::gate
