// The whole road to Linux boards behind a real ssh server: this machine's own processor, and a 64-bit Arm one
// under qemu-user.
#include <catch2/catch.hpp>

#include "tests/e2e/sandbox.h"
#include "tests/sshd/loopback_sshd.h"

namespace slmrig::e2e {
namespace {

using nlohmann::json;

json bench(const std::string& name, const std::string& board, const base::SshSpec& spec) {
  return {{"name", name},
          {"board", board},
          {"link", {{"kind", "stdio"}}},
          {"flasher",
           {{"kind", "ssh"},
            {"host", spec.host},
            {"port", spec.port},
            {"user", spec.user},
            {"identity_file", spec.identity_file},
            {"known_hosts_file", spec.known_hosts_file},
            {"directory", spec.directory + "-" + name}}}};
}

std::unique_ptr<testing::LoopbackSshd> start_server() {
  auto server = testing::LoopbackSshd::create();
  if (!server) FAIL(server.error().text());
  return std::move(*server);
}

}  // namespace

TEST_CASE("boards behind ssh fill every column that a Linux board can fill", "[e2e]") {
  const Sandbox sandbox;
  const auto server = start_server();
  json rig = {{"name", "shelf"}, {"benches", json::array()}};
  rig["benches"].push_back(bench("loopback", "native", server->spec()));
  rig["benches"][0]["agent"] = program_path("slmrig-agent-native");
  rig["benches"][0]["flasher"]["agent_prefix"] = {"nice", "-n", "1"};
  rig["benches"].push_back(bench("arm", "aarch64-qemu-user", server->spec()));
  const std::string file = sandbox.write("rig.json", rig.dump());
  const Ended run = sandbox.run_plan("smoke", {"--rig", file, "--build", "demo-product"});
  INFO(run.text() << server->log());
  REQUIRE(run.exit_code == 0);
  CHECK(sandbox.count("select count(*) from v_cell where status = 'ok'") == 2);
  // Times of the real processor; of the emulated one only the answers are real, and they are the same.
  CHECK(sandbox.count("select count(*) from v_token where bench = 'loopback' and tier = 'hardware' and "
                      "duration_ns > 0") > 0);
  CHECK(sandbox.count("select count(*) from v_token where bench = 'arm' and (tier <> 'functional' or "
                      "duration_ns is not null or instructions is not null)") == 0);
  CHECK(sandbox.count("select count(distinct output_text) from v_generation") == 2);
  CHECK(sandbox.count("select count(*) from v_generation") == 4);
  CHECK(sandbox.count(
            "select count(*) from v_cold_start where bench = 'loopback' and origin = 'exec' and boot_ns > 0 "
            "and load_ns > 0 and total_ns > 0") == 1);
  for (const char* name :
       {"weights", "kv", "activations", "scratch", "stack", "wire", "trace", "text", "process"}) {
    INFO(name);
    CHECK(sandbox.count("select count(distinct bench) from v_memory where class = '" + std::string(name) +
                        "' and bytes > 0") == 2);
  }
  const auto fact = [&](const std::string& key) {
    const json rows = sandbox.query(
        "select value from session_fact join fact using (fact_key) join session using (session_key) where "
        "bench = "
        "'loopback' and name = '" +
        key + "'");
    return rows.empty() ? std::string("absent") : rows[0].at("value").get<std::string>();
  };
  CHECK(fact("deploy.flasher") == "ssh");
  CHECK(fact("deploy.image_way") == "ssh");
  CHECK(fact("deploy.image_bytes_skipped") == "0");
  CHECK(fact("deploy.agent_prefix") == "nice -n 1");
  CHECK_THAT(fact("deploy.host"), Catch::Contains("@127.0.0.1 port"));
  for (const std::string when : {"board.before.", "board.after."}) {
    CHECK(fact(when + "kernel.machine") == "x86_64");
    CHECK(fact(when + "cpu.allowed") != "absent");
    CHECK(fact(when + "load.one_minute") != "absent");
  }
  CHECK(fact("board.before.cold_start.file_cache") == "as the start met it");
  CHECK_THAT(fact("board.after.cold_start.file_cache"), Catch::StartsWith("image dropped"));
  // A second run finds agent and image there.
  const Ended again =
      sandbox.run_plan("smoke", {"--rig", file, "--only", "bench=loopback", "--label", "again"});
  INFO(again.text());
  REQUIRE(again.exit_code == 0);
  CHECK(sandbox.count("select count(*) from session_fact join fact using (fact_key) where name = "
                      "'deploy.image_bytes_written' and value = '0'") == 1);
}

}  // namespace slmrig::e2e
