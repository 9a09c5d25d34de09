#include "harness/analyse/percentile.h"

#include <catch2/catch.hpp>
#include <vector>

namespace slmrig::analyse {

// Worked by hand: the value at position (n - 1) * percent / 100, counted from 0, between its two neighbours.
TEST_CASE("percentiles lie between their two nearest values") {
  const std::vector<double> values = {15, 20, 35, 40, 50};
  CHECK(percentile(values, 0) == 15);
  CHECK(*percentile(values, 5) == Approx(16));
  CHECK(*percentile(values, 30) == Approx(23));
  CHECK(*percentile(values, 40) == Approx(29));
  CHECK(percentile(values, 50) == 35);
  CHECK(*percentile(values, 95) == Approx(48));
  CHECK(percentile(values, 100) == 50);
}

TEST_CASE("the median of two is their middle") {
  const std::vector<double> values = {30, 10};
  CHECK(percentile(values, 50) == 20);
}

TEST_CASE("the order of values does not matter, and one value is every percentile") {
  CHECK(percentile(std::vector<double>{3, 1, 2}, 50) == 2);
  for (const double percent : {0.0, 1.0, 50.0, 99.0, 100.0})
    CHECK(percentile(std::vector<double>{7}, percent) == 7);
}

TEST_CASE("of nothing there is no percentile") { CHECK_FALSE(percentile({}, 50).has_value()); }

TEST_CASE("equal values stay exactly what they are") {
  // Instruction counts of 2^52 and more would lose their last bit in a careless formula.
  const double large = 4503599627370497.0;
  for (const double percent : {50.0, 95.0, 99.0}) {
    CHECK(percentile(std::vector<double>{large, large, large, large}, percent) == large);
  }
}

}  // namespace slmrig::analyse
