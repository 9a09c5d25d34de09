// The whole road on the three virtual boards, as a user walks it.
#include <set>

#include <catch2/catch.hpp>

#include "tests/e2e/sandbox.h"

namespace slmrig::e2e {
namespace {

const char* const kViews[] = {"v_cell", "v_generation", "v_token", "v_cold_start", "v_memory", "v_series"};

std::string views_first_columns() {
  return "run_id, session_id, cell_id, bench, unit_id, board, engine, model, variant, suite, settings, "
         "build, tier";
}

}  // namespace

TEST_CASE("the smoke plan measures three boards and fills every view", "[e2e]") {
  const Sandbox sandbox;
  const Ended run =
      sandbox.run_plan("smoke", {"--build", "demo-product", "--commit", "abc123", "--label", "first"});
  INFO(run.text());
  REQUIRE(run.exit_code == 0);

  CHECK(sandbox.count("select count(distinct board) from v_token") == 3);
  CHECK(sandbox.count("select count(*) from v_cell where status <> 'ok'") == 0);
  for (const char* view : kViews) {
    INFO(view);
    CHECK(sandbox.count(std::string("select count(*) from ") + view) > 0);
    CHECK(sandbox.query("select " + views_first_columns() + " from " + view + " limit 1").size() == 1);
    CHECK(sandbox.count(std::string("select count(*) from ") + view + " where build is null or build = ''") ==
          0);
  }
  // Two prompts on each bench; every generation's trace is whole and adds up.
  CHECK(sandbox.count("select count(*) from v_generation") == 6);
  CHECK(sandbox.count(
            "select count(*) from v_generation g where g.generated_tokens <> (select count(*) from v_token t "
            "where t.cell_id = g.cell_id and t.prompt_id = g.prompt_id and t.repeat = g.repeat)") == 0);
  CHECK(sandbox.count("select count(*) from v_series where commit_sha <> 'abc123'") == 0);
  for (const char* memory_class : {"weights", "kv", "activations", "scratch", "stack", "wire"}) {
    INFO(memory_class);
    CHECK(sandbox.count("select count(distinct bench) from v_memory where class = '" +
                        std::string(memory_class) + "' and bytes > 0") == 3);
  }
}

TEST_CASE("time stands only beside hardware and instructions only beside emulation", "[e2e]") {
  const Sandbox sandbox;
  const Ended run = sandbox.run_plan("smoke");
  INFO(run.text());
  REQUIRE(run.exit_code == 0);
  CHECK(sandbox.count("select count(*) from v_token where tier = 'emulated'") > 0);
  CHECK(sandbox.count("select count(*) from v_token where tier = 'hardware'") > 0);
  CHECK(sandbox.count("select count(*) from v_token where (tier = 'emulated') <> (duration_ns is null)") ==
        0);
  CHECK(sandbox.count(
            "select count(*) from v_token where (tier = 'emulated') <> (instructions is not null)") == 0);
  CHECK(sandbox.count("select count(*) from v_generation where (tier = 'emulated') <> (ttft_ns is null) or "
                      "(tier = 'emulated') <> (ttft_instructions is not null)") == 0);
  CHECK(sandbox.count("select count(*) from v_cold_start where (tier = 'emulated') <> (total_ns is null) or "
                      "(tier = 'emulated') <> (total_instructions is not null)") == 0);
  // Every board's answers are the host's for the same image.
  CHECK(sandbox.count("select count(distinct output_text) > 0 and count(*) = 6 from v_generation") == 1);
  CHECK(sandbox.count("select count(*) from (select prompt_id from v_generation group by prompt_id having "
                      "count(distinct output_text) > 1)") == 0);
}

TEST_CASE("a board with 128 kB of RAM runs the model in place from flash and answers as the host does",
          "[e2e]") {
  const Sandbox sandbox;
  const std::string plan = sandbox.write("small.json", R"({
    "name": "small", "benches": ["native", "netduinoplus2"], "models": ["wrist-nano"], "variants": ["int4"],
    "suites": ["intents"],
    "settings": {"context_tokens": 128, "kv": "int8", "prompts": 3, "cold_starts": 1}})");
  const Ended run = sandbox.run_plan(plan);
  INFO(run.text());
  REQUIRE(run.exit_code == 0);
  CHECK(sandbox.count("select count(*) from v_cell where status = 'ok'") == 2);
  CHECK(sandbox.count("select count(*) from v_generation where bench = 'netduinoplus2'") == 3);
  CHECK(sandbox.count("select count(*) from (select 1 from v_token group by prompt_id, token_index having "
                      "count(*) <> 2 or count(distinct token_id) > 1)") == 0);
  // What lies in RAM, all of it: within what the chip has.
  CHECK(sandbox.count("select sum(bytes) from v_memory where bench = 'netduinoplus2' and class in "
                      "('kv', 'activations', 'scratch', 'stack', 'wire', 'trace')") < 131072);
  CHECK(sandbox.count("select count(*) from v_memory where bench = 'netduinoplus2' and class = 'trace' and "
                      "bytes > 3000 and bytes < 5000") == 1);
}

