// What a killed host leaves behind on a bench whose meter feeds the board.
#include <catch2/catch.hpp>
#include <csignal>

#include "harness/base/clock.h"
#include "tests/e2e/sandbox.h"

namespace slmrig::e2e {
namespace {

using Catch::Matchers::Contains;
using nlohmann::json;

const char* const kBoard = "mps3-an547";

const char* const kPlan = R"({
  "name": "energy", "benches": ["mps3-an547"], "models": ["wrist-nano"], "variants": ["int4"],
  "suites": ["intents"], "settings": {"context_tokens": 256, "prompts": 2, "cold_starts": 1},
  "energy": {"prompts": 2, "idle_ms": 100}})";

}  // namespace

TEST_CASE("a board's power is put right by the next run where one was killed in mid-pass", "[e2e]") {
  Sandbox sandbox;
  // The meter outlives the runs, and what it does to the board's power stays.
  base::ChildOptions options;
  options.streams = base::StandardStreams::kNull;
  options.arguments = {program_path("slmrig-virtual-ppk2"),
                       "--port",
                       sandbox.path("ppk2"),
                       "--edges",
                       sandbox.path("edges"),
                       "--control",
                       sandbox.path("control"),
                       "--board",
                       source_root() + "/boards/" + kBoard + "/board.json",
                       "--power-stays",
                       "--unpowered"};
  const auto meter = base::ChildProcess::spawn(options);
  REQUIRE(meter);
  const auto state_until = [&](const std::string& words) {
    const int64_t deadline_ns = base::monotonic_now_ns() + 60'000'000'000;
    Ended told;
    do {
      told = sandbox.run("slmrig-virtual-ppk2", {"--tell", sandbox.path("control"), "state"});
    } while (told.output.find(words) == std::string::npos && base::monotonic_now_ns() < deadline_ns);
    return told.output;
  };
  REQUIRE_THAT(state_until("power=off"), Contains("power=off"));
  json bench = {{"name", kBoard}, {"board", kBoard}, {"link", {{"kind", "unix"}}}};
  bench["meter"] = {{"kind", "ppk2"},
                    {"address", sandbox.path("ppk2")},
                    {"mode", "source"},
                    {"voltage_mv", 3000},
                    {"leave_powered", false},
                    {"modelled_clock", true},
                    {"settings", {{"edges", sandbox.path("edges")}}}};
  const std::string rig = sandbox.write("rig.json", json{{"name", "desk"}, {"benches", {bench}}}.dump());
  const std::string plan_file = sandbox.write("energy.json", kPlan);
  base::ChildProcess run = sandbox.start_plan(plan_file, {"--rig", rig});
  CHECK_THAT(state_until("streaming=yes"), Contains("power=on") && Contains("voltage_mv=3000"));
  run.send_signal(SIGKILL);
  REQUIRE(run.wait(10'000));
  CHECK_THAT(state_until("power=on"), Contains("power=on"));
  const Ended next = sandbox.run_plan(plan_file, {"--rig", rig});
  INFO(next.text());
  CHECK(next.exit_code == 0);
  CHECK(sandbox.count("select count(*) from v_energy where trust <> 'ok'") == 0);
  CHECK_THAT(state_until("power=off"), Contains("power=off") && Contains("streaming=no"));
}

}  // namespace slmrig::e2e
