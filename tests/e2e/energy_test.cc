// Energy on an emulated board, by the ordinary driver of a meter that stands beside it: against what the
// virtual meter really drew, and with a meter that fails.
#include <catch2/catch.hpp>

#include "tests/e2e/sandbox.h"

namespace slmrig::e2e {
namespace {

using Catch::Matchers::Contains;
using nlohmann::json;

const char* const kBoard = "mps3-an547";

const char* const kPlan = R"({
  "name": "energy", "benches": ["native", "mps3-an547"], "models": ["wrist-nano"], "variants": ["int4"],
  "suites": ["intents"], "settings": {"context_tokens": 256, "prompts": 2, "cold_starts": 1},
  "energy": {"prompts": 2, "idle_ms": 100}})";

// The virtual rig in a root of its own, with more arguments for the board's virtual meter.
void change_meter(Sandbox& sandbox, const std::vector<std::string>& more) {
  const std::string file = sandbox.make_root() + "/boards/rigs/virtual.json";
  json rig = json::parse(read_file(file));
  for (json& bench : rig["benches"]) {
    if (bench["name"] != kBoard) continue;
    for (const std::string& word : more) bench["stand_ins"][0]["command"].push_back(word);
  }
  REQUIRE(base::write_file_atomically(file, rig.dump(1)));
}

// The last stream of the meter in which the board was in this phase.
const json& last_with(const json& truth, const std::string& phase) {
  const json& streams = truth.at("streams");
  for (std::size_t i = streams.size(); i > 0; --i) {
    if (streams[i - 1].at("phases").contains(phase)) return streams[i - 1];
  }
  FAIL("no stream with " << phase);
  return streams;
}

}  // namespace

TEST_CASE("energy by phase and token is what the virtual meter really drew, and says that it is modelled",
          "[e2e]") {
  Sandbox sandbox;
  const std::string truth_file = sandbox.path("truth.json");
  change_meter(sandbox, {"--truth", truth_file});
  const Ended run = sandbox.run_plan(sandbox.write("energy.json", kPlan));
  INFO(run.text());
  REQUIRE(run.exit_code == 0);
  CHECK_THAT(run.output, Contains("no meter") && Contains("modelled"));
  CHECK(sandbox.count("select count(*) from v_energy where bench = 'native'") == 0);
  CHECK(sandbox.count("select count(*) from v_energy where tier <> 'modelled' or trust <> 'ok'") == 0);

  const json truth = json::parse(read_file(truth_file));
  const json& stream = last_with(truth, "prefill");
  for (const std::string phase : {"prefill", "decode"}) {
    INFO(phase << " " << stream.dump());
    const json rows = sandbox.query(
        "select gross_uj, net_uj, expanded_uncertainty_uj, comparative_uncertainty_uj, duration_ns, "
        "lost_samples "
        "from v_energy where phase = '" +
        phase + "'");
    REQUIRE(rows.size() == 1);
    const json& drawn = stream.at("phases").at(phase);
    CHECK(rows[0]["gross_uj"].get<double>() == Approx(drawn["uj"].get<double>()).epsilon(1e-3));
    CHECK(rows[0]["duration_ns"].get<double>() == Approx(drawn["ns"].get<double>()).epsilon(1e-3));
    CHECK(rows[0]["net_uj"] < rows[0]["gross_uj"]);
    CHECK(rows[0]["comparative_uncertainty_uj"] < rows[0]["expanded_uncertainty_uj"]);
    CHECK(rows[0]["lost_samples"] == 0);
  }
  // One edge of the token line for each token that the board reports; the first has the prompt before it.
  const json tokens =
      sandbox.query("select prompt_id, token_index, net_uj from v_token_energy order by rowid");
  REQUIRE(tokens.size() == stream.at("tokens").size());
  CHECK(sandbox.count(
            "select count(*) from v_token_energy e join v_token t using (cell_id, prompt_id, token_index) "
            "where t.repeat = 0") == static_cast<int64_t>(tokens.size()));
  CHECK(sandbox.count("select count(*) from v_generation_energy where net_uj > expanded_uncertainty_uj") ==
        2);
}

