// `slmrig compare`: variants of a model measured side by side, and two runs.
#include <catch2/catch.hpp>

#include "tests/e2e/sandbox.h"

namespace slmrig::e2e {
namespace {

using Catch::Matchers::Contains;
using nlohmann::json;

const std::vector<std::string> kVariants = {"compare",    "--bench",    "mps2-an386", "--model", "wrist-nano",
                                            "--variants", "f32,int8",   "--suite",    "intents", "--prompts",
                                            "3",          "--sessions", "1"};

std::vector<std::string> with(std::vector<std::string> arguments, const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

}  // namespace

TEST_CASE("variants are measured side by side once, and compared in words, in a table and as JSON", "[e2e]") {
  const Sandbox sandbox;
  const std::vector<std::string> here = {"--out", sandbox.path("out"), "--db", sandbox.database()};
  const Ended first = sandbox.slmrig(with(with(kVariants, here), {"--json"}));
  INFO(first.text());
  REQUIRE(first.exit_code == 0);
  const json comparison = json::parse(first.output).at("comparisons").at(0);
  CHECK(comparison.at("tier") == "emulated");
  const json& int8 = comparison.at("subjects").at(1);
  CHECK(int8.at("name") == "int8");
  CHECK(int8.contains("modelled_token_ns"));
  for (const json& figure : int8.at("figures")) {
    if (figure.at("metric") == "token_instructions_mean") {
      CHECK(figure.at("change") < 0.7);
      CHECK(figure.at("exact") == true);
      CHECK(figure.at("judgement") == "better");
    }
    CHECK(figure.at("unit") != "ms");  // an emulated board has no time
  }

  const Ended again = sandbox.slmrig(with(kVariants, here));
  INFO(again.text());
  CHECK(again.exit_code == 0);
  CHECK_THAT(again.errors, Contains("measured in run"));
  CHECK(sandbox.count("select count(distinct run_id) from v_cell") == 1);
  CHECK_THAT(again.output, Contains("instructions, not speed"));
  CHECK_THAT(again.output, Contains(int8.at("recommendation").get<std::string>()));

  const Ended alone = sandbox.slmrig(with({"compare", "latest", "latest"}, {"--db", sandbox.database()}));
  CHECK(alone.exit_code == 2);
  CHECK_THAT(alone.errors, Contains("both are run"));
}

TEST_CASE("two builds are compared cell by cell", "[e2e]") {
  const Sandbox sandbox;
  const std::string plan = sandbox.write("plan.json", R"({
    "name": "builds", "benches": ["mps3-an547"], "models": ["wrist-nano"], "variants": ["int8"],
    "suites": ["intents"], "settings": {"context_tokens": 256, "prompts": 2, "cold_starts": 1},
    "energy": {"prompts": 0}})");
  REQUIRE(sandbox.run_plan(plan, {"--build", "watch-1.0", "--label", "before"}).exit_code == 0);
  REQUIRE(sandbox.run_plan(plan, {"--build", "watch-1.1", "--label", "after"}).exit_code == 0);
  const Ended ended = sandbox.slmrig({"compare", "before", "after", "--db", sandbox.database()});
  INFO(ended.text());
  CHECK(ended.exit_code == 0);
  CHECK_THAT(ended.output, Contains("watch-1.0") && Contains("watch-1.1") && Contains("x1.000") &&
                               Contains("0 of 2 answers differ"));
}

TEST_CASE("what cannot be compared is refused with what to write instead", "[e2e]") {
  const Sandbox sandbox;
  const auto refused = [&](const std::vector<std::string>& arguments, const std::string& words) {
    const Ended ended = sandbox.slmrig(arguments);
    INFO(ended.text());
    CHECK(ended.exit_code == 2);
    CHECK_THAT(ended.errors, Contains(words));
  };
  refused({"compare"}, "--bench");
  refused({"compare", "latest", "latest", "--flips", "99999999999999999999"}, "neither a number");
  refused({"compare", "latest"}, "two runs are compared");
  refused(
      {"compare", "--bench", "native", "--model", "wrist-nano", "--suite", "intents", "--variants", "int8"},
      "two or more");
  refused({"compare", "--bench", "nativ", "--model", "wrist-nano", "--suite", "intents", "--variants",
           "int8,int4"},
          "native");
}

}  // namespace slmrig::e2e
