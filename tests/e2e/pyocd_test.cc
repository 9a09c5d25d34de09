// The bench that is flashed through a debug probe, as a user meets it: with pyOCD on the PATH and without.
#include <filesystem>

#include <catch2/catch.hpp>

#include "tests/e2e/sandbox.h"

namespace slmrig::e2e {
namespace {

constexpr const char* kBench = "bench=mps2-an386-pyocd";

// Says what it was asked for, and is no pyOCD.
void put_before_pyocd(Sandbox& sandbox, const std::string& version) {
  const std::string program = sandbox.write("bin/pyocd", "#!/bin/sh\necho " + version + "\n");
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  sandbox.environment["PATH"] = sandbox.path("bin") + ":/usr/bin:/bin";
}

}  // namespace

TEST_CASE("a bench behind a probe is deployed to by pyOCD, and the provenance says so", "[e2e]") {
  const Sandbox sandbox;
  const std::string plan = sandbox.write("probe.json", R"({
    "name": "probe", "benches": ["mps2-an386", "mps2-an386-pyocd"], "models": ["wrist-nano"], "variants": ["int4"],
    "suites": ["intents"], "settings": {"context_tokens": 256, "prompts": 2, "cold_starts": 1, "sessions": 2}})");
  const Ended run = sandbox.run_plan(plan);
  INFO(run.text());
  REQUIRE(run.exit_code == 0);
  CHECK(sandbox.count("select count(*) from v_cell where status = 'ok' and bench = 'mps2-an386-pyocd'") == 2);
  const auto fact = [&](const std::string& key) {
    return sandbox.query(
        "select value from v_provenance where name = 'deploy." + key +
        "' and session_id in (select session_id from v_cell where bench = 'mps2-an386-pyocd') "
        "order by cast(value as integer)");
  };
  REQUIRE(fact("flasher").size() == 2);
  CHECK(fact("flasher")[0]["value"] == "pyocd");
  CHECK_THAT(fact("tool")[0]["value"].get<std::string>(), Catch::StartsWith("pyocd "));
  // The second session finds agent and image on the board.
  REQUIRE(fact("agent_bytes_written").size() == 2);
  CHECK(fact("agent_bytes_written")[0]["value"] == "0");
  CHECK(fact("agent_bytes_written")[1]["value"] != "0");
  CHECK(fact("image_bytes_skipped")[0]["value"] == "0");
  CHECK(fact("image_bytes_skipped")[1]["value"] != "0");
  CHECK(sandbox.count(
            "select count(*) from (select 1 from v_token group by prompt_id, repeat, token_index having "
            "count(distinct instructions) <> 1 or count(*) <> 4)") == 0);
}

TEST_CASE("a bench whose pyOCD is too old is left out where it is optional, and is an error alone", "[e2e]") {
  Sandbox sandbox;
  std::filesystem::create_directories(sandbox.path("bin"));
  put_before_pyocd(sandbox, "0.33.0");
  const Ended alone = sandbox.run_plan("demo", {"--only", kBench});
  INFO(alone.text());
  CHECK(alone.exit_code == 2);
  CHECK_THAT(alone.errors,
             Catch::Contains("nothing can be measured on this host; bench mps2-an386-pyocd: ") &&
                 Catch::Contains("is version 0.33.0, needed is 0.34 or newer"));
  const Ended both =
      sandbox.run_plan("demo", {"--only", kBench, "--only", "bench=native", "--only", "suite=intents",
                                "--only", "model=wrist-nano", "--only", "variant=int4"});
  INFO(both.text());
  CHECK(both.exit_code == 0);
  CHECK_THAT(both.errors,
             Catch::Contains("mps2-an386-pyocd: wrist-nano int4 is not_applicable: the bench is left out"));
  CHECK(sandbox.count("select count(*) from v_cell where status = 'ok'") == 1);
  CHECK(sandbox.count("select count(*) from v_cell where status = 'not_applicable'") == 1);
}

}  // namespace slmrig::e2e
