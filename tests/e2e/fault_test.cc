// Agents that misbehave, seen through the whole program: a row with a reason, the right exit code, and the
// other cells go on. What each fault looks like on the link is tested beside harness/rig.
#include <catch2/catch.hpp>

#include "tests/e2e/sandbox.h"

namespace slmrig::e2e {
namespace {

// A rig whose only bench runs the faulty agent. Faults are chosen by the environment.
std::string write_faulty_rig(Sandbox& sandbox, const std::string& fault) {
  sandbox.environment["SLMRIG_FAULT_KIND"] = fault;
  const nlohmann::json rig = {
      {"name", "faulty"},
      {"benches",
       {{{"name", "native"},
         {"board", "native"},
         {"link", {{"kind", "stdio"}}},
         {"agent", program_path("slmrig-faulty-agent")}}}},
  };
  return sandbox.write("faulty.json", rig.dump());
}

// Without cold starts: the simulated agent forgets its slots when it restarts.
std::string write_plan(const Sandbox& sandbox) {
  nlohmann::json plan = nlohmann::json::parse(read_file(source_root() + "/workloads/plans/smoke.json"));
  plan["settings"]["cold_starts"] = 0;
  plan["settings"]["attempts"] = 1;
  return sandbox.write("plan.json", plan.dump());
}

struct Case {
  std::string fault;
  int exit_code;
  std::string said;  // in the reason of the cell
};

void check_fault(const Case& expected) {
  Sandbox sandbox;
  const std::string rig = write_faulty_rig(sandbox, expected.fault);
  const Ended run = sandbox.run_plan(write_plan(sandbox), {"--rig", rig});
  INFO(expected.fault << "\n" << run.text());
  CHECK(run.exit_code == expected.exit_code);
  const auto rows = sandbox.query("select status, reason from v_cell");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0]["status"] == "failed");
  CHECK_THAT(rows[0]["reason"].get<std::string>(), Catch::Contains(expected.said, Catch::CaseSensitive::No));
}

}  // namespace

TEST_CASE("a silent agent is a failed cell and the rig could not decide", "[e2e]") {
  check_fault({"silent", 3, "no"});
}

TEST_CASE("an agent that sends garbage is a failed cell and the rig could not decide", "[e2e]") {
  check_fault({"garbage", 3, "bytes"});
}

TEST_CASE("an agent of another protocol version is a failed cell that names both versions", "[e2e]") {
  check_fault({"other-protocol", 2, "protocol"});
}

TEST_CASE("an agent that resets in mid-run is a failed cell of a bad device", "[e2e]") {
  check_fault({"reset-in-run", 1, "the agent restarted"});
}

TEST_CASE("an agent that answers with a failure is a failed cell of a bad device", "[e2e]") {
  check_fault({"fail-run", 1, ""});
}

}  // namespace slmrig::e2e
