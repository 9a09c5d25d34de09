// Wrong files, names and databases: exit code 2, and an error that names the place and the next thing to do.
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/e2e/sandbox.h"

namespace slmrig::e2e {
namespace {

nlohmann::json smoke_plan() {
  return nlohmann::json::parse(read_file(source_root() + "/workloads/plans/smoke.json"));
}

// The plan is refused before anything is measured.
void refused(const Sandbox& sandbox, const std::string& plan, const std::vector<std::string>& said,
             std::vector<std::string> more = {}) {
  if (more.empty()) more = {"--only", "bench=native"};
  const Ended run = sandbox.run_plan(plan, more);
  INFO(run.text());
  CHECK(run.exit_code == 2);
  for (const std::string& words : said) CHECK_THAT(run.errors, Catch::Contains(words));
}

std::string first_half(const std::string& text) { return text.substr(0, text.size() / 2); }

std::string nano_file() { return source_root() + "/workloads/models/wrist-nano/wrist-nano.gguf"; }

}  // namespace

TEST_CASE("a plan that is cut short is refused with line and column", "[e2e]") {
  const Sandbox sandbox;
  const std::string text = read_file(source_root() + "/workloads/plans/smoke.json");
  refused(sandbox, sandbox.write("cut.json", first_half(text)), {"cut.json", "line"});
}

TEST_CASE("a plan that does not exist is refused with the nearest name", "[e2e]") {
  refused(Sandbox(), "smoek", {"smoek", "smoke"});
}

TEST_CASE("an unknown key of a plan is refused with the nearest key", "[e2e]") {
  const Sandbox sandbox;
  nlohmann::json plan = smoke_plan();
  plan["varients"] = plan["variants"];
  plan.erase("variants");
  refused(sandbox, sandbox.write("plan.json", plan.dump()), {"plan.json", "varients", "variants"});
}

TEST_CASE("unknown names in a plan are refused with the nearest name", "[e2e]") {
  const Sandbox sandbox;
  const auto with = [&](const char* key, const char* name) {
    nlohmann::json plan = smoke_plan();
    plan[key] = nlohmann::json::array({name});
    return sandbox.write("plan.json", plan.dump());
  };
  refused(sandbox, with("models", "wrist-nanno"), {"wrist-nanno", "wrist-nano"});
  refused(sandbox, with("suites", "intent"), {"intent", "intents"});
  refused(sandbox, with("variants", "int9"), {"int9", "int8"});
  refused(sandbox, with("benches", "natvie"), {"natvie", "native"});
}

TEST_CASE("a selection that matches nothing is refused", "[e2e]") {
  const Sandbox sandbox;
  refused(sandbox, "smoke", {"natvie"}, {"--only", "bench=natvie"});
  refused(sandbox, "smoke", {"colour", "bench"}, {"--only", "colour=red"});
}

TEST_CASE("a malformed rig is refused", "[e2e]") {
  const Sandbox sandbox;
  const std::string text = read_file(source_root() + "/boards/rigs/virtual.json");
  const std::vector<std::string> cut = {"--rig", sandbox.write("cut.json", first_half(text))};
  refused(sandbox, "smoke", {"cut.json", "line"}, cut);

  nlohmann::json rig = nlohmann::json::parse(text);
  rig["benches"][0]["board"] = "natve";
  const std::vector<std::string> wrong = {"--rig", sandbox.write("wrong.json", rig.dump())};
  refused(sandbox, "smoke", {"wrong.json", "natve", "native"}, wrong);

  refused(sandbox, "smoke", {"virtua", "virtual"}, {"--rig", "virtua"});
}

TEST_CASE("a malformed board is refused", "[e2e]") {
  Sandbox sandbox;
  const std::string file = sandbox.make_root() + "/boards/native/board.json";
  const std::string text = read_file(file);
  sandbox.write("root/boards/native/board.json", first_half(text));
  refused(sandbox, "smoke", {"native/board.json", "line"});

  nlohmann::json board = nlohmann::json::parse(text);
  board["tier"] = "emulatd";
  sandbox.write("root/boards/native/board.json", board.dump());
  refused(sandbox, "smoke", {"native/board.json", "emulatd", "emulated"});
}

TEST_CASE("a malformed suite is refused", "[e2e]") {
  Sandbox sandbox;
  const std::string text = read_file(sandbox.make_root() + "/workloads/suites/intents.json");
  sandbox.write("root/workloads/suites/intents.json", first_half(text));
  refused(sandbox, "smoke", {"intents.json", "line"});

  nlohmann::json suite = nlohmann::json::parse(text);
  suite["prompts"][1]["checks"][0]["kind"] = "exact_intend";
  sandbox.write("root/workloads/suites/intents.json", suite.dump());
  refused(sandbox, "smoke", {"intents.json", "exact_intend", "exact_intent"});
}

TEST_CASE("a model that is cut short is refused with its file and what is missing", "[e2e]") {
  const Sandbox sandbox;
  const std::string cut = sandbox.write("cut.gguf", first_half(read_file(nano_file())));
  nlohmann::json plan = smoke_plan();
  plan["models"] = {{{"name", "cut"}, {"file", cut}}};
  refused(sandbox, sandbox.write("plan.json", plan.dump()), {"cut.gguf"});

  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"inspect", cut}, {"generate", cut, "--prompt", "a", "-n", "1"}}) {
    const Ended ended = sandbox.run("slmforge", arguments);
    INFO(ended.text());
    CHECK(ended.exit_code == 2);
    CHECK_THAT(ended.errors, Catch::Contains("cut.gguf"));
  }
}

