#include "harness/campaign/identify_meter.h"

#include <catch2/catch.hpp>

namespace slmrig::campaign {
namespace {

using Catch::Matchers::Contains;

WatchedMeter meter(const std::string& bench, const std::string& name, bool follows) {
  WatchedMeter made;
  made.bench = bench;
  made.name = name;
  made.match.follows = follows;
  return made;
}

}  // namespace

TEST_CASE("Only the bench's own meter may follow; another one that does is named") {
  const WiringVerdict right =
      verdict_of("a", {{meter("a", "ppk2:/a", true), meter("b", "ppk2:/b", false)}, {}});
  CHECK(right.good);
  CHECK_THAT(right.text, Contains("ppk2:/a sees the load of a"));
  const WiringVerdict swapped =
      verdict_of("a", {{meter("a", "ppk2:/b", false), meter("b", "ppk2:/a", true)}, {}});
  CHECK_FALSE(swapped.good);
  CHECK_THAT(swapped.text, Contains("seen by ppk2:/a (bench b)") && Contains("not by ppk2:/b"));
  const WiringVerdict both = verdict_of("a", {{meter("a", "ppk2:/a", true), meter("", "ppk2:/c", true)}, {}});
  CHECK_FALSE(both.good);
  CHECK_THAT(both.text, Contains("so does ppk2:/c (in no bench of the rig file)"));
  CHECK_THAT(verdict_of("a", {{meter("a", "ppk2:/a", false)}, {}}).text,
             Contains("no meter that was watched"));
  CHECK_THAT(verdict_of("a", {{meter("a", "ppk2:/a", false)}, "silent"}).text,
             Contains("not be pulsed: silent"));
}

}  // namespace slmrig::campaign
