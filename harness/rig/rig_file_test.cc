#include "harness/rig/rig_file.h"

#include <algorithm>
#include <functional>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"

namespace slmrig::rig {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json emulated_board() {
  return json::parse(R"({
    "$schema": "../board.schema.json", "name": "tiny", "family": "mps2", "cpu": "Cortex-M4F", "isa": "dsp",
    "clock_hz": 25000000, "tier": "emulated",
    "compile": {"flags": ["-mthumb"], "kernels": "dsp", "port": "mps2"},
    "memory": {"regions": [{"name": "psram", "address": "0x21000000", "bytes": 16777216}],
               "slot_bytes": 16777216, "upload_slot_bytes": 65536, "arena_bytes": 3145728},
    "ticks": {"source": "systick", "rate_hz": 25000000, "instructions_per_tick": {"numerator": 5, "denominator": 8}},
    "flasher": "emulator",
    "emulator": {"program": "qemu-system-arm", "arguments": ["-serial", "unix:{uart}", "-kernel", "{agent}"]},
    "features": ["fpu"], "safe_voltages_mv": null})");
}

json real_board() {
  return json::parse(R"({
    "name": "desk", "family": "linux", "cpu": "x86-64", "isa": "x86", "tier": "hardware",
    "memory": {"slot_bytes": 1000000, "arena_bytes": 1000000},
    "ticks": {"source": "dwt", "rate_hz": 64000000}, "flasher": "native"})");
}

json small_rig() {
  return json::parse(R"({"name": "r", "benches": [
    {"name": "a", "board": "tiny", "unit_id": "u1", "link": {"kind": "unix"}},
    {"name": "b", "board": "desk", "link": {"kind": "tcp", "address": "lab:2000"}, "agent": "my/agent"}]})");
}

// A root with the boards "tiny" and "desk" and a rig "small".
struct Tree {
  base::TemporaryDirectory folder = base::TemporaryDirectory::create("rig").value();
  fs::path root = folder.path();
  fs::path rig_file = root / "boards" / "rigs" / "small.json";
  Tree() {
    fs::create_directories(root / "boards" / "rigs");
    write_board("tiny", emulated_board());
    write_board("desk", real_board());
    write(rig_file, small_rig().dump());
  }
  static void write(const fs::path& file, const std::string& text) {
    REQUIRE(base::write_file_atomically(file, text));
  }
  void write_board(const std::string& name, const json& board) const {
    fs::create_directories(root / "boards" / name);
    write(root / "boards" / name / "board.json", board.dump());
  }
  std::string rig_error(const json& rig) const {
    write(rig_file, rig.dump());
    const auto loaded = load_rig("small", root);
    return loaded ? "" : loaded.error().text();
  }
  std::string board_error(const json& board) const {
    write_board("tiny", board);
    const auto loaded = load_board(root / "boards" / "tiny" / "board.json");
    return loaded ? "" : loaded.error().text();
  }
};

}  // namespace

TEST_CASE("a rig is read with its boards") {
  Tree tree;
  const base::Rig rig = load_rig("small", tree.root).value();
  CHECK(rig.name == "r");
  CHECK(rig.sha256.size() == 64);
  REQUIRE(rig.benches.size() == 2);
  const base::Bench& a = rig.benches[0];
  CHECK(a.unit_id == "u1");
  CHECK(a.link.kind == "unix");
  CHECK(a.board.tier == base::Tier::kEmulated);
  CHECK(a.board.ticks.counts_instructions);
  CHECK(a.board.ticks.convert(16) == 10);
  CHECK(a.board.memory_regions.at(0).address == 0x21000000);
  CHECK(a.board.emulator.arguments.size() == 4);
  const base::Bench& b = rig.benches[1];
  CHECK(b.agent == (tree.root / "boards" / "rigs" / "my/agent").string());
  CHECK(b.link.address == "lab:2000");
  CHECK_FALSE(b.board.ticks.counts_instructions);
  CHECK(b.board.ticks.convert(64) == 1000);  // 64 ticks of 64 MHz are a microsecond
  CHECK(load_rig(tree.rig_file.string(), tree.root));
}