TEST_CASE("two runs on emulated boards count the same instructions", "[e2e]") {
  const Sandbox sandbox;
  for (const char* label : {"one", "two"}) {
    const Ended run = sandbox.run_plan("smoke", {"--only", "bench=mps*", "--label", label});
    INFO(run.text());
    REQUIRE(run.exit_code == 0);
  }
  CHECK(sandbox.count("select count(distinct run_id) from v_token") == 2);
  CHECK(sandbox.count("select count(*) from v_token where tier <> 'emulated' or instructions is null") == 0);
  CHECK(sandbox.count(
            "select count(*) from (select 1 from v_token group by bench, model, variant, suite, prompt_id, "
            "repeat, token_index having count(*) <> 2 or count(distinct instructions) <> 1)") == 0);
}

TEST_CASE("a variant that does not fit is a row with its reason and the run exits 0", "[e2e]") {
  Sandbox sandbox;
  const std::string board = sandbox.make_root() + "/boards/mps2-an386/board.json";
  nlohmann::json json = nlohmann::json::parse(read_file(board));
  json["memory"]["slot_bytes"] = 65536;
  sandbox.write("root/boards/mps2-an386/board.json", json.dump());

  const Ended run = sandbox.run_plan("smoke", {"--only", "bench=mps2-an386"});
  INFO(run.text());
  CHECK(run.exit_code == 0);
  const auto rows = sandbox.query("select status, reason from v_cell");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0]["status"] == "unfit");
  CHECK_THAT(rows[0]["reason"].get<std::string>(),
             Catch::Contains("needs") && Catch::Contains("board has 65536"));
}

TEST_CASE("a plan shows what would run without running it", "[e2e]") {
  const Sandbox sandbox;
  const Ended plan = sandbox.slmrig({"plan", "smoke"});
  INFO(plan.text());
  CHECK(plan.exit_code == 0);
  CHECK_THAT(plan.output,
             Catch::Contains("native") && Catch::Contains("mps2-an386") && Catch::Contains("mps3-an547"));
}

TEST_CASE("a run is found by label, shown and reported", "[e2e]") {
  const Sandbox sandbox;
  REQUIRE(sandbox.run_plan("smoke", {"--only", "bench=native", "--label", "morning"}).exit_code == 0);

  const Ended runs = sandbox.slmrig({"runs", "--db", sandbox.database()});
  INFO(runs.text());
  CHECK(runs.exit_code == 0);
  CHECK_THAT(runs.output, Catch::Contains("morning"));
  for (const char* selector : {"latest", "morning"}) {
    const Ended show = sandbox.slmrig({"show", selector, "--db", sandbox.database()});
    INFO(show.text());
    CHECK(show.exit_code == 0);
    CHECK_THAT(show.output, Catch::Contains("native"));
  }
  const Ended report =
      sandbox.slmrig({"report", "--db", sandbox.database(), "-o", sandbox.path("report.html")});
  INFO(report.text());
  CHECK(report.exit_code == 0);
  CHECK_THAT(read_file(sandbox.path("report.html")), Catch::Contains("wrist-nano"));
}

TEST_CASE("a suite that keeps its prompts private leaves no text in the database", "[e2e]") {
  Sandbox sandbox;
  nlohmann::json suite =
      nlohmann::json::parse(read_file(sandbox.make_root() + "/workloads/suites/intents.json"));
  suite["store_text"] = false;
  sandbox.write("root/workloads/suites/intents.json", suite.dump());
  const Ended run = sandbox.run_plan("smoke", {"--only", "bench=native"});
  INFO(run.text());
  REQUIRE(run.exit_code == 0);
  CHECK(sandbox.count("select count(*) from v_generation") == 2);
  CHECK(sandbox.count("select count(*) from v_generation where coalesce(output_text, '') <> ''") == 0);
  const std::string prompt = suite["prompts"][0]["text"];
  CHECK(read_file(sandbox.database()).find(prompt) == std::string::npos);
}

TEST_CASE("the rig's benches are listed", "[e2e]") {
  const Sandbox sandbox;
  const Ended list = sandbox.slmrig({"rig", "list"});
  INFO(list.text());
  CHECK(list.exit_code == 0);
  CHECK_THAT(list.output,
             Catch::Contains("native") && Catch::Contains("mps2-an386") && Catch::Contains("mps3-an547"));
}

TEST_CASE("the forge evaluates and generates the same twice", "[e2e]") {
  const Sandbox sandbox;
  const std::string model = source_root() + "/workloads/models/wrist-wide/wrist-wide.gguf";
  const std::vector<std::string> generate = {"generate", model, "--prompt", "set a timer for 12 minutes\n",
                                             "-n",       "32",  "--top-k",  "40",
                                             "--seed",   "1"};
  const Ended once = sandbox.run("slmforge", generate);
  INFO(once.text());
  CHECK(once.exit_code == 0);
  CHECK(sandbox.run("slmforge", generate).output == once.output);

  const Ended eval = sandbox.run(
      "slmforge",
      {"eval", model, "--suite", source_root() + "/workloads/suites/intents.json", "--limit", "8", "--json"});
  INFO(eval.text());
  CHECK(eval.exit_code == 0);
  CHECK(nlohmann::json::accept(eval.output));
}

}  // namespace slmrig::e2e
