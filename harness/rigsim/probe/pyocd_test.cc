// Unmodified pyOCD, whichever is installed, with virtual probes and the built firmware.
#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "harness/base/child_process.h"
#include "harness/base/file.h"
#include "harness/base/paths.h"
#include "harness/rig/agent_client.h"
#include "harness/rigsim/line_server.h"

namespace slmrig::rigsim {
namespace {

const std::string kScript = "boards/mps2-an386/pyocd_user.py";
const std::string kAgent = "build/firmware/mps2-an386/agent.elf";
constexpr char kImageAddress[] = "0x21000000";

// A probe with a board, and one with nothing on its wires.
class Bed {
 public:
  explicit Bed(const std::string& fault = "none") {
    start({"--probe", "VP-0001", "--usb-socket", path("usb"), "--control", path("control"), "--board",
           "mps2-an386", "--uart", path("uart"), "--unit", "unit-42", "--flash", "code", "--flash", "psram",
           "--fault", fault});
    start({"--probe", "VP-0002", "--usb-socket", path("usb2")});
  }

  std::string path(const char* name) const { return (folder_.path() / name).string(); }

  base::CapturedRun pyocd(const std::vector<std::string>& arguments) const {
    base::CaptureLimits limits;
    limits.timeout_ms = 120'000;
    auto run = base::run_captured(pyocd_options(arguments), limits);
    if (!run) FAIL(run.error().text() << "; ./dev setup installs pyOCD");
    return std::move(*run);
  }
  base::ChildProcess start_pyocd(const std::vector<std::string>& arguments) const {
    base::ChildOptions options = pyocd_options(arguments);
    options.streams = base::StandardStreams::kNull;
    return base::ChildProcess::spawn(options).value();
  }
  static std::vector<std::string> load_arguments(const std::vector<std::string>& what,
                                                 const std::string& probe = "VP-0001") {
    std::vector<std::string> arguments = {"load",     "-W",       "-u",    probe, "-t",
                                          "cortex_m", "--script", kScript, "-O",  "fast_program=1"};
    arguments.insert(arguments.end(), what.begin(), what.end());
    return arguments;
  }
  base::CapturedRun load(const std::vector<std::string>& what, const std::string& probe = "VP-0001") const {
    return pyocd(load_arguments(what, probe));
  }
  // What the flash holds, as pyOCD reads it.
  std::vector<uint8_t> read_back(const std::string& address, std::size_t bytes) const {
    const std::string file = path("back.bin");
    pyocd({"cmd", "-W", "-u", "VP-0001", "-t", "cortex_m", "--script", kScript, "-M", "halt", "-c",
           fmt::format("savemem {} {} {}", address, bytes, file)});
    return base::read_bytes(file).value_or(std::vector<uint8_t>());
  }
  std::string tell(std::string_view command) const { return tell_line(path("control"), command).value(); }

 private:
  base::ChildOptions pyocd_options(std::vector<std::string> arguments) const {
    base::ChildOptions options;
    arguments.insert(arguments.begin(), "pyocd");
    options.arguments = std::move(arguments);
    options.environment = {{"LD_LIBRARY_PATH", SLMRIG_BUILD_DIR "/lib/slmrig-usb"},
                           {"SLMRIG_USB_SOCKETS", path("usb") + ":" + path("usb2")}};
    return options;
  }
  void start(std::vector<std::string> arguments) {
    const std::string socket = arguments[3];
    base::ChildOptions options;
    arguments.insert(arguments.begin(), SLMRIG_BUILD_DIR "/bin/slmrig-virtual-probe");
    options.arguments = std::move(arguments);
    probes_.push_back(base::ChildProcess::spawn(options).value());
    constexpr int kAttempts = 600;
    for (int i = 0; i < kAttempts && !std::filesystem::exists(socket); ++i) {
      if (probes_.back().wait(50)) FAIL("the probe ended at once");
    }
  }

  base::TemporaryDirectory folder_ = base::TemporaryDirectory::create("pyocd-test").value();
  std::vector<base::ChildProcess> probes_;
};

std::string all_text(const base::CapturedRun& run) { return run.output + run.errors; }

std::vector<uint8_t> some_image(std::size_t bytes) {
  std::vector<uint8_t> image(bytes);
  uint32_t state = 1;
  for (uint8_t& byte : image) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<uint8_t>(state >> 24U);
  }
  return image;
}

}  // namespace

