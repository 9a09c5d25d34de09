#include "harness/gate/interval.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <catch2/catch.hpp>

#include "harness/analyse/noise.h"

namespace slmrig::gate {
namespace {

TEST_CASE("The mean of sessions has Student's bounds") {
  // R: t.test(c(1,2,3,4,5), conf.level=0.98): 0.3505 to 5.6495.
  const Estimate estimate = mean_estimate({1, 2, 3, 4, 5}, std::nullopt, 0.99);
  CHECK(estimate.value == 3);
  CHECK(estimate.low == Approx(0.3505).epsilon(1e-3));
  CHECK(estimate.high == Approx(5.6495).epsilon(1e-3));
}

TEST_CASE("One session without history has no bounds") {
  const Estimate estimate = mean_estimate({3}, std::nullopt, 0.99);
  CHECK(std::isinf(estimate.high));
  CHECK(std::isinf(estimate.low));
}

TEST_CASE("A spread that is clearly larger than that of the nights before is taken alone") {
  const KnownSpread quiet{0.1, 60};
  CHECK(!mean_estimate({1, 2, 3, 4, 5}, quiet, 0.99).spread_from_history);
  const Estimate alike = mean_estimate({1, 1.1, 0.9, 1, 1.1}, quiet, 0.99);
  CHECK(alike.spread_from_history);
  CHECK(alike.degrees_of_freedom == Approx(4 + 30));
}

TEST_CASE("A percentile takes its minimum of samples") {
  CHECK(least_samples(0.99, 0.99) == 459);
  CHECK(least_samples(0.99, 0.95) == 299);
  CHECK(least_samples(0.5, 0.99) == 7);
  for (const std::size_t count : {458U, 459U}) {
    std::vector<double> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<double>(i);
    Estimate estimate;
    widen_by_order_statistics({values}, 0.99, 0.99, estimate);
    CHECK(std::isinf(estimate.high) == (count == 458));
  }
}

TEST_CASE("Order statistics hold the true percentile as often as they say") {
  std::mt19937_64 random(1);
  std::exponential_distribution<double> tokens(1);
  const double truth = -std::log(1 - 0.95);
  int above = 0;
  int below = 0;
  constexpr int kRounds = 2000;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> values(400);
    for (double& value : values) value = tokens(random);
    Estimate estimate;
    estimate.low = estimate.high = truth;  // the sessions' own bounds, out of the way
    widen_by_order_statistics({values}, 0.95, 0.95, estimate);
    std::sort(values.begin(), values.end());
    above += estimate.high <= truth ? 1 : 0;
    below += estimate.low >= truth ? 1 : 0;
  }
  CHECK(above < kRounds * 0.06);
  CHECK(below < kRounds * 0.06);
  CHECK(above > kRounds * 0.02);
}

TEST_CASE("Samples of a session that are alike count for less") {
  std::vector<std::vector<double>> samples;
  for (int session = 0; session < 6; ++session) samples.emplace_back(100, session);  // each its own level
  Estimate estimate;
  widen_by_order_statistics(samples, 0.5, 0.99, estimate);
  CHECK(std::isinf(estimate.high));
}

TEST_CASE("Shares after Clopper and Pearson") {
  // R: binom.test(45, 50, conf.level = 0.98).
  const Estimate estimate = share_estimate(45, 50, 0.99);
  CHECK(estimate.low == Approx(0.7570).epsilon(2e-3));
  CHECK(estimate.high == Approx(0.9735).epsilon(2e-3));
  CHECK(share_estimate(0, 5, 0.99).low == 0);
  CHECK(share_estimate(5, 5, 0.99).high == 1);
}

TEST_CASE("More sessions tell less, and the least number is found") {
  const SessionsWanted wanted{1.0, 0, 0, 0.99};
  CHECK(detectable_distance(5, wanted) > detectable_distance(6, wanted));
  const auto sessions = sessions_for(0.8, wanted, 50);
  REQUIRE(sessions);
  CHECK(detectable_distance(*sessions, wanted) <= 0.8);
  CHECK(detectable_distance(*sessions - 1, wanted) > 0.8);
  CHECK(!sessions_for(0.01, wanted, 50));
  CHECK(std::isinf(detectable_distance(1, wanted)));
}

TEST_CASE("One session with the spread of 24 nights is wrong no more often than it says") {
  std::mt19937_64 random(2);
  std::normal_distribution<double> noise(100, 3);
  int wrong = 0;
  constexpr int kRounds = 4000;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> nights(24);
    for (double& night : nights) night = noise(random);
    const KnownSpread known{analyse::estimate_noise(nights).sigma, 24};
    wrong += mean_estimate({noise(random)}, known, 0.99).low > 100 ? 1 : 0;
  }
  CHECK(wrong < kRounds * 0.013);
  CHECK(wrong > kRounds * 0.003);
}

}  // namespace
}  // namespace slmrig::gate