TEST_CASE("unknown names in a rig are answered with the nearest") {
  Tree tree;
  const auto rig = load_rig("smal", tree.root);
  REQUIRE_FALSE(rig);
  CHECK_THAT(rig.error().message, Catch::Contains("unknown rig 'smal' (did you mean 'small'?)"));
  json json = small_rig();
  json["benches"][0]["board"] = "tinny";
  CHECK_THAT(tree.rig_error(json), Catch::Contains("small.json: benches[0].board: unknown board 'tinny'") &&
                                       Catch::Contains("did you mean 'tiny'?"));
  json = small_rig();
  json["benches"][0]["bord"] = "x";
  CHECK_THAT(tree.rig_error(json), Catch::Contains("benches[0]: unknown key 'bord' (did you mean 'board'?)"));
  json = small_rig();
  json["benches"][0]["link"]["kind"] = "unx";
  CHECK_THAT(tree.rig_error(json),
             Catch::Contains("benches[0].link.kind: unknown value 'unx' (did you mean 'unix'?)"));
}

TEST_CASE("rigs that contradict themselves are refused") {
  Tree tree;
  json json = small_rig();
  json["benches"][1]["name"] = "a";
  CHECK_THAT(tree.rig_error(json), Catch::Contains("benches[1].name: 'a' is the name of an earlier bench"));
  json = small_rig();
  json["benches"] = json::array();
  CHECK_THAT(tree.rig_error(json), Catch::Contains("must hold at least one bench"));
  json = small_rig();
  json["benches"][1]["link"].erase("address");
  CHECK_THAT(tree.rig_error(json), Catch::Contains("benches[1].link.address: is missing"));
  json = small_rig();
  json["benches"][1]["link"] = {{"kind", "stdio"}, {"address", "x"}};
  CHECK_THAT(tree.rig_error(json), Catch::Contains("has no meaning"));
  json = small_rig();
  json["benches"][0]["name"] = "a b'c";
  CHECK_THAT(tree.rig_error(json), Catch::Contains("must be at most 64 letters"));
  json = small_rig();
  json["benches"][0].erase("link");
  CHECK_THAT(tree.rig_error(json), Catch::Contains("benches[0]: the key \"link\" is missing"));
}

TEST_CASE("benches that share what only one can have are refused") {
  Tree tree;
  json json = small_rig();
  json["benches"][1]["unit_id"] = "u1";
  CHECK_THAT(tree.rig_error(json), Catch::Contains("benches[1].unit_id: u1 is that of bench 'a', too"));
  json = small_rig();
  json["benches"][0]["link"] = {{"kind", "serial"}, {"usb_serial", "A1"}};
  json["benches"][1]["link"] = json["benches"][0]["link"];
  CHECK_THAT(tree.rig_error(json), Catch::Contains("benches[1].link: A1 is that of bench 'a', too"));
  json["benches"][1]["link"] = {{"kind", "serial"}, {"address", "/dev/serial/by-path/pci-0:1"}};
  CHECK_THAT(tree.rig_error(json), Catch::Contains("benches[1].unit_id: is missing"));
  json["benches"][1]["unit_id"] = "u2";
  CHECK(tree.rig_error(json).empty());
}

TEST_CASE("a bench says how it is flashed, switched and stood in for") {
  Tree tree;
  json json = small_rig();
  json["benches"][0]["flasher"] = {{"kind", "pyocd"},      {"probe", "0123"},         {"target", "cortex_m"},
                                   {"script", "flash.py"}, {"frequency_hz", 4000000}, {"timeout_s", 90}};
  json["benches"][0]["power"] = {{"on", {"uhubctl", "-a", "on"}}, {"off", {"uhubctl", "-a", "off"}}};
  json["benches"][0]["stand_ins"] = {
      {{"command", {"probe", "{folder}/usb"}}, {"ready_file", "{folder}/usb"}}};
  json["benches"][1]["flasher"] = {{"kind", "ssh"}, {"host", "pi"}, {"agent_prefix", {"taskset", "-c", "3"}}};
  CHECK_THAT(tree.rig_error(json), Catch::Contains("benches[1].link: is of kind \"tcp\"") &&
                                       Catch::Contains("give it {\"kind\": \"stdio\"}"));
  json["benches"][1]["link"] = {{"kind", "stdio"}};
  CHECK(tree.rig_error(json).empty());
  const base::Rig rig = load_rig("small", tree.root).value();
  const base::Bench& a = rig.benches[0];
  CHECK(base::flasher_kind(a) == "pyocd");
  CHECK(a.flasher.pyocd.script == (tree.root / "boards" / "rigs" / "flash.py").string());
  CHECK(a.flasher.pyocd.frequency_hz == 4'000'000);
  CHECK(a.flasher.pyocd.timeout_s == 90);
  CHECK(a.power.off.back() == "off");
  CHECK(a.stand_ins.at(0).ready_file == "{folder}/usb");
  CHECK(rig.benches[1].flasher.ssh.port == 0);
  json["benches"][0]["flasher"].erase("probe");
  CHECK_THAT(tree.rig_error(json), Catch::Contains("benches[0].flasher: the key \"probe\" is missing"));
  json = small_rig();
  json["benches"][1]["flasher"] = {{"kind", "ssh"}, {"host", "-oProxyCommand=x"}};
  CHECK_THAT(tree.rig_error(json), Catch::Contains("flasher.host: '-oProxyCommand=x' is no host"));
  json = small_rig();
  json["benches"][1]["link"]["reset_line"] = "dtr";
  CHECK_THAT(tree.rig_error(json),
             Catch::Contains("link.reset_line: a link of kind \"tcp\" has no such line"));
}

