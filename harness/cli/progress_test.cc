#include "harness/cli/progress.h"

#include <catch2/catch.hpp>

#include "harness/cli/text_table.h"

namespace slmrig::cli {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

TEST_CASE("The time left follows from the pace so far, and is not guessed too early") {
  ProgressState state;
  CHECK(state.share() == 0.0);
  CHECK(state.time_left(60 * kSecond).empty());
  state.set_total(200, 0);
  state.advance(50);
  CHECK(state.share() == Approx(0.25));
  CHECK(state.time_left(1 * kSecond).empty());
  CHECK(state.time_left(20 * kSecond) == "1:00 left");
  state.advance(1000);
  CHECK(state.share() == 1.0);
  CHECK(state.time_left(20 * kSecond) == "0:00 left");
}

TEST_CASE("The block has a bar and a line for each bench") {
  ProgressState state;
  state.set_total(4, 0);
  state.advance(2);
  const auto lines = progress_block({"demo", {"native", "mps2-an386"}}, state,
                                    {{"native", "wrist-wide int8: intents 3/400"}}, 80, 10 * kSecond);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == "demo  ━━━━━━━━━━━━━━━━━━━━┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈   50%  0:10 left");
  CHECK(lines[1] == "  native      wrist-wide int8: intents 3/400");
  CHECK(lines[2] == "  mps2-an386  waiting");
}

TEST_CASE("On a narrow terminal no line is wider than the terminal, and the bar gives way first") {
  ProgressState state;
  state.set_total(4, 0);
  state.advance(2);
  for (std::size_t columns : {10, 20, 30, 40, 60}) {
    const auto lines = progress_block({"a-plan-with-a-long-name", {"a-bench-with-a-long-name"}}, state,
                                      {{"a-bench-with-a-long-name", "wrist-wide int8: intents 3/400"}},
                                      columns, 10 * kSecond);
    for (const std::string& line : lines) CHECK(display_width(line) <= columns);
  }
}

}  // namespace
}  // namespace slmrig::cli
