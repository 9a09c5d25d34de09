// Runs that are stopped, runs in each other's way, and a disk that is full: nothing measured is lost.
#include <csignal>

#include <catch2/catch.hpp>

#include "tests/e2e/sandbox.h"

namespace slmrig::e2e {
namespace {

// Two cells of many generations on this host: long enough to be stopped in the second.
std::string write_long_plan(const Sandbox& sandbox, int repeats) {
  const nlohmann::json plan = {
      {"name", "long"},
      {"models", {"wrist-nano"}},
      {"variants", {"f32", "int8"}},
      {"suites", {"intents"}},
      {"settings", {{"context_tokens", 256}, {"prompts", 20}, {"cold_starts", 1}, {"repeats", repeats}}},
  };
  return sandbox.write("long.json", plan.dump());
}

const std::vector<std::string> kNative = {"--only", "bench=native"};
const char* const kGenerations = "select count(*) as n from v_generation";

}  // namespace

TEST_CASE("an interrupted run keeps what it has and resumes what is missing", "[e2e]") {
  const Sandbox sandbox;
  const std::string plan = write_long_plan(sandbox, 150);
  auto child = sandbox.start_plan(plan, kNative);
  REQUIRE(sandbox.wait_for_count(kGenerations, 1, 120'000));
  child.send_signal(SIGINT);
  const auto ended = child.wait(60'000);
  REQUIRE(ended);
  CHECK(ended->signal == 0);
  CHECK(ended->code == 3);

  const int64_t kept = sandbox.count(kGenerations);
  CHECK(kept > 0);
  CHECK(sandbox.count("select count(*) from v_cell where status = 'interrupted'") > 0);

  const Ended resumed = sandbox.slmrig({"run", "--resume", "latest", "--db", sandbox.database()});
  INFO(resumed.text());
  CHECK(resumed.exit_code == 0);
  CHECK(sandbox.count("select count(distinct run_id) from v_cell") == 1);
  CHECK(sandbox.count(
            "select count(*) from (select prompt_id, variant, repeat from v_generation where cell_id in "
            "(select cell_id from v_cell where status = 'ok') group by 1, 2, 3)") == 2 * 20 * 150);
}

TEST_CASE("a second run on a bench is refused and told who holds it", "[e2e]") {
  const Sandbox sandbox;
  auto first = sandbox.start_plan(write_long_plan(sandbox, 400), kNative);
  REQUIRE(sandbox.wait_for_count(kGenerations, 1, 120'000));
  const Ended second = sandbox.run_plan("smoke", kNative);
  INFO(second.text());
  CHECK(second.exit_code == 3);
  CHECK_THAT(second.errors, Catch::Contains("native") && Catch::Contains(std::to_string(first.pid())));
  first.stop(20'000);
}

TEST_CASE("two runs on different benches share one database", "[e2e]") {
  const Sandbox sandbox;
  auto first = sandbox.start_plan("smoke", {"--only", "bench=mps2-an386", "--label", "left"});
  const Ended second = sandbox.run_plan("smoke", {"--only", "bench=mps3-an547", "--label", "right"});
  INFO(second.text());
  CHECK(second.exit_code == 0);
  const auto ended = first.wait(200'000);
  REQUIRE(ended);
  CHECK(ended->code == 0);
  CHECK(sandbox.count("select count(distinct run_id) from v_cell where status = 'ok'") == 2);
  CHECK(sandbox.count("select count(*) from v_generation") == 4);
}

TEST_CASE("a killed run leaves a whole database and no process", "[e2e]") {
  const Sandbox sandbox;
  auto child = sandbox.start_plan(write_long_plan(sandbox, 400), kNative);
  REQUIRE(sandbox.wait_for_count(kGenerations, 1, 120'000));
  child.send_signal(SIGKILL);
  REQUIRE(child.wait(20'000));
  CHECK(sandbox.query("pragma integrity_check")[0]["integrity_check"] == "ok");
  CHECK(sandbox.count(kGenerations) > 0);
  // The lock died with its holder.
  const Ended next = sandbox.run_plan("smoke", kNative);
  INFO(next.text());
  CHECK(next.exit_code == 0);
}

TEST_CASE("a database that cannot grow stops the run with a clear error and stays readable", "[e2e]") {
  const Sandbox sandbox;
  REQUIRE(sandbox.run_plan("smoke", kNative).exit_code == 0);
  const int64_t kept = sandbox.count(kGenerations);
  // A file size limit stands for a full disk: it needs no rights to set up. XFSZ is ignored, so that the
  // write fails instead of the process dying.
  base::ChildOptions options;
  options.arguments = {"/bin/sh",
                       "-c",
                       "trap '' XFSZ; ulimit -f 256; exec \"$@\"",
                       "sh",
                       program_path("slmrig"),
                       "run",
                       write_long_plan(sandbox, 400),
                       "--db",
                       sandbox.database(),
                       "--only",
                       "bench=native"};
  options.environment = sandbox.environment;
  options.working_directory = sandbox.path("");
  const auto run = base::run_captured(options, {.timeout_ms = 240'000});
  REQUIRE(run);
  INFO(run->errors);
  CHECK(run->exit.signal == 0);
  CHECK(run->exit.code == 3);
  CHECK_THAT(run->errors, Catch::Contains("slmrig.db"));
  CHECK(sandbox.query("pragma integrity_check")[0]["integrity_check"] == "ok");
  CHECK(sandbox.count(kGenerations) >= kept);
}

}  // namespace slmrig::e2e