TEST_CASE("pyOCD lists probes by serial, loads agent and image, and the agent's banner comes") {
  const Bed bed;
  const std::string list = bed.pyocd({"json", "--probes"}).output;
  CHECK_THAT(list, Catch::Contains("\"VP-0001\"") && Catch::Contains("\"VP-0002\""));

  const base::CapturedRun loaded = bed.load({kAgent});
  INFO(all_text(loaded));
  REQUIRE(loaded.exit.ok());
  CHECK_THAT(all_text(loaded), Catch::Contains("programmed 131072 bytes"));
  auto link = rig::open_link({"unix", bed.path("uart"), 115200}, 5000);
  REQUIRE(link);
  rig::AgentClient client(std::move(*link), {});
  const auto banner = client.connect();
  if (!banner) FAIL(banner.error().text());
  CHECK(banner->board == "mps2-an386");
  CHECK(banner->unique_id == "unit-42");

  const std::vector<uint8_t> image = some_image(300'000);
  REQUIRE(base::write_file_atomically(bed.path("image.bin"), image));
  const base::CapturedRun laid = bed.load({bed.path("image.bin"), "-a", kImageAddress});
  INFO(all_text(laid));
  REQUIRE(laid.exit.ok());
  CHECK(bed.read_back(kImageAddress, image.size()) == image);
  const base::CapturedRun again = bed.load({bed.path("image.bin"), "-a", kImageAddress});
  CHECK_THAT(all_text(again), Catch::Contains("programmed 0 bytes"));
  CHECK(bed.tell("power cycle") == "ok");
  CHECK(bed.read_back(kImageAddress, image.size()) == image);
}

TEST_CASE("what a probe or a chip does wrong ends pyOCD with an error, and leaves no trace") {
  const Bed bed;
  struct Case {
    const char* fault;
    const char* said;
  };
  for (const auto& [fault, said] :
       {Case{"no-ack", "ACK"}, Case{"locked", "No cores were discovered"}, Case{"busy", "nable to"},
        Case{"wrong-target", "fault"}, Case{"wait@50x1000000", ""}}) {
    INFO(fault);
    REQUIRE(bed.tell(std::string("fault ") + fault) == "ok");
    const base::CapturedRun run = bed.load({kAgent});
    INFO(all_text(run));
    CHECK_FALSE(run.exit.ok());
    CHECK_THAT(all_text(run), Catch::Contains(said));
  }
  REQUIRE(bed.tell("fault none") == "ok");
  CHECK(bed.load({kAgent}).exit.ok());
}

TEST_CASE("nothing on the wires is no chip") {
  const Bed bed;
  const base::CapturedRun run = bed.load({kAgent}, "VP-0002");
  INFO(all_text(run));
  CHECK_FALSE(run.exit.ok());
  CHECK_THAT(all_text(run), Catch::Contains("ACK"));
}

TEST_CASE("a chip that waits a little is loaded all the same") {
  const Bed bed("wait@300x70");
  CHECK(bed.load({kAgent}).exit.ok());
}

TEST_CASE("a probe that is pulled in mid-load ends pyOCD, and serves the next one") {
  const Bed bed("unplug@20000");
  const base::CapturedRun run = bed.load({kAgent});
  INFO(all_text(run));
  CHECK_FALSE(run.exit.ok());
  REQUIRE(bed.tell("fault none") == "ok");
  REQUIRE(bed.tell("plug") == "ok");
  CHECK(bed.load({kAgent}).exit.ok());
}

TEST_CASE("a probe that hangs in mid-load keeps pyOCD waiting, which can be ended, and serves the next one") {
  constexpr int kTransfers = 20'000;
  const Bed bed(fmt::format("hang@{}", kTransfers));
  base::ChildProcess pyocd = bed.start_pyocd(Bed::load_arguments({kAgent}));
  constexpr int kAttempts = 1200;
  for (int i = 0; i < kAttempts && std::stoi(bed.tell("transfers").substr(3)) < kTransfers; ++i) {
    if (pyocd.wait(50)) FAIL("pyOCD ended before the probe hung");
  }
  // Its own limit is 10 s, again and again.
  CHECK_FALSE(pyocd.wait(500));
  pyocd.stop();
  REQUIRE(bed.tell("fault none") == "ok");
  CHECK(bed.load({kAgent}).exit.ok());
}

TEST_CASE("a write that is corrupted on the way shows only when it is read back") {
  const Bed bed("corrupt-write@1000");
  const std::vector<uint8_t> image = some_image(131072);
  REQUIRE(base::write_file_atomically(bed.path("image.bin"), image));
  CHECK(bed.load({bed.path("image.bin"), "-a", kImageAddress}).exit.ok());
  const std::vector<uint8_t> held = bed.read_back(kImageAddress, image.size());
  CHECK(held.size() == image.size());
  CHECK(held != image);
}

}  // namespace slmrig::rigsim
