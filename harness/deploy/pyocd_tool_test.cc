// How pyOCD is called, with a program in its place that notes its arguments and answers as it is told.
#include "harness/deploy/pyocd_tool.h"

#include <cstdlib>

#include <catch2/catch.hpp>

#include "harness/base/clock.h"
#include "harness/base/file.h"

namespace slmrig::deploy {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

// First on the PATH, for as long as this lives.
class ScriptedPyocd {
 public:
  // `body` answers everything but --version.
  explicit ScriptedPyocd(const std::string& body, const std::string& version = "0.36.0") {
    const std::string script = "#!/bin/sh\necho \"$@\" >>" + (folder_.path() / "calls").string() +
                               "\nif [ \"$1\" = --version ]; then echo " + version + "; exit 0; fi\n" + body +
                               "\n";
    const fs::path program = folder_.path() / "pyocd";
    REQUIRE(base::write_file_atomically(program, std::string_view(script)));
    fs::permissions(program, fs::perms::owner_all);
    ::setenv("PATH", (folder_.path().string() + ":" + old_path_).c_str(), 1);
  }
  ~ScriptedPyocd() { ::setenv("PATH", old_path_.c_str(), 1); }
  ScriptedPyocd(const ScriptedPyocd&) = delete;
  ScriptedPyocd& operator=(const ScriptedPyocd&) = delete;

  std::string calls() const { return base::read_text(folder_.path() / "calls").value(); }

 private:
  base::TemporaryDirectory folder_ = base::TemporaryDirectory::create("pyocd").value();
  std::string old_path_ = std::getenv("PATH");
};

base::PyocdSpec spec() {
  base::PyocdSpec spec;
  spec.probe = "PROBE0001";
  spec.target = "cortex_m";
  spec.script = "/rig/flash.py";
  spec.frequency_hz = 4'000'000;
  return spec;
}

// A shell's way of answering `savemem`: the file is the last word of the command, filled with `letter`.
std::string saving(char letter) {
  return R"(for word in "$@"; do case "$word" in savemem*) set -- $word; head -c "$3" /dev/zero | tr '\0' )" +
         std::string(1, letter) + R"( >"$4"; echo "Saved $3 bytes to $4";; esac; done)";
}

}  // namespace

TEST_CASE("pyOCD is called for one probe, never waits for one, and needs no answer") {
  const ScriptedPyocd pyocd(
      "echo '0001 I x' >&2; echo '0003745 I Erased 0 bytes (0 sectors), programmed 4096 bytes (1 pages), "
      "skipped 0 "
      "bytes (0 pages) at 1 kB/s [loader]' >&2; [ -t 0 ] || read line; exit 0");
  const PyocdTool tool = PyocdTool::find({spec()}).value();
  CHECK(tool.version() == "0.36.0");
  CHECK(tool.load_elf("agent.elf", 4000, false));
  CHECK(tool.load_binary("model.img", 0x21000000, 4096, true));
  CHECK(tool.reset());
  const std::string common = "--no-config -W -u PROBE0001 -t cortex_m --script /rig/flash.py -f 4000000";
  CHECK_THAT(pyocd.calls(),
             Catch::Contains("load " + common + " --no-reset --format elf agent.elf\n") &&
                 Catch::Contains("load " + common + " --format bin -a 0x21000000 model.img\n") &&
                 Catch::Contains("reset " + common + "\n"));
}

TEST_CASE("a pyOCD that is missing, too old or cannot run is refused with how to get one") {
  {
    const ScriptedPyocd pyocd("", "0.33.1");
    const auto old = PyocdTool::find({spec()});
    REQUIRE_FALSE(old);
    CHECK(old.error().code == ErrorCode::kUnsupported);
    CHECK_THAT(old.error().message, Catch::Contains("version 0.33.1, needed is 0.34 or newer; ./dev setup"));
  }
  for (const char* version : {"0.34.3", "0.45.0", "0.13.1", "1.0.0"}) {
    const ScriptedPyocd pyocd("", version);
    CHECK(PyocdTool::find({spec()}).value().version() == version);
  }
  {
    const ScriptedPyocd pyocd("", "; exit 1; echo");
    CHECK_THAT(PyocdTool::find({spec()}).error().message, Catch::Contains("it cannot run"));
  }
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nonexistent", 1);
  const auto missing = PyocdTool::find({spec()});
  ::setenv("PATH", path.c_str(), 1);
  REQUIRE_FALSE(missing);
  CHECK_THAT(missing.error().message, Catch::StartsWith("there is no pyocd on the PATH; ./dev setup"));
}