TEST_CASE(
    "boot and load of a session have the energy that was really drawn, and a battery's life is told of it",
    "[e2e]") {
  Sandbox sandbox;
  const std::string truth_file = sandbox.path("truth.json");
  change_meter(sandbox, {"--truth", truth_file});
  const Ended run = sandbox.run_plan(sandbox.write("energy.json", kPlan));
  INFO(run.text());
  REQUIRE(run.exit_code == 0);
  const json truth = json::parse(read_file(truth_file));
  for (const std::string phase : {"boot", "load"}) {
    const json rows = sandbox.query(
        "select e.generations, e.gross_uj, e.net_uj, e.duration_ns, e.trust, e.cell_id, "
        "e.expanded_uncertainty_uj from v_energy e where phase = '" +
        phase + "'");
    INFO(rows.dump() << " " << truth.dump());
    REQUIRE(rows.size() == 1);
    CHECK(rows[0]["generations"] == 2);
    CHECK(rows[0]["trust"] == "ok");
    CHECK(rows[0]["cell_id"].is_null());
    double uj = 0;
    double ns = 0;
    for (const json& stream : truth.at("streams")) {
      if (!stream.at("phases").contains(phase)) continue;
      uj += stream["phases"][phase]["uj"].get<double>();
      ns += stream["phases"][phase]["ns"].get<double>();
    }
    CHECK(rows[0]["gross_uj"].get<double>() == Approx(uj).epsilon(0.02));
    CHECK(rows[0]["duration_ns"].get<double>() == Approx(ns).margin(2 * 2 * 10'000));  // two edges of each
    CHECK(rows[0]["net_uj"] < rows[0]["gross_uj"]);
  }
  const Ended life = sandbox.slmrig({"power", "life", "--db", sandbox.database(), "--duty", "watch"});
  INFO(life.text());
  CHECK(life.exit_code == 0);
  CHECK_THAT(life.output, !Contains("no cold start was measured"));
}

TEST_CASE("the pass in windows repeats the prompts until each window is long enough", "[e2e]") {
  Sandbox sandbox;
  std::string plan = kPlan;
  const std::string wanted = R"("idle_ms": 100)";
  plan.replace(plan.find(wanted), wanted.size(),
               R"("idle_ms": 100, "windows": 3, "window_s": 0.8, "cold_starts": 0)");
  const Ended run = sandbox.run_plan(sandbox.write("energy.json", plan));
  INFO(run.text());
  REQUIRE(run.exit_code == 0);
  CHECK(sandbox.count("select count(*) from v_energy where trust <> 'ok'") == 0);
  CHECK(sandbox.count("select count(*) from v_energy where phase = 'boot'") == 0);
  const json windows = sandbox.query("select * from v_energy_window order by window");
  REQUIRE(windows.size() == 3);
  int64_t generations = 0;
  for (const json& window : windows) {
    CHECK(window["duration_ns"].get<int64_t>() >= 800'000'000);
    CHECK(window["net_uj_per_generation"] < window["gross_uj_per_generation"]);
    generations += window["generations"].get<int64_t>();
  }
  CHECK(generations == sandbox.count("select count(*) from v_generation_energy"));
  const Ended shown =
      sandbox.slmrig({"show", "--db", sandbox.database(), windows[0]["cell_id"].get<std::string>()});
  CHECK_THAT(shown.output, Contains("windows  3, each"));
}

TEST_CASE("a meter that is unplugged in mid-run costs the energy, and no other figure", "[e2e]") {
  Sandbox sandbox;
  change_meter(sandbox, {"--fault", "unplug@15000"});
  const Ended run = sandbox.run_plan(sandbox.write("energy.json", kPlan));
  INFO(run.text());
  CHECK(run.exit_code == 0);
  CHECK_THAT(run.text(), Contains("has no energy"));
  CHECK(sandbox.count("select count(*) from v_energy") == 0);
  CHECK(sandbox.count("select count(*) from v_cell where status <> 'ok'") == 0);
}

TEST_CASE("a meter that is plugged in again measures the cells and sessions that follow", "[e2e]") {
  Sandbox sandbox;
  change_meter(sandbox, {"--fault", "replug=50@15000"});
  json plan = json::parse(kPlan);
  plan["benches"] = {kBoard};
  plan["variants"] = {"int4", "int8"};
  plan["suites"] = {"intents", "intents-noisy"};
  const Ended run = sandbox.run_plan(sandbox.write("energy.json", plan.dump()));
  INFO(run.text());
  CHECK(run.exit_code == 0);
  CHECK_THAT(run.text(), Contains("has no energy"));
  // Which cell comes first is the order's; it alone has none, and its session says why.
  const json with_energy =
      sandbox.query("select distinct variant, suite from v_energy where cell_id is not null");
  CHECK(with_energy.size() == 3);
  const json missing = sandbox.query("select value from v_provenance where name = 'energy.missing'");
  REQUIRE(missing.size() == 1);
  CHECK_THAT(missing[0]["value"].get<std::string>(), Contains(": "));
  CHECK(sandbox.count("select count(*) from v_cell where status <> 'ok'") == 0);
}

TEST_CASE("a board that stops below a supply voltage ends a sweep with a brown-out, and no failure",
          "[e2e]") {
  Sandbox sandbox;
  change_meter(sandbox, {"--brown-out-mv", "2500"});
  const Ended run = sandbox.run_plan(sandbox.write("sweep.json", R"({
    "name": "sweep", "benches": ["mps3-an547"], "models": ["wrist-nano"], "variants": ["int4"],
    "suites": ["intents"], "settings": {"context_tokens": 256, "prompts": 1, "cold_starts": 0},
    "energy": {"prompts": 0}, "supply_mv": [3300, 2600, 2000]})"));
  INFO(run.text());
  CHECK(run.exit_code == 0);
  CHECK(sandbox.count("select count(*) from v_cell where status = 'ok'") == 2);
  const json unfit = sandbox.query("select reason from v_cell where status = 'unfit'");
  REQUIRE(unfit.size() == 1);
  CHECK_THAT(unfit[0]["reason"].get<std::string>(),
             Contains("brown_out at 2000 mV, where 3300 mV went well"));
}

TEST_CASE("the same rig without its virtual meter's program measures all the rest", "[e2e]") {
  Sandbox sandbox;
  const std::string file = sandbox.make_root() + "/boards/rigs/virtual.json";
  json rig = json::parse(read_file(file));
  for (json& bench : rig["benches"]) {
    if (bench["name"] != kBoard) continue;
    bench.erase("stand_ins");
    bench["meter"]["address"] = sandbox.path("no-such-port");
    bench["meter"].erase("settings");
  }
  REQUIRE(base::write_file_atomically(file, rig.dump(1)));
  const Ended run = sandbox.run_plan(sandbox.write("energy.json", kPlan));
  INFO(run.text());
  CHECK(run.exit_code == 0);
  CHECK_THAT(run.text(), Contains("no energy is measured") && Contains("no-such-port"));
  CHECK(sandbox.count("select count(*) from v_cell where status <> 'ok'") == 0);
}

}  // namespace slmrig::e2e
