#include "harness/campaign/schedule.h"

#include <catch2/catch.hpp>

namespace slmrig::campaign {
namespace {

base::Bench bench(const std::string& name, const std::string& flasher) {
  base::Bench bench;
  bench.name = name;
  bench.board.flasher = flasher;
  return bench;
}

base::Session session_on(const std::string& name) {
  base::Session session;
  session.bench = name;
  return session;
}

TEST_CASE("A bench that is this host runs alone and first, all others at once") {
  base::ExpandedPlan expanded;
  expanded.rig.benches = {bench("left", "emulator"), bench("host", "native"), bench("right", "pyocd"),
                          bench("unused", "emulator")};
  expanded.sessions = {session_on("left"), session_on("host"), session_on("right"), session_on("left")};
  const std::vector<Wave> waves = waves_of(expanded);
  REQUIRE(waves.size() == 2);
  CHECK(waves[0].benches == std::vector<std::string>{"host"});
  CHECK(waves[1].benches == std::vector<std::string>{"left", "right"});
}

TEST_CASE("The busy share is the mean over benches that could run at once, and what no wave covers is idle") {
  // 10 s of one bench that measured 9 s, then 20 s of two that measured 20 s and 10 s, in a run of 40 s.
  const std::vector<WaveTime> waves = {{10, {9}}, {20, {20, 10}}};
  CHECK(busy_share(waves, 40) == Approx((9.0 + 15.0) / 40.0));
  CHECK(busy_share({}, 40) == 0.0);
  CHECK(busy_share(waves, 0) == 0.0);
}

}  // namespace
}  // namespace slmrig::campaign
