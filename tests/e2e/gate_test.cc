// A gate over real runs on an emulated board: the same agent passes, one whose kernels are slower on purpose
// fails.
#include <catch2/catch.hpp>

#include "tests/e2e/sandbox.h"

namespace slmrig::e2e {
namespace {

using Catch::Matchers::Contains;
using nlohmann::json;

const char* const kPlan = R"({
  "name": "gated", "benches": ["mps2-an386"], "models": ["wrist-nano"], "variants": ["int8"],
  "suites": ["intents"], "settings": {"context_tokens": 256, "prompts": 2, "cold_starts": 1},
  "energy": {"prompts": 0}})";

const char* const kBudgets = R"({"budgets": [
  {"board": "mps2-an386", "variant": "int8", "metric": "token_instructions_mean", "limit": "<= 1.03x first"},
  {"board": "mps2-an386", "variant": "int8", "metric": "memory_peak_bytes", "limit": "<= 1.03x first"},
  {"suite": "intents", "metric": "accuracy", "limit": ">= 1x first"}]})";

std::string slow_agent() { return source_root() + "/build/firmware-slow/mps2-an386/agent.elf"; }

}  // namespace

TEST_CASE("a gate passes the build that it knows and fails one with a slower kernel, naming the row",
          "[e2e]") {
  const Sandbox sandbox;
  const std::string plan = sandbox.write("plan.json", kPlan);
  const std::string budgets = sandbox.write("budgets.json", kBudgets);
  const std::string junit = sandbox.path("gate.xml");
  const auto gate = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"gate", "--budgets", budgets, "--db", sandbox.database()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return sandbox.slmrig(arguments);
  };
  const Ended first = sandbox.run_plan(plan, {"--build", "first"});
  INFO(first.text());
  REQUIRE(first.exit_code == 0);

  const Ended good = gate({"--junit", junit});
  INFO(good.text());
  CHECK(good.exit_code == 0);
  CHECK_THAT(read_file(junit), Contains("failures=\"0\" errors=\"0\""));

  const Ended second = sandbox.run_plan(plan, {"--build", "demo-slow", "--agent", slow_agent()});
  INFO(second.text());
  REQUIRE(second.exit_code == 0);
  const Ended bad = gate({"--json"});
  INFO(bad.text());
  CHECK(bad.exit_code == 1);
  const json report = json::parse(bad.output);
  CHECK(report["outcome"] == "fail");
  for (const json& row : report["rows"]) {
    INFO(row.dump(1));
    const bool is_slow = row["metric"] == "token_instructions_mean";
    CHECK(row["verdict"] == (is_slow ? "fail" : "pass"));
    if (!is_slow) continue;
    const double ratio = row["benches"][0]["figure"]["value"].get<double>() /
                         row["benches"][0]["release_figure"]["value"].get<double>();
    CHECK(ratio > 1.05);
    CHECK(ratio < 1.15);
  }
  // The older run, by its name, passes still.
  CHECK(gate({"--run", sandbox.query("select run_id from v_run where build = 'first'")[0]["run_id"]})
            .exit_code == 0);

  // What is shipped must be what was measured.
  CHECK(gate({"--run", sandbox.query("select run_id from v_run where build = 'first'")[0]["run_id"],
              "--artifact", slow_agent()})
            .exit_code == 1);
}

TEST_CASE("a gate's bad inputs have their exit codes", "[e2e]") {
  const Sandbox sandbox;
  const std::string good =
      sandbox.write("good.json", R"({"budgets": [{"metric": "image_bytes", "limit": "<= 1"}]})");
  const auto gate = [&](const std::string& budgets, const std::string& database) {
    return sandbox.slmrig({"gate", "--budgets", budgets, "--db", database});
  };
  CHECK(gate(good, sandbox.path("none.db")).exit_code == 2);
  CHECK(gate(sandbox.path("none.json"), sandbox.database()).exit_code == 2);
  CHECK(gate(good, sandbox.write("text.db", "this is no database, whatever its name says")).exit_code == 2);
  for (
      const char* wrong : {
          R"({"budgets": [{"metric": "image_byte", "limit": "<= 1"}]})",
          R"({"budgets": [{"metric": "image_bytes", "limit": "<= 1 ms"}]})",
          R"({"budgets": [{"metric": "image_bytes", "limit": "<= 1", "borad": "x"}]})",
          R"({"budgets": [{"metric": "image_bytes", "limit": "<= 1"}, {"metric": "image_bytes", "limit": "<= 2"}]})",
      }) {
    const Ended ended = gate(sandbox.write("wrong.json", wrong), sandbox.database());
    INFO(wrong << "\n" << ended.text());
    CHECK(ended.exit_code == 2);
    CHECK_THAT(ended.errors, Contains("wrong.json"));
  }
}

}  // namespace slmrig::e2e
