// slmrig rig check, init, doctor and slmrig board new, check; and an engine from outside.
#include <filesystem>

#include <catch2/catch.hpp>

#include "harness/base/file_lock.h"
#include "tests/e2e/sandbox.h"
#include "tests/serial/line_to_board.h"

namespace slmrig::e2e {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json native_bench(const std::string& name) {
  return {{"name", name}, {"board", "native"}, {"link", {{"kind", "stdio"}}}};
}

std::string rig_of(const Sandbox& sandbox, const std::vector<json>& benches) {
  return sandbox.write("rig.json", json{{"name", "test"}, {"benches", benches}}.dump());
}

// A board behind a cable, which says what it is told to be.
std::vector<std::string> agent_that_says(const Sandbox& sandbox, const std::vector<std::string>& what) {
  std::vector<std::string> agent = {program_path("slmrig-agent-native"), "--slots", sandbox.path("slots")};
  agent.insert(agent.end(), what.begin(), what.end());
  return agent;
}

json bench_behind(const testing::LineToBoard& line, const std::string& name) {
  json bench = native_bench(name);
  bench["link"] = {{"kind", "tty"}, {"address", line.port_path()}};
  bench["flasher"] = {{"kind", "command"}, {"flash_agent", {"true"}}};
  bench["agent"] = program_path("slmrig-agent-native");
  return bench;
}

}  // namespace

TEST_CASE("rig check shows each bench, and ends with 3 where a wrong board is behind a link", "[e2e]") {
  const Sandbox sandbox;
  const Ended good = sandbox.slmrig({"rig", "check", "--rig", rig_of(sandbox, {native_bench("desk")})});
  INFO(good.text());
  CHECK(good.exit_code == 0);
  CHECK_THAT(good.output, Catch::Contains("desk") && Catch::Contains("good") && Catch::Contains("host-") &&
                              Catch::Contains("slm") && Catch::Contains("differ by"));

  testing::LineToBoard other(
      {.agent = agent_that_says(sandbox, {"--board", "other-board"}), .reset_line = ""});
  const Ended wrong = sandbox.slmrig(
      {"rig", "check", "--rig", rig_of(sandbox, {native_bench("desk"), bench_behind(other, "swapped")})});
  INFO(wrong.text());
  CHECK(wrong.exit_code == 3);
  CHECK_THAT(wrong.output, Catch::Contains("WRONG BOARD") && Catch::Contains("bench swapped") &&
                               Catch::Contains("'other-board'") && Catch::Contains("1 of 2 benches"));
}

TEST_CASE("another unit than the rig file says is named, and nothing is measured on it", "[e2e]") {
  const Sandbox sandbox;
  testing::LineToBoard line({.agent = agent_that_says(sandbox, {"--unique-id", "yours"}), .reset_line = ""});
  json bench = bench_behind(line, "unit");
  bench["unit_id"] = "mine";
  const std::string rig = rig_of(sandbox, {bench});
  const Ended exchanged = sandbox.slmrig({"rig", "check", "--rig", rig});
  INFO(exchanged.text());
  CHECK(exchanged.exit_code == 3);
  CHECK_THAT(exchanged.output, Catch::Contains("'yours'") && Catch::Contains("'mine'"));
  const Ended run = sandbox.run_plan("smoke", {"--rig", rig, "--only", "variant=int8"});
  INFO(run.text());
  CHECK(run.exit_code == 3);
  CHECK(sandbox.count("select count(*) from v_generation") == 0);
}

TEST_CASE("a bench that somebody uses is shown as busy, and left alone", "[e2e]") {
  const Sandbox sandbox;
  const std::string rig = rig_of(sandbox, {native_bench("desk")});
  const fs::path locks = sandbox.environment.at("SLMRIG_LOCK_DIR");
  fs::create_directories(locks);
  const auto lock = base::FileLock::acquire(locks / "bench-desk", "slmrig run nightly");
  REQUIRE(lock);
  const Ended checked = sandbox.slmrig({"rig", "check", "--rig", rig});
  INFO(checked.text());
  CHECK(checked.exit_code == 0);
  CHECK_THAT(checked.output, Catch::Contains("busy") && Catch::Contains("slmrig run nightly"));
  CHECK(sandbox.slmrig({"board", "check", "desk", "--rig", rig}).exit_code == 3);
}

