// Runs that are made to decide something: two builds in turn, until budgets are decided, and which variants
// are good enough.
#include <catch2/catch.hpp>

#include "tests/e2e/sandbox.h"

namespace slmrig::e2e {
namespace {

using Catch::Matchers::Contains;
using nlohmann::json;

std::string plan_on(const Sandbox& sandbox, const std::string& bench, const std::string& settings) {
  return sandbox.write("plan.json", R"({"name": "decided", "benches": [")" + bench + R"("],
    "models": ["wrist-nano"], "variants": ["int4"], "suites": ["intents"], "settings": {)" +
                                        settings + R"(}, "energy": {"prompts": 0}})");
}

std::string emulated_agent(const std::string& folder) {
  return source_root() + "/build/" + folder + "/mps2-an386/agent.elf";
}

}  // namespace

TEST_CASE("ab measures two builds in turn and ends with 1 where the second is worse", "[e2e]") {
  const Sandbox sandbox;
  const std::string plan =
      plan_on(sandbox, "mps2-an386", R"("context_tokens": 256, "prompts": 1, "cold_starts": 1)");
  const auto ab = [&](const std::string& left, const std::string& right) {
    return sandbox.slmrig({"ab", left, right, "--plan", plan, "--sessions", "2", "--json", "--out",
                           sandbox.path("out"), "--db", sandbox.database()});
  };
  const Ended worse = ab(emulated_agent("firmware"), emulated_agent("firmware-slow"));
  INFO(worse.text());
  REQUIRE(worse.exit_code == 1);
  const json subjects = json::parse(worse.output).at("comparisons").at(0).at("subjects");
  CHECK_THAT(subjects.at(1).at("name").get<std::string>(), Contains("firmware-slow"));
  for (const json& figure : subjects.at(1).at("figures")) {
    if (figure.at("metric") != "token_instructions_mean") continue;
    CHECK(figure.at("judgement") == "worse");
    CHECK(figure.at("change") > 1.05);
    CHECK(figure.at("sessions") == 2);
  }
  // Two runs of two sessions, whose turn changes from round to round: A B, B A.
  const json order =
      sandbox.query("select run_id from v_session where ended_at_ns is not null order by started_at_ns");
  REQUIRE(order.size() == 4);
  CHECK(order[0] == order[3]);
  CHECK(order[1] == order[2]);
  CHECK(order[0] != order[1]);
  CHECK(sandbox.count("select count(distinct agent_build_id) from v_session") == 2);

  const Ended same = ab(emulated_agent("firmware"), emulated_agent("firmware"));
  INFO(same.text());
  CHECK(same.exit_code == 0);
  CHECK(ab(sandbox.path("nothing"), emulated_agent("firmware")).exit_code == 2);
}

TEST_CASE("a run goes on with what its budgets cannot decide, and with nothing else", "[e2e]") {
  const Sandbox sandbox;
  const std::string plan =
      plan_on(sandbox, "native", R"("context_tokens": 256, "prompts": 2, "cold_starts": 1)");
  // Of a time one session tells nothing; bytes are exact.
  const std::string budgets = sandbox.write("budgets.json", R"({"most_sessions": 1000, "budgets": [
    {"bench": "native", "metric": "decode_tokens_per_s", "limit": ">= 0.001"},
    {"bench": "native", "metric": "image_bytes", "limit": "<= 1 MB"}]})");
  const std::vector<std::string> until = {"--until-decided", budgets, "--decide-minutes", "1"};
  const Ended run = sandbox.run_plan(plan, until);
  INFO(run.text());
  const int64_t sessions = sandbox.count("select count(*) from v_session");
  // A host that others use while it measures is doubted, again and again: then nothing can be decided.
  if (run.exit_code == 0) {
    CHECK_THAT(run.output, Contains("every budget is decided"));
    CHECK(sessions >= 2);
  } else {
    CHECK(run.exit_code == 3);
    CHECK_THAT(run.output, Contains("undecided still"));
    CHECK(sessions >= 5);
  }
  CHECK(sandbox.count("select count(distinct run_id) from v_session") == 1);
  CHECK(sandbox.slmrig({"gate", "--budgets", budgets, "--db", sandbox.database()}).exit_code ==
        run.exit_code);

  // Nothing of its plan is left, and what can be decided is.
  const Ended again = sandbox.slmrig({"run", "--resume", "latest", "--out", sandbox.path("out"), "--db",
                                      sandbox.database(), "--until-decided", budgets});
  INFO(again.text());
  CHECK(again.exit_code == run.exit_code);
  CHECK_THAT(again.output, Contains("After 0 more rounds"));
  CHECK(sandbox.count("select count(*) from v_session") == sessions);
}