TEST_CASE("a bench says which meter it has and how it is wired") {
  Tree tree;
  json board = emulated_board();
  board["safe_voltages_mv"] = {{"minimum", 1800}, {"maximum", 3600}, {"nominal", 3300}};
  tree.write_board("tiny", board);
  json json = small_rig();
  auto& meter = json["benches"][0]["meter"];
  meter = {{"kind", "ppk2"},
           {"usb_serial", "E1"},
           {"mode", "source"},
           {"leave_powered", false},
           {"lines", {{"active", 4}, {"token", 5}}},
           {"settings", {{"edges", "{folder}/edges"}}}};
  CHECK(tree.rig_error(json).empty());
  const base::MeterSpec spec = load_rig("small", tree.root).value().benches[0].meter;
  CHECK(spec.kind == "ppk2");
  CHECK(spec.usb_serial == "E1");
  CHECK(spec.voltage_mv == 3300);  // the board's nominal one
  CHECK_FALSE(spec.leave_powered);
  CHECK_FALSE(spec.modelled_clock);
  CHECK(spec.active_line == 4);
  CHECK(spec.token_line == 5);
  CHECK(spec.phase_line == -1);  // not wired
  CHECK(spec.settings.at("edges") == "{folder}/edges");
  CHECK(load_rig("small", tree.root).value().benches[1].meter.kind.empty());
  meter["voltage_mv"] = 5000;
  CHECK_THAT(tree.rig_error(json), Catch::Contains("benches[0].meter.voltage_mv: is 5000, but the board tiny "
                                                   "stands 1800 to 3600 mV"));
  meter["voltage_mv"] = 1800;
  meter["kind"] = "pkk2";
  CHECK_THAT(tree.rig_error(json), Catch::Contains("meter.kind") && Catch::Contains("did you mean 'ppk2'?"));
  meter["kind"] = "ppk2";
  meter["volts"] = 3;
  CHECK_THAT(tree.rig_error(json), Catch::Contains("unknown key 'volts'"));
  meter.erase("volts");
  json["benches"][1]["meter"] = {{"kind", "ppk2"}, {"usb_serial", "E1"}};
  CHECK_THAT(tree.rig_error(json), Catch::Contains("benches[1].meter: E1 is that of bench 'a', too"));
  json["benches"][1]["meter"] = {{"kind", "ppk2"}, {"mode", "source"}, {"voltage_mv", 3000}};
  CHECK_THAT(tree.rig_error(json), Catch::Contains("has no \"safe_voltages_mv\""));
}

TEST_CASE("a Linux board's pins for markers stand beside its meter") {
  Tree tree;
  json json = small_rig();
  auto& bench = json["benches"][1];
  bench["flasher"] = {{"kind", "ssh"}, {"host", "pi"}};
  bench["link"] = {{"kind", "stdio"}};
  bench["meter"] = {{"kind", "ppk2"}, {"board_pins", "/dev/gpiochip0:17,27,22,23"}};
  CHECK(tree.rig_error(json).empty());
  CHECK(load_rig("small", tree.root).value().benches[1].meter.board_pins == "/dev/gpiochip0:17,27,22,23");
  bench["meter"]["board_pins"] = "/dev/gpiochip0:17,27,22";
  CHECK_THAT(tree.rig_error(json),
             Catch::Contains("meter.board_pins: '/dev/gpiochip0:17,27,22' is not CHIP:D0,D1,D2,D3"));
  bench["meter"]["board_pins"] = "/dev/gpiochip0:17,27,22,23";
  bench["flasher"] = {{"kind", "command"}, {"flash_agent", {"true"}}};
  CHECK_THAT(tree.rig_error(json), Catch::Contains("meter.board_pins: is for Linux boards; the agent of"));
}