TEST_CASE("a bench in quarantine is left out of runs, and says why wherever it is missed", "[e2e]") {
  const Sandbox sandbox;
  const std::string rig = rig_of(sandbox, {native_bench("desk"), native_bench("shelf")});
  const std::vector<std::string> plan = {"--rig", rig, "--only", "variant=int8"};
  REQUIRE(sandbox.run_plan("smoke", plan).exit_code == 0);
  const auto rig_command = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "rig");
    arguments.insert(arguments.end(), {"--db", sandbox.database()});
    return sandbox.slmrig(arguments);
  };
  const Ended taken = rig_command({"quarantine", "shelf", "--reason", "its fan rattles", "--rig", rig});
  INFO(taken.text());
  REQUIRE(taken.exit_code == 0);
  CHECK(rig_command({"quarantine", "shelf", "--reason", "again", "--rig", rig}).exit_code == 2);
  CHECK(rig_command({"quarantine", "shelve", "--reason", "x", "--rig", rig}).exit_code == 2);
  CHECK(rig_command({"quarantine", "desk", "--reason", " ", "--rig", rig}).exit_code == 2);
  CHECK_THAT(rig_command({"quarantine"}).output, Catch::Contains("shelf") && Catch::Contains("fan rattles"));
  CHECK_THAT(rig_command({"check", "shelf", "--rig", rig}).output, Catch::Contains("in quarantine since"));

  // Somebody mends it meanwhile, and holds its lock.
  const fs::path locks = sandbox.environment.at("SLMRIG_LOCK_DIR");
  const auto lock = base::FileLock::acquire(locks / "bench-shelf", "slmrig board check");
  REQUIRE(lock);
  const Ended run = sandbox.run_plan("smoke", plan);
  INFO(run.text());
  CHECK(run.exit_code == 0);
  CHECK_THAT(run.errors, Catch::Contains("shelf: ") && Catch::Contains("its fan rattles"));
  CHECK(sandbox.count("select count(*) from v_cell where bench = 'shelf' and status = 'unfit' and reason "
                      "like '%slmrig rig release shelf%'") == 1);
  CHECK(sandbox.count("select count(*) from v_cell where bench = 'desk' and status = 'ok'") == 2);
  // A gate misses what was not measured.
  const std::string budgets = sandbox.write("budgets.json", R"({"budgets": [
    {"bench": "shelf", "metric": "image_bytes", "limit": "<= 1 GB"}]})");
  const Ended gate = sandbox.slmrig({"gate", "--budgets", budgets, "--db", sandbox.database()});
  INFO(gate.text());
  CHECK(gate.exit_code == 3);
  CHECK_THAT(gate.output, Catch::Contains("missing") && Catch::Contains("its fan rattles"));
  const Ended alone = sandbox.run_plan("smoke", {"--rig", rig, "--only", "bench=shelf"});
  INFO(alone.text());
  CHECK(alone.exit_code == 3);

  REQUIRE(rig_command({"release", "shelf", "--reason", "new fan"}).exit_code == 0);
  CHECK(rig_command({"release", "shelf"}).exit_code == 2);
  CHECK_THAT(rig_command({"quarantine"}).output, Catch::Contains("No bench is in quarantine"));
}

