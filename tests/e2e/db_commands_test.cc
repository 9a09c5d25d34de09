// `slmrig release` and `slmrig db`: what a release manager and a rack do with a database.
#include <filesystem>

#include <catch2/catch.hpp>

#include "tests/e2e/sandbox.h"

namespace slmrig::e2e {
namespace {

using Catch::Matchers::Contains;
using nlohmann::json;

const char* const kPlan = R"({
  "name": "history", "benches": ["native"], "models": ["wrist-nano"], "variants": ["f32", "int8"],
  "suites": ["intents"], "settings": {"context_tokens": 256, "prompts": 4, "cold_starts": 1},
  "order_seed": 1})";

const char* const kBenchmark = R"({"context": {}, "benchmarks": [
  {"name": "load", "run_type": "iteration", "real_time": 3, "time_unit": "ms"}]})";

}  // namespace

TEST_CASE("a run is pinned, exported, thinned and merged", "[e2e]") {
  const Sandbox sandbox;
  const std::vector<std::string> db = {"--db", sandbox.database()};
  const auto slmrig = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), db.begin(), db.end());
    return sandbox.slmrig(std::move(arguments));
  };
  const Ended run = sandbox.run_plan(sandbox.write("plan.json", kPlan), {"--build", "watch-1.0"});
  INFO(run.text());
  REQUIRE(run.exit_code == 0);
  // int8 against f32, and by intent.
  CHECK(sandbox.count("select count(*) from v_series where metric = 'flip_rate' and variant = 'int8'") == 1);
  CHECK(sandbox.count("select count(*) from v_series where metric = 'worst_intent_accuracy'") == 2);
  CHECK(sandbox.count("select count(*) from v_series where metric = 'answer_ms_p99'") == 2);

  CHECK(slmrig({"release", "pin", "watch-1.0", "--run", "nobody"}).exit_code == 2);
  const Ended pinned = slmrig({"release", "pin", "watch-1.0", "--run", "latest"});
  INFO(pinned.text());
  REQUIRE(pinned.exit_code == 0);
  const json releases = json::parse(slmrig({"release", "list", "--json"}).output);
  REQUIRE(releases.size() == 1);
  CHECK(releases[0]["artifacts"].size() == 4);  // the agent, two images, their model
  const Ended written = slmrig({"release", "export", "watch-1.0", "-o", sandbox.path("release")});
  CHECK(written.exit_code == 0);
  const json manifest = json::parse(read_file(sandbox.path("release/release.json")));
  for (const json& artifact : manifest["artifacts"]) {
    if (artifact["kind"] != "image") continue;
    REQUIRE(artifact.contains("file"));  // of the cache, kept when it was pinned
    CHECK(std::filesystem::exists(sandbox.path("release/" + artifact["file"].get<std::string>())));
  }

  const json exported = json::parse(slmrig({"db", "export", "--format", "google-benchmark"}).output);
  CHECK(exported["benchmarks"].size() >= 2 * 4 * 2);
  const Ended csv = slmrig({"db", "export", "--format", "csv", "--run", "latest"});
  CHECK_THAT(csv.output, Contains("run_id,session_id") && Contains("token_ms_p50"));
  CHECK(slmrig({"db", "export", "--format", "jsno"}).exit_code == 2);

  CHECK_THAT(slmrig({"db", "upgrade"}).output, Contains("is up to date: schema version"));
  // A release keeps its traces.
  CHECK_THAT(slmrig({"db", "prune", "--keep", "0"}).output, Contains("thinned  0 generations"));
  CHECK(slmrig({"release", "unpin", "watch-1.0"}).exit_code == 0);
  CHECK_THAT(slmrig({"db", "prune", "--keep", "0", "--compact"}).output, Contains("thinned  8 generations"));
  CHECK(sandbox.count("select count(*) from v_token") == 0);
  CHECK(slmrig({"show", "latest"}).exit_code == 0);

  const std::string other = sandbox.path("other.db");
  const std::string file = sandbox.write("bench.json", kBenchmark);
  CHECK(sandbox.slmrig({"db", "import", file, "--bench", "desk-2", "--db", other}).exit_code == 0);
  CHECK(sandbox.slmrig({"db", "import", file, "--bench", "desk-2", "--db", other}).exit_code == 2);
  const Ended merged = slmrig({"db", "merge", other});
  CHECK_THAT(merged.output, Contains("1 runs came, 0 were here already"));
  CHECK_THAT(slmrig({"db", "merge", other}).output, Contains("0 runs came, 1 were here already"));
  const json info = json::parse(slmrig({"db", "info", "--json"}).output);
  CHECK(info["runs"] == 2);
  CHECK(info["imported_runs"] == 1);
  CHECK(info["benches"] == json({"desk-2", "native"}));
  CHECK(slmrig({"db", "check"}).exit_code == 0);
}

TEST_CASE("databases that cannot be used are refused, and a damaged one is the thing that is bad", "[e2e]") {
  const Sandbox sandbox;
  const std::string text = sandbox.write("text.db", std::string(5000, 'x'));
  for (const std::string command : {"info", "check"}) {
    CHECK(sandbox.slmrig({"db", command, "--db", sandbox.path("none.db")}).exit_code == 2);
    CHECK(sandbox.slmrig({"db", command, "--db", text}).exit_code == 2);
  }
  const std::string file = sandbox.write("bench.json", kBenchmark);
  REQUIRE(sandbox.slmrig({"db", "import", file, "--db", sandbox.database()}).exit_code == 0);
  CHECK(sandbox.slmrig({"db", "merge", sandbox.database(), "--db", sandbox.database()}).exit_code == 2);
  CHECK(sandbox.slmrig({"db", "import", text, "--db", sandbox.database()}).exit_code == 2);
  CHECK(sandbox.slmrig({"release", "export", "none", "--db", sandbox.database()}).exit_code == 2);
  std::string bytes = read_file(sandbox.database());
  for (std::size_t at = 4096 * 4; at + 1 < bytes.size(); at += 50) bytes[at] = '\xff';
  sandbox.write("damaged.db", bytes);
  CHECK(sandbox.slmrig({"db", "check", "--db", sandbox.path("damaged.db")}).exit_code == 1);
}

}  // namespace slmrig::e2e