TEST_CASE("boards that contradict themselves are refused with the key") {
  Tree tree;
  const auto error_after = [&](const std::function<void(json&)>& change) {
    json board = emulated_board();
    change(board);
    return tree.board_error(board);
  };
  CHECK(error_after([](json&) {}).empty());
  CHECK_THAT(error_after([](json& board) { board["name"] = "other"; }),
             Catch::Contains("name: is 'other', but the folder"));
  CHECK_THAT(error_after([](json& board) { board["ticks"].erase("instructions_per_tick"); }),
             Catch::Contains("ticks.instructions_per_tick: is missing"));
  CHECK_THAT(error_after([](json& board) { board["tier"] = "hardware"; }),
             Catch::Contains("belongs to emulated boards"));
  CHECK_THAT(error_after([](json& board) { board["flasher"] = "native"; }),
             Catch::Contains("emulator: is given"));
  CHECK_THAT(error_after([](json& board) {
               board["emulator"]["arguments"] = {"-kernel", "{agent}"};
             }),
             Catch::Contains("emulator.arguments: nowhere hold {uart}"));
  CHECK_THAT(error_after([](json& board) { board["memory"]["arena_bytes"] = 0; }),
             Catch::Contains("memory.arena_bytes: must be a whole number of at least 1"));
  CHECK_THAT(error_after([](json& board) { board["tier"] = "emulatd"; }),
             Catch::Contains("did you mean 'emulated'?"));
  CHECK_THAT(error_after([](json& board) { board["memory"]["regions"][0]["address"] = "21000000"; }),
             Catch::Contains("memory.regions[0].address: must be an address"));
}

TEST_CASE("a board that cannot be read is reported with the bench that names it") {
  Tree tree;
  Tree::write(tree.root / "boards" / "tiny" / "board.json", "{\"name\": \"tiny\",");
  const auto rig = load_rig("small", tree.root);
  REQUIRE_FALSE(rig);
  CHECK_THAT(rig.error().text(), Catch::Contains("small.json: benches[0]") &&
                                     Catch::Contains("tiny/board.json") &&
                                     Catch::Contains("not valid JSON at line 1"));
}

TEST_CASE("every truncation of a rig and of a board is refused without a crash") {
  Tree tree;
  const std::string rig = small_rig().dump();
  for (std::size_t length = 0; length < rig.size(); ++length) {
    Tree::write(tree.rig_file, rig.substr(0, length));
    REQUIRE_FALSE(load_rig("small", tree.root));
  }
  const std::string board = emulated_board().dump();
  const fs::path file = tree.root / "boards" / "tiny" / "board.json";
  for (std::size_t length = 0; length < board.size(); length += 7) {
    Tree::write(file, board.substr(0, length));
    REQUIRE_FALSE(load_board(file));
  }
}

TEST_CASE("the committed rig and its boards can be read") {
  const base::Rig rig = load_rig("virtual", fs::current_path()).value();
  REQUIRE(rig.benches.size() >= 4);
  const auto named = [&](const std::string& name) -> const base::Bench& {
    const auto found = std::find_if(rig.benches.begin(), rig.benches.end(),
                                    [&](const base::Bench& bench) { return bench.name == name; });
    REQUIRE(found != rig.benches.end());
    return *found;
  };
  CHECK(named("native").meter.kind.empty());
  CHECK(named("mps2-an386").meter.kind == "ppk2");
  CHECK(named("mps2-an386").meter.modelled_clock);
  const base::Bench& probed = named("mps2-an386-pyocd");
  CHECK(base::flasher_kind(probed) == "pyocd");
  CHECK(probed.optional);
  CHECK_FALSE(rig.benches[0].optional);
  CHECK(probed.board.slot_address == 0x21000000);
  CHECK(fs::path(probed.flasher.pyocd.script).filename() == "pyocd_user.py");
}

}  // namespace slmrig::rig