TEST_CASE("board check climbs to the clock, or says where it fails and what to do", "[e2e]") {
  const Sandbox sandbox;
  const Ended good =
      sandbox.slmrig({"board", "check", "desk", "--rig", rig_of(sandbox, {native_bench("desk")})});
  INFO(good.text());
  CHECK(good.exit_code == 0);
  CHECK_THAT(good.output, Catch::Contains("good  banner: native") && Catch::Contains("good  clock:") &&
                              Catch::Contains("meter: none"));
  json dumb = native_bench("dumb");
  dumb["agent"] = "/bin/cat";
  const Ended failed = sandbox.slmrig({"board", "check", "dumb", "--rig", rig_of(sandbox, {dumb})});
  INFO(failed.text());
  CHECK(failed.exit_code == 3);
  CHECK_THAT(failed.output, Catch::Contains("FAILS flash and banner"));
  CHECK(sandbox.slmrig({"board", "check", "dum", "--rig", sandbox.path("rig.json")}).exit_code == 2);
}

TEST_CASE("rig init drafts what is plugged in, and rig doctor looks at it", "[e2e]") {
  const Sandbox sandbox;
  const fs::path host = sandbox.path("host");
  const fs::path device = host / "sys/bus/usb/devices/1-2";
  fs::create_directories(device);
  fs::create_directories(host / "proc");
  for (const auto& [name, text] :
       {std::pair{"idVendor", "0d28"}, {"idProduct", "0204"}, {"serial", "PROBE7"}})
    sandbox.write("host/sys/bus/usb/devices/1-2/" + std::string(name), text);
  const Ended drafted =
      sandbox.slmrig({"rig", "init", "--host-root", host.string(), "-o", sandbox.path("new.json")});
  INFO(drafted.text());
  CHECK(drafted.exit_code == 0);
  const json rig = json::parse(read_file(sandbox.path("new.json")));
  CHECK(rig["benches"][1]["flasher"]["probe"] == "PROBE7");
  const Ended again =
      sandbox.slmrig({"rig", "init", "--host-root", host.string(), "-o", sandbox.path("new.json")});
  CHECK(again.exit_code == 2);
  CHECK_THAT(again.errors, Catch::Contains("not overwritten"));
  const Ended doctor = sandbox.slmrig({"rig", "doctor", "--host-root", host.string()});
  INFO(doctor.text());
  CHECK_THAT(doctor.output,
             Catch::Contains("DAPLink (CMSIS-DAP) at USB 1-2 (PROBE7)") && Catch::Contains("disk"));
}

TEST_CASE("board new begins a board that plans and rigs can name", "[e2e]") {
  Sandbox sandbox;
  const std::string root = sandbox.make_root();
  const Ended made = sandbox.slmrig({"board", "new", "my-linux", "--family", "linux", "--root", root});
  INFO(made.text());
  CHECK(made.exit_code == 0);
  json bench = native_bench("desk");
  bench["board"] = "my-linux";
  const Ended listed = sandbox.slmrig({"rig", "list", "--root", root, "--rig", rig_of(sandbox, {bench})});
  INFO(listed.text());
  CHECK(listed.exit_code == 0);
  CHECK_THAT(listed.output, Catch::Contains("my-linux"));
}

TEST_CASE("an engine from outside the tree is measured with run --agent", "[e2e]") {
  const Sandbox sandbox;
  const Ended run = sandbox.run_plan("smoke", {"--only", "bench=native", "--only", "variant=int8", "--agent",
                                               program_path("slmrig-agent-echo")});
  INFO(run.text());
  CHECK(run.exit_code == 0);
  CHECK(sandbox.count("select count(*) from v_cell where status = 'ok' and engine = 'echo'") >= 1);
  CHECK(sandbox.count("select count(*) from v_cell where status <> 'ok' and status <> 'not_applicable'") ==
        0);
  const Ended both = sandbox.run_plan("smoke", {"--agent", program_path("slmrig-agent-echo")});
  CHECK(both.exit_code == 2);
  CHECK_THAT(both.errors, Catch::Contains("one agent cannot run on"));
}

