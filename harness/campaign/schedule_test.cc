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

TEST_CASE("A run lasts as long as its longest bench, or as its emulators share the cores") {
  base::ExpandedPlan expanded;
  expanded.rig.benches = {bench("host", "native"), bench("left", "emulator"), bench("right", "emulator"),
                          bench("real", "pyocd")};
  for (const char* name : {"host", "left", "right", "real"}) expanded.sessions.push_back(session_on(name));
  CHECK(expected_run_ns(expanded, {{"host", 10}, {"left", 70}, {"right", 30}, {"real", 5}}, 2) == 10 + 70);
  CHECK(expected_run_ns(expanded, {{"host", 10}, {"left", 70}, {"right", 60}, {"real", 5}}, 1) == 10 + 130);
  CHECK(expected_run_ns(expanded, {{"host", 10}, {"left", 70}, {"real", 500}}, 1) == 10 + 500);
  CHECK(expected_run_ns(expanded, {}, 1) == 0);
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
