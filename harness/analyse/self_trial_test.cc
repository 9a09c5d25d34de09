#include "harness/analyse/self_trial.h"

#include <catch2/catch.hpp>

#include "harness/analyse/night_simulation.h"

namespace slmrig::analyse {
namespace {

SelfTrialOptions quick() {
  SelfTrialOptions options;
  options.sigmas = {0.5, 4};
  options.shares = {0.06};
  options.trials = 4;
  return options;
}

TEST_CASE("A self-test finds large steps in a quiet history, small ones not, and says how late") {
  const std::vector<double> values = simulate_nights({NightNoise::kGaussian, 120, {}}, 3);
  const SelfTrial test = self_trial(values, quick());
  REQUIRE_FALSE(test.learning);
  REQUIRE(test.steps.size() == 3);
  CHECK(test.nights == 120);
  CHECK(test.sigma == Approx(1).margin(0.2));
  CHECK(test.level == Approx(100).margin(0.5));
  CHECK(test.steps[0].tried == 4);
  CHECK(test.steps[0].power() == 0);
  CHECK_FALSE(test.steps[0].median_delay());
  CHECK(test.steps[1].power() == 1);
  CHECK(*test.steps[1].median_delay() >= 4);  // a second night has to confirm three of the new level
  CHECK(*test.steps[1].median_delay() <= 6);
  SelfTrialOptions huge = quick();
  huge.sigmas = {50};
  CHECK(self_trial(values, huge).steps[0].delays.back() == 4);  // a night more where the history is short
  CHECK(test.steps[2].is_share);                                // 6 % of 100 is 6 sigma
  CHECK(test.steps[2].power() == 1);
  CHECK(test.alerts == 0);
  CHECK(test.false_alerts == 0);
  CHECK(test.nights_reordered == 120);
}

TEST_CASE("Changes that a history has are alerts of it, and no false ones") {
  const std::vector<double> values = simulate_nights({NightNoise::kGaussian, 120, NightStep{60, 8}}, 4);
  const SelfTrial test = self_trial(values, quick());
  CHECK(test.alerts == 1);
  CHECK(test.false_alerts == 0);
  CHECK(test.steps[1].power() >= 0.75);
  SelfTrialOptions hardly;
  hardly.sigmas = {0.01};
  hardly.shares = {};
  hardly.trials = 9;  // one of them two nights before the history's own change
  const SelfTrial nothing = self_trial(values, hardly);
  CHECK(nothing.steps[0].tried == 8);
  CHECK(nothing.steps[0].power() == 0);
}

TEST_CASE("More series of a board ask for a smaller p") {
  const std::vector<double> values = simulate_nights({NightNoise::kGaussian, 60, {}}, 5);
  SelfTrialOptions options = quick();
  options.sigmas = {4};
  options.within_nights = 6;
  options.series_of_board = 1;
  const double alone = self_trial(values, options).steps[0].power();
  options.series_of_board = 1'000'000'000;
  CHECK(self_trial(values, options).steps[0].power() < alone);
}

TEST_CASE("Short and constant histories are not tested") {
  CHECK(self_trial({}).learning);
  CHECK(self_trial(std::vector<double>(kSelfTrialNights - 1, 1.0)).learning);
  const SelfTrial constant = self_trial(std::vector<double>(60, 5.0));
  CHECK(constant.is_constant);
  CHECK(constant.steps.empty());
  // The shortest that is.
  const SelfTrial shortest =
      self_trial(simulate_nights({NightNoise::kGaussian, kSelfTrialNights, {}}, 6), quick());
  CHECK_FALSE(shortest.learning);
  CHECK(shortest.steps[1].tried == 4);
}

TEST_CASE("Self-tests of several series add up") {
  SelfTrial one;
  one.nights = 100;
  one.nights_reordered = 365;
  one.false_alerts = 1;
  one.steps = {{4, false, 2, {4, 5}}, {0.01, true, 2, {}}};
  SelfTrial other = one;
  other.steps = {{4, false, 2, {9}}, {0.01, true, 2, {7}}};
  const SelfTrial all = together({one, other});
  REQUIRE(all.steps.size() == 2);
  CHECK(all.steps[0].power() == Approx(0.75));
  CHECK(*all.steps[0].median_delay() == 5);
  CHECK(all.steps[1].power() == Approx(0.25));
  CHECK(all.nights == 200);
  CHECK(all.false_alerts_a_hundred_years() == Approx(100));
  CHECK(together({}).false_alerts_a_hundred_years() == 0);
}

}  // namespace
}  // namespace slmrig::analyse
