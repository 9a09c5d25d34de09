#include "harness/measure/clock_check.h"

#include <catch2/catch.hpp>

#include "harness/measure/scripted_board.h"

namespace slmrig::measure {
namespace {

using Catch::Matchers::Contains;

// A device whose clock runs `speed` times as fast as it says, and whose answers take `round_trip_ns`.
ClockCheck check(double speed, int64_t round_trip_ns) {
  base::ManualClock clock;
  ScriptedBoard board;
  board.on_clock = [&]() -> base::Result<rig::ClockReading> {
    rig::ClockReading reading;
    reading.before_ns = clock.monotonic_ns();
    clock.advance(round_trip_ns / 2);
    reading.ticks = static_cast<uint64_t>(static_cast<double>(clock.monotonic_ns()) * speed) / 1000;
    clock.advance(round_trip_ns / 2);
    reading.after_ns = clock.monotonic_ns();
    return reading;
  };
  const base::TickScale microseconds{false, 1000, 1};
  const auto result = check_clock(board.agent(), microseconds, clock);
  REQUIRE(result);
  return *result;
}

TEST_CASE("A clock that says the truth is not doubted") {
  const ClockCheck result = check(1.0, 100'000);
  REQUIRE(result.difference);
  CHECK(*result.difference == Approx(0.0).margin(1e-5));
  CHECK(result.doubt.empty());
  CHECK(check(1.0049, 100'000).doubt.empty());
}

TEST_CASE("A clock that is more than half a percent off is doubted, with by how much") {
  CHECK_THAT(check(1.0051, 100'000).doubt, Contains("0.51") && Contains("more than 0.5 %"));
  CHECK_THAT(check(1.0 / 2.3, 100'000).doubt, Contains("-56.5"));
  CHECK_THAT(check(0.0, 100'000).doubt, Contains("do not advance"));
}

TEST_CASE("Answers that take too long to say anything give no verdict") {
  const ClockCheck result = check(1.0, 20'000'000);
  CHECK_FALSE(result.difference);
  CHECK(result.doubt.empty());
  CHECK_THAT(result.text, Contains("not checked"));
}

}  // namespace
}  // namespace slmrig::measure
