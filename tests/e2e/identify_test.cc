// slmrig rig identify: two emulated boards, two virtual meters, wired right and crosswise.
#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "harness/base/clock.h"
#include "tests/e2e/sandbox.h"

namespace slmrig::e2e {
namespace {

using Catch::Matchers::Contains;
using nlohmann::json;

// Two benches whose meters stay where they are, as on a desk, whichever way the rig file names them.
class TwoBenches {
 public:
  TwoBenches() {
    for (const std::string name : {"left", "right"}) {
      base::ChildOptions options;
      options.streams = base::StandardStreams::kNull;
      options.arguments = {program_path("slmrig-virtual-ppk2"),
                           "--port",
                           port(name),
                           "--edges",
                           edges(name),
                           "--board",
                           source_root() + "/boards/mps3-an547/board.json"};
      auto child = base::ChildProcess::spawn(options);
      REQUIRE(child);
      meters_.push_back(std::make_unique<base::ChildProcess>(std::move(*child)));
      const int64_t deadline_ns = base::monotonic_now_ns() + 10'000'000'000;
      while (!std::filesystem::exists(port(name)) && base::monotonic_now_ns() < deadline_ns)
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      REQUIRE(std::filesystem::exists(port(name)));
    }
  }

  std::string port(const std::string& name) const { return sandbox.path(name + ".ppk2"); }
  std::string edges(const std::string& name) const { return sandbox.path(name + ".edges"); }

  // A board's edges go to the meter that it is wired to; the rig file names that of `named`.
  static json bench(const TwoBenches& desk, const std::string& name, const std::string& named) {
    return {{"name", name},
            {"board", "mps3-an547"},
            {"link", {{"kind", "unix"}}},
            {"meter",
             {{"kind", "ppk2"},
              {"address", desk.port(named)},
              {"mode", "source"},
              {"modelled_clock", true},
              {"settings", {{"edges", desk.edges(name)}}}}}};
  }

  Ended identify(const std::string& bench_name, bool crosswise) const {
    const json rig = {{"name", "desk"},
                      {"benches",
                       {bench(*this, "left", crosswise ? "right" : "left"),
                        bench(*this, "right", crosswise ? "left" : "right")}}};
    return sandbox.slmrig({"rig", "identify", bench_name, "--rig", sandbox.write("rig.json", rig.dump())});
  }

  Sandbox sandbox;

 private:
  std::vector<std::unique_ptr<base::ChildProcess>> meters_;
};

}  // namespace

TEST_CASE("a board's own meter sees its load, and a meter that is named for another board is found out",
          "[e2e]") {
  const TwoBenches desk;
  const Ended right = desk.identify("left", false);
  INFO(right.text());
  CHECK(right.exit_code == 0);
  CHECK_THAT(right.output, Contains("ppk2:" + desk.port("left") + " sees the load of left"));
  CHECK_THAT(right.output, Contains("nothing came"));
  const Ended wrong = desk.identify("left", true);
  INFO(wrong.text());
  CHECK(wrong.exit_code == 3);
  CHECK_THAT(wrong.output,
             Contains("the load of left is seen by ppk2:" + desk.port("left") + " (bench right)") &&
                 Contains("not by ppk2:" + desk.port("right")));
  CHECK(desk.sandbox.slmrig({"rig", "identify", "native"}).exit_code == 2);
}

}  // namespace slmrig::e2e
