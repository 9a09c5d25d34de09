#include "harness/cli/figures.h"

#include <catch2/catch.hpp>

namespace slmrig::cli {
namespace {

TEST_CASE("Times and counts have three digits and the largest unit that they reach") {
  CHECK(time_text(0) == "0ns");
  CHECK(time_text(812) == "812ns");
  CHECK(time_text(45'600) == "45.6µs");
  CHECK(time_text(1'234'000) == "1.23ms");
  CHECK(time_text(999'600) == "1.00ms");
  CHECK(time_text(99'960) == "100µs");
  CHECK(time_text(2.31e9) == "2.31s");
  CHECK(count_text(1'310'000) == "1.31M");
  CHECK(count_text(12) == "12");
  CHECK(bytes_text(45'600.0) == "45.6kB");
  CHECK(bytes_text(std::nullopt) == "-");
}

TEST_CASE("A cost is a time or a count of instructions by its unit, and nothing where nothing was measured") {
  CHECK(cost_text(1000.0, store::CostUnit::kNanoseconds) == "1.00µs");
  CHECK(cost_text(1000.0, store::CostUnit::kInstructions) == "1.00k");
  CHECK(cost_text(1000.0, store::CostUnit::kNone) == "-");
  CHECK(cost_text(std::nullopt, store::CostUnit::kNanoseconds) == "-");
}

TEST_CASE("A share is all or nothing only when it is exactly that") {
  CHECK(share_text(1.0) == "100%");
  CHECK(share_text(0.9999) == "99.9%");
  CHECK(share_text(0.975) == "97.5%");
  CHECK(share_text(0.0001) == "0.1%");
  CHECK(share_text(0.0) == "0%");
  CHECK(share_text(std::nullopt) == "-");
}

TEST_CASE("Durations are whole seconds for people") {
  CHECK(duration_text(8'400'000'000) == "8 s");
  CHECK(duration_text(80'000'000'000) == "1 min 20 s");
  CHECK(duration_text(7'500'000'000'000) == "2 h 5 min");
  CHECK(countdown_text(41'000'000'000) == "0:41");
  CHECK(countdown_text(3'720'000'000'000) == "1:02:00");
}

}  // namespace
}  // namespace slmrig::cli
