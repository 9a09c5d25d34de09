#include "harness/deploy/power_switch.h"

#include <catch2/catch.hpp>

#include "harness/base/clock.h"
#include "harness/base/file.h"

namespace slmrig::deploy {
namespace {

// A switch that notes what it was told.
struct Switch {
  base::TemporaryDirectory folder = base::TemporaryDirectory::create("switch").value();
  std::string journal = (folder.path() / "journal").string();
  std::vector<std::string> note(const std::string& word, const std::string& then = "true") const {
    return {"sh", "-c", "echo " + word + " >> '" + journal + "'; " + then};
  }
  std::string told() const { return base::read_text(journal).value_or(""); }
};

}  // namespace

TEST_CASE("a power cycle is off, a pause, on") {
  const Switch wall;
  const int64_t began_ns = base::monotonic_now_ns();
  CHECK(power_cycle({wall.note("on"), wall.note("off"), 120}, {}));
  CHECK(base::monotonic_now_ns() - began_ns >= 120'000'000);
  CHECK(wall.told() == "off\non\n");
}

TEST_CASE("a switch that fails is told with its words, and a board is not left without power") {
  const Switch wall;
  const auto cycled =
      power_cycle({wall.note("on"), wall.note("off", "echo no such port >&2; exit 4"), 1}, {});
  REQUIRE_FALSE(cycled);
  CHECK_THAT(cycled.error().message, Catch::Contains("exit status 4") && Catch::Contains("no such port"));
  CHECK(wall.told() == "off\non\n");
  const auto missing = power_cycle({{"slmrig-no-such-program"}, {"true"}, 1}, {});
  REQUIRE_FALSE(missing);
  CHECK_THAT(missing.error().message, Catch::Contains("slmrig-no-such-program"));
}

}  // namespace slmrig::deploy