TEST_CASE("a pyOCD that never ends is ended, and so is one that the user stops") {
  const ScriptedPyocd pyocd("trap '' TERM; exec sleep 100");
  base::PyocdSpec hasty = spec();
  hasty.timeout_s = 1;
  const int64_t began_ns = base::monotonic_now_ns();
  const auto hung = PyocdTool::find({hasty}).value().reset();
  REQUIRE_FALSE(hung);
  CHECK(hung.error().code == ErrorCode::kTimeout);
  CHECK_THAT(hung.error().message, Catch::Contains("took longer than 1000 ms; pyocd was ended"));
  const auto stopped =
      PyocdTool::find({spec(), {}, [] { return true; }}).value().load_elf("agent.elf", 1, true);
  REQUIRE_FALSE(stopped);
  CHECK(stopped.error().code == ErrorCode::kTimeout);
  CHECK(base::monotonic_now_ns() - began_ns < 10'000'000'000);
}

TEST_CASE("an unknown serial number is told together with those that are there") {
  const ScriptedPyocd pyocd(R"(if [ "$1" = json ]; then
    echo '{"status": 0, "boards": [{"unique_id": "PROBE0002"}, {"unique_id": "PROBE0003"}]}'; exit 0; fi
    echo "No connected debug probe matches unique ID 'PROBE0001'"; exit 1)");
  const auto load = PyocdTool::find({spec()}).value().load_elf("agent.elf", 1, true);
  REQUIRE_FALSE(load);
  CHECK_THAT(load.error().message, Catch::Contains("wanted: PROBE0001; connected are PROBE0002, PROBE0003"));
}

TEST_CASE("what was written is read back, and the first byte that differs is named") {
  const std::vector<MemoryPiece> pieces = {{0x0, std::vector<uint8_t>(100, 'A')},
                                           {0x1000, std::vector<uint8_t>(50, 'A')}};
  {
    const ScriptedPyocd pyocd(saving('A'));
    CHECK(PyocdTool::find({spec()}).value().verify_and_reset(pieces));
    CHECK_THAT(pyocd.calls(), Catch::Contains("-c savemem 0x00000000 100 ") &&
                                  Catch::Contains("-c savemem 0x00001000 50 ") &&
                                  Catch::EndsWith("-c reset\n"));
  }
  {
    const ScriptedPyocd pyocd(saving('B'));
    const auto differs = PyocdTool::find({spec()}).value().verify_and_reset(pieces);
    REQUIRE_FALSE(differs);
    CHECK_THAT(differs.error().message, Catch::Contains("at 0x00000000 there is 0x42, meant was 0x41"));
  }
  const ScriptedPyocd pyocd("exit 0");  // as after a bus fault
  const auto nothing = PyocdTool::find({spec()}).value().verify_and_reset(pieces);
  REQUIRE_FALSE(nothing);
  CHECK_THAT(nothing.error().message, Catch::Contains("without \"Saved 100 bytes to\""));
}

TEST_CASE("stand-ins are met through the environment") {
  const ScriptedPyocd pyocd("[ \"$SLMRIG_USB_SOCKETS\" = /tmp/x/usb ] || { echo \"Error: no $0\"; }");
  CHECK(PyocdTool::find({spec(), {{"SLMRIG_USB_SOCKETS", "/tmp/x/usb"}}}).value().reset());
  CHECK_FALSE(PyocdTool::find({spec()}).value().reset());
}

}  // namespace slmrig::deploy