TEST_CASE("what no session can decide is measured once, and ends with 3", "[e2e]") {
  const Sandbox sandbox;
  const std::string plan =
      plan_on(sandbox, "mps2-an386", R"("context_tokens": 256, "prompts": 1, "cold_starts": 1)");
  const std::string budgets = sandbox.write("budgets.json", R"({"budgets": [
    {"board": "mps2-an386", "metric": "answer_ms_p95", "limit": "<= 200"},
    {"board": "mps2-an386", "metric": "image_bytes", "limit": "<= 1 MB"}]})");
  const Ended run = sandbox.run_plan(plan, {"--until-decided", budgets});
  INFO(run.text());
  CHECK(run.exit_code == 3);
  CHECK_THAT(run.output,
             Contains("After 0 more rounds 1 row is undecided still; more sessions would decide 0"));
  CHECK(sandbox.count("select count(*) from v_session") == 1);
}

TEST_CASE("a run that is to be decided refuses a budget file that says nothing before it measures", "[e2e]") {
  const Sandbox sandbox;
  const Ended run = sandbox.run_plan("smoke", {"--only", "bench=mps2-an386", "--until-decided",
                                               sandbox.write("budgets.json", R"({"budgets": []})")});
  INFO(run.text());
  CHECK(run.exit_code == 2);
  CHECK_THAT(run.errors, Contains("budgets.json"));
}

TEST_CASE("compare says which variants are good enough: yes, no or undecided", "[e2e]") {
  const Sandbox sandbox;
  const auto compare = [&](const std::string& conditions, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {
        "compare",           "--bench", "mps2-an386",      "--model", "wrist-nano", "--variants", "f32,int8",
        "--suite",           "intents", "--prompts",       "3",       "--accept",   conditions,   "--out",
        sandbox.path("out"), "--db",    sandbox.database()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return sandbox.slmrig(arguments);
  };
  const Ended yes = compare("token_instructions_p95<=1 M, image_bytes<=1 MB", {});
  INFO(yes.text());
  CHECK(yes.exit_code == 0);
  // f32 takes more than that, and is what the others are compared with.
  CHECK_THAT(yes.output, Contains("f32 (reference, not counted): no") && Contains("int8: yes"));
  CHECK(sandbox.count("select count(*) from v_session") == 2);  // one each: counts are exact

  const Ended no = compare("token_instructions_p95<=1000", {"--json"});
  INFO(no.text());
  CHECK(no.exit_code == 1);
  const json comparison = json::parse(no.output).at("comparisons").at(0);
  CHECK(comparison.at("accept").at(0) == "token_instructions_p95 <= 1,000 instructions");
  const json& accepted = comparison.at("subjects").at(1).at("accepted");
  CHECK(accepted.at("answer") == "no");
  CHECK(accepted.at("conditions").at(0).at("verdict") == "fail");

  // Three prompts tell little of all that people may say.
  const Ended few = compare("intent_accuracy>=0.93", {"--json"});
  INFO(few.text());
  CHECK(few.exit_code == 3);
  const json undecided = json::parse(few.output).at("comparisons").at(0).at("subjects").at(1).at("accepted");
  CHECK(undecided.at("answer") == "undecided");
  CHECK(undecided.at("conditions").at(0).at("more_prompts") == 39);

  const Ended time = compare("answer_ms_p95<=200", {});
  CHECK(time.exit_code == 3);
  CHECK_THAT(time.output, Contains("tier hardware alone"));
  CHECK(compare("acuracy>=0.93", {}).exit_code == 2);

  // The page says the same words.
  const std::string page = sandbox.path("page.html");
  const Ended report =
      sandbox.slmrig({"report", "--accept", "intent_accuracy>=0.93", "-o", page, "--db", sandbox.database()});
  INFO(report.text());
  CHECK(report.exit_code == 0);
  CHECK_THAT(read_file(page), Contains("is inconclusive, 100 % (36.8403 to 100) (3 prompts are too few"));
}

}  // namespace slmrig::e2e
