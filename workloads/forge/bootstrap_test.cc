#include "workloads/forge/bootstrap.h"

#include <vector>

#include <catch2/catch.hpp>

namespace slmrig::forge {
namespace {

TEST_CASE("The interval of a share is that of the binomial") {
  // 80 of 100: deviation sqrt(0.8 * 0.2 / 100) = 0.04, so about 0.8 -+ 1.96 * 0.04.
  std::vector<double> right(100, 1.0);
  for (std::size_t i = 0; i < 20; ++i) right[5 * i] = 0.0;
  const Interval interval = bootstrap_mean(right);
  CHECK(interval.low == Approx(0.7216).margin(0.011));
  CHECK(interval.high == Approx(0.8784).margin(0.011));
  const Interval again = bootstrap_mean(right);
  CHECK(again.low == interval.low);
  CHECK(again.high == interval.high);
}

TEST_CASE("The interval of a mean shrinks with the root of the count") {
  std::vector<double> few;
  std::vector<double> many;
  for (int i = 0; i < 400; ++i) {
    const double value = i % 2 == 0 ? -1.0 : 1.0;
    if (i < 100) few.push_back(value);
    many.push_back(value);
  }
  const Interval wide = bootstrap_mean(few);
  const Interval narrow = bootstrap_mean(many);
  CHECK((wide.high - wide.low) / (narrow.high - narrow.low) == Approx(2.0).epsilon(0.06));
}

TEST_CASE("A ratio weighs each unit by its denominator, and units stay whole") {
  // One unit holds nine tenths of the tokens: the ratio of sums lies at its ratio or at the other's, and in
  // between by how often each is drawn.
  const std::vector<double> nats = {9.0, 4.0};
  const std::vector<double> tokens = {9.0, 1.0};
  const Interval interval = bootstrap_ratio(nats, tokens);
  CHECK(interval.low == 1.0);
  CHECK(interval.high == 4.0);
}

TEST_CASE("Values that agree leave no width") {
  const std::vector<double> same(7, 0.25);
  CHECK(bootstrap_mean(same).low == 0.25);
  CHECK(bootstrap_mean(same).high == 0.25);
}

}  // namespace
}  // namespace slmrig::forge