// The whole road over a serial port, with the unmodified libserialport, and a board that has to be woken by
// its reset line first.
TEST_CASE("a board behind a serial port is measured, at the fast rate, after it was reset by its line",
          "[e2e]") {
  Sandbox sandbox;
  const std::string slots = sandbox.path("slots");
  testing::LineToBoard line(
      {.agent = {program_path("slmrig-agent-native"), "--slots", slots, "--unique-id", "unit-9"},
       .reset_line = "dtr",
       .starts = false});
  json bench = native_bench("serial");
  bench["unit_id"] = "unit-9";
  bench["link"] = {
      {"kind", "serial"}, {"address", line.address()}, {"fast_baud", 921600}, {"reset_line", "dtr"}};
  bench["flasher"] = {{"kind", "command"}, {"flash_agent", {"true"}}};
  bench["agent"] = program_path("slmrig-agent-native");
  sandbox.environment["LD_PRELOAD"] = SLMRIG_PTY_LINES_LIBRARY;
  sandbox.environment["SLMRIG_PTY_LINES"] = line.folder();
  const Ended run = sandbox.run_plan("smoke", {"--rig", rig_of(sandbox, {bench}), "--only", "variant=int8"});
  INFO(run.text());
  CHECK(run.exit_code == 0);
  CHECK(line.resets() >= 1);
  const json cells = sandbox.query("select cell_id from v_cell where status = 'ok' and unit_id = 'unit-9'");
  REQUIRE(cells.size() == 1);
  const Ended shown =
      sandbox.slmrig({"show", cells[0]["cell_id"].get<std::string>(), "--log", "--db", sandbox.database()});
  CHECK_THAT(shown.output, Catch::Contains("the board is reset by the line dtr") &&
                               Catch::Contains("the line runs at 921600 baud"));
}

TEST_CASE("a cable that is pulled in mid-run costs an attempt, and no cell", "[e2e]") {
  Sandbox sandbox;
  testing::LineToBoard line(
      {.agent = {program_path("slmrig-agent-native"), "--slots", sandbox.path("slots")}, .reset_line = ""});
  json bench = native_bench("pulled");
  bench["link"] = {{"kind", "serial"}, {"address", line.address()}};
  bench["flasher"] = {{"kind", "command"}, {"flash_agent", {"true"}}};
  bench["agent"] = program_path("slmrig-agent-native");
  sandbox.environment["LD_PRELOAD"] = SLMRIG_PTY_LINES_LIBRARY;
  sandbox.environment["SLMRIG_PTY_LINES"] = line.folder();
  const std::string rig = rig_of(sandbox, {bench});
  json plan = json::parse(read_file(source_root() + "/workloads/plans/smoke.json"));
  plan["settings"] = {{"context_tokens", 256}, {"prompts", 20}, {"repeats", 40}, {"cold_starts", 1}};
  base::ChildProcess run = sandbox.start_plan(sandbox.write("long.json", plan.dump()), {"--rig", rig});
  REQUIRE(sandbox.wait_for_count("select count(*) from v_generation", 3, 60'000));
  line.unplug();
  line.plug_in();
  const auto ended = run.wait(120'000);
  REQUIRE(ended);
  CHECK(ended->code == 0);
  CHECK(sandbox.count("select count(*) from v_cell where status = 'ok'") == 1);
  CHECK(sandbox.count("select max(attempt) from v_session") == 2);
}

TEST_CASE("a board that is silent is power-cycled by the bench's own switch, and that is counted", "[e2e]") {
  const Sandbox sandbox;
  testing::LineToBoard line({.agent = agent_that_says(sandbox, {}), .reset_line = "", .starts = false});
  const std::string off = (line.folder() / "off").string();
  json bench = bench_behind(line, "switched");
  bench["power"] = {{"off", {"touch", off}}, {"on", {"rm", off}}, {"off_ms", 50}};
  const Ended run = sandbox.run_plan("smoke", {"--rig", rig_of(sandbox, {bench}), "--only", "variant=int8"});
  INFO(run.text());
  CHECK(run.exit_code == 0);
  CHECK(line.resets() == 1);
  CHECK(sandbox.count("select count(*) from v_provenance where name = 'deploy.resets_by.power_switch'") >= 1);
}

}  // namespace slmrig::e2e
