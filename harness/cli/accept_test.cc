#include "harness/cli/accept.h"

#include <catch2/catch.hpp>

namespace slmrig::cli {
namespace {

gate::GateSession session_of(const std::string& bench, const std::string& model, const std::string& suite,
                             const std::string& settings) {
  gate::GateSession session;
  session.session_id = bench + model + suite + settings;
  session.bench = bench;
  session.model = model;
  session.cells.resize(1);
  session.cells[0].suite = suite;
  session.cells[0].settings = settings;
  return session;
}

gate::CandidateAnswer answer_of(const std::string& name, gate::Decision decision) {
  gate::CandidateAnswer answer;
  answer.name = name;
  answer.decision = decision;
  return answer;
}

}  // namespace

TEST_CASE("accept judges what was measured at the place, and nothing else of the run") {
  gate::GateInput input;
  input.sessions = {
      session_of("desk", "nano", "intents", "ctx=256"), session_of("shelf", "nano", "intents", "ctx=256"),
      session_of("desk", "wide", "intents", "ctx=256"), session_of("desk", "nano", "summaries", "ctx=256"),
      session_of("desk", "nano", "intents", "ctx=128")};
  input.sessions[0].cells.push_back(input.sessions[3].cells[0]);
  keep_place({"desk", "nano", "intents", "ctx=256"}, input);
  REQUIRE(input.sessions.size() == 1);
  CHECK(input.sessions[0].session_id == "desknanointentsctx=256");
  REQUIRE(input.sessions[0].cells.size() == 1);
  CHECK(input.sessions[0].cells[0].suite == "intents");
}

TEST_CASE("one no is a no, and the reference is not asked") {
  using enum gate::Decision;
  gate::Acceptance acceptance;
  acceptance.answers = {answer_of("f32", kNo), answer_of("int8", kYes)};
  CHECK(exit_code_of(acceptance, "f32") == ExitCode::kGood);
  acceptance.answers.push_back(answer_of("int4", kUndecided));
  CHECK(exit_code_of(acceptance, "f32") == ExitCode::kUndecided);
  acceptance.answers.push_back(answer_of("nf4", kNo));
  CHECK(exit_code_of(acceptance, "f32") == ExitCode::kBadResult);
}

}  // namespace slmrig::cli