TEST_CASE("an image that is cut short or changed is refused", "[e2e]") {
  const Sandbox sandbox;
  REQUIRE(sandbox.run("slmforge", {"image", nano_file(), "-o", "nano.img"}).exit_code == 0);
  const std::string image = read_file(sandbox.path("nano.img"));
  std::string changed = image;
  changed[changed.size() - 100] = static_cast<char>(changed[changed.size() - 100] ^ 1);
  for (const std::string& bad : {first_half(image), changed}) {
    const Ended ended =
        sandbox.run("slmforge", {"generate", sandbox.write("bad.img", bad), "--prompt", "a", "-n", "1"});
    INFO(ended.text());
    CHECK(ended.exit_code == 2);
    CHECK_THAT(ended.errors, Catch::Contains("bad.img"));
  }
}

TEST_CASE("a prompt longer than the context is a failed cell with its reason", "[e2e]") {
  Sandbox sandbox;
  nlohmann::json suite =
      nlohmann::json::parse(read_file(sandbox.make_root() + "/workloads/suites/intents.json"));
  std::string text;
  for (int i = 0; i < 60; ++i) text += "set a timer and then ";
  suite["prompts"][0]["text"] = text;
  sandbox.write("root/workloads/suites/intents.json", suite.dump());
  const Ended run = sandbox.run_plan("smoke", {"--only", "bench=native"});
  INFO(run.text());
  CHECK(run.exit_code == 2);
  const auto rows = sandbox.query("select status, reason from v_cell");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0]["status"] == "failed");
  CHECK_THAT(rows[0]["reason"].get<std::string>(), Catch::Contains("context of 256 tokens"));
}

TEST_CASE("a database of a newer version is refused and left as it was", "[e2e]") {
  const Sandbox sandbox;
  // user_version is the big-endian word at byte 60 of the header.
  REQUIRE(sandbox.run_plan("smoke", {"--only", "bench=native"}).exit_code == 0);
  const auto settled = sandbox.slmrig({"runs", "--db", sandbox.database()});
  CHECK(settled.exit_code == 0);
  std::string bytes = read_file(sandbox.database());
  bytes[60] = 0;
  bytes[61] = 0;
  bytes[62] = 0x27;
  bytes[63] = 0x0F;  // 9999
  for (const char* more : {"-wal", "-shm"}) std::filesystem::remove(sandbox.database() + more);
  sandbox.write("slmrig.db", bytes);

  refused(sandbox, "smoke", {"slmrig.db", "9999"});
  CHECK(read_file(sandbox.database()) == bytes);
}

TEST_CASE("a database that is none is refused and left as it was", "[e2e]") {
  const Sandbox sandbox;
  const std::string text = "this is a letter, not a database\n";
  sandbox.write("slmrig.db", text);
  refused(sandbox, "smoke", {"slmrig.db"});
  CHECK(read_file(sandbox.database()) == text);
}

TEST_CASE("a statement that writes is refused", "[e2e]") {
  const Sandbox sandbox;
  REQUIRE(sandbox.run_plan("smoke", {"--only", "bench=native"}).exit_code == 0);
  for (const char* sql :
       {"delete from run", "drop view v_cell", "attach 'x.db' as x", "select nothing from nowhere"}) {
    const Ended ended = sandbox.slmrig({"db", "query", "--db", sandbox.database(), sql});
    INFO(sql << "\n" << ended.text());
    CHECK(ended.exit_code == 2);
  }
  CHECK(sandbox.count("select count(*) from v_cell") == 1);
}

TEST_CASE("unknown commands, options and runs are refused", "[e2e]") {
  const Sandbox sandbox;
  REQUIRE(sandbox.run_plan("smoke", {"--only", "bench=native", "--label", "morning"}).exit_code == 0);
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"rnu"},
                                                    {"run", "smoke", "--databas", "x"},
                                                    {"show", "mornin", "--db", sandbox.database()}}) {
    const Ended ended = sandbox.slmrig(arguments);
    INFO(ended.text());
    CHECK(ended.exit_code == 2);
    CHECK_FALSE(ended.errors.empty());
  }
}

}  // namespace slmrig::e2e
