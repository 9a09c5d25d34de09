#include "harness/analyse/change_points.h"

#include <algorithm>
#include <limits>
#include <string>

#include <catch2/catch.hpp>

#include "harness/analyse/internal/largest_split.h"
#include "harness/analyse/internal/swing.h"
#include "harness/analyse/night_simulation.h"

namespace slmrig::analyse {
namespace {

// Flow of the Nile at Aswan, 1871 to 1970, in 1e8 m^3 a year (Cobb, Biometrika 65, 1978; `Nile` of R). The
// first dam was begun in 1898; the change is known between 1898 and 1899.
constexpr double kNile[] = {
    1120, 1160, 963,  1210, 1160, 1160, 813,  1230, 1370, 1140, 995,  935,  1110, 994, 1020, 960,  1180,
    799,  958,  1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774,  840,  874, 694,  940,  833,
    701,  916,  692,  1020, 1050, 969,  831,  726,  456,  824,  702,  1120, 1100, 832, 764,  821,  768,
    845,  864,  862,  698,  845,  744,  796,  1040, 759,  781,  865,  845,  944,  984, 897,  822,  1010,
    771,  676,  649,  846,  812,  742,  801,  1040, 860,  874,  848,  890,  744,  749, 838,  1050, 918,
    986,  797,  923,  975,  815,  1020, 906,  901,  1170, 912,  746,  919,  718,  714, 740};

ChangePointOptions only_alerts() {
  ChangePointOptions options;
  options.watch = false;
  return options;
}

TEST_CASE("The Nile's flow changes with the year 1899") {
  const std::vector<ChangePoint> changes = find_change_points(kNile);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].index == 28);
  CHECK(changes[0].level == ChangeLevel::kAlert);
  CHECK(changes[0].onset_low <= 28);
  CHECK(changes[0].onset_high >= 28);
  CHECK(changes[0].before == Approx(1098).margin(30));
  CHECK(changes[0].after == Approx(850).margin(30));
  CHECK(changes[0].p_value < 1e-4);
}

TEST_CASE("Steps are found where they are, whatever the scale") {
  for (const NightNoise noise : kNightNoises) {
    NightSeries series{noise, 160, NightStep{90, -4}};
    std::vector<double> values = simulate_nights(series, 21);
    const std::vector<ChangePoint> changes = find_change_points(values, only_alerts());
    INFO(to_string(noise));
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].level == ChangeLevel::kAlert);
    CHECK(changes[0].index >= 89);
    CHECK(changes[0].index <= 91);
    CHECK(changes[0].onset_low <= 90);
    CHECK(changes[0].onset_high >= 90);
    CHECK(changes[0].effect_low < -4 + 0.5);
    CHECK(changes[0].effect_high > -4 - 0.5);
    for (const double scale : {-1e-9, 3.0, 1e12}) {
      std::vector<double> other = values;
      for (double& value : other) value = value * scale + 17 * scale;
      const std::vector<ChangePoint> moved = find_change_points(other, only_alerts());
      REQUIRE(moved.size() == 1);
      CHECK(moved[0].index == changes[0].index);
      CHECK(moved[0].effect == Approx(changes[0].effect * scale).epsilon(0.01));
    }
  }
}

TEST_CASE("Without noise a step is where it is") {
  std::vector<double> values(20, 10.0);
  values.insert(values.end(), 20, 11.0);
  const auto changes = find_change_points(values);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].index == 20);
  CHECK(changes[0].level == ChangeLevel::kAlert);
  CHECK(changes[0].effect == Approx(1));
  CHECK(changes[0].onset_low == 20);
  CHECK(changes[0].onset_high == 20);
}

TEST_CASE("Up and down again are two changes") {
  std::vector<double> values = simulate_nights({NightNoise::kGaussian, 150, {}}, 5);
  for (std::size_t i = 50; i < 80; ++i) values[i] += 6;
  const auto changes = find_change_points(values, only_alerts());
  REQUIRE(changes.size() == 2);
  CHECK(changes[0].index == 50);
  CHECK(changes[1].index == 80);
  CHECK(changes[1].level == ChangeLevel::kAlert);
}

TEST_CASE("Huge spikes are no change") {
  std::vector<double> values = simulate_nights({NightNoise::kGaussian, 100, {}}, 6);
  for (const std::size_t at : {10, 47, 48, 80, 99}) values[at] = 1e9;
  CHECK(find_change_points(values).empty());
  values[20] = std::numeric_limits<double>::max();
  values[21] = -std::numeric_limits<double>::max();
  CHECK(find_change_points(values).empty());
}

TEST_CASE("Constants, short histories and nothing at all have no changes") {
  CHECK(find_change_points({}).empty());
  CHECK(find_change_points(std::vector<double>{1}).empty());
  CHECK(find_change_points(std::vector<double>{1, 2}).empty());
  CHECK(find_change_points(std::vector<double>{1, 1, 1, 9, 9, 9, 9}).empty());
  CHECK(find_change_points(std::vector<double>(365, 42.0)).empty());
  const double missing = std::numeric_limits<double>::quiet_NaN();
  CHECK(find_change_points(std::vector<double>(30, missing)).empty());
  ChangePointOptions options;
  options.min_segment = 0;
  CHECK(find_change_points(std::vector<double>{1, 1, 1, 9, 9, 9, 9, 9, 9}, options).empty());
}

TEST_CASE("Missing values keep their place and change nothing") {
  const std::vector<double> values = simulate_nights({NightNoise::kGaussian, 80, NightStep{40, 5}}, 9);
  std::vector<double> holed;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i % 7 == 3)
      holed.push_back(i % 2 == 0 ? std::numeric_limits<double>::quiet_NaN()
                                 : std::numeric_limits<double>::infinity());
    holed.push_back(values[i]);
  }
  const auto whole = find_change_points(values);
  const auto changes = find_change_points(holed);
  REQUIRE(whole.size() == 1);
  REQUIRE(changes.size() == 1);
  CHECK(holed[changes[0].index] == values[whole[0].index]);
  CHECK(changes[0].p_value == whole[0].p_value);
}

TEST_CASE("A change is an alert on the second night that sees it") {
  const std::vector<double> values = simulate_nights({NightNoise::kGaussian, 70, NightStep{60, 6}}, 31);
  const auto level_after = [&](std::size_t nights) {
    const auto changes = find_change_points(std::span(values).first(60 + nights), only_alerts());
    return changes.empty()                               ? std::string("none")
           : changes.back().level == ChangeLevel::kAlert ? "alert"
                                                         : "watch";
  };
  CHECK(level_after(2) == "none");
  CHECK(level_after(3) == "watch");
  CHECK(level_after(4) == "alert");
  CHECK(level_after(10) == "alert");
}

TEST_CASE("A large step in a history of two weeks is an alert within a week") {
  for (const uint64_t seed : {51, 52, 53, 54}) {
    const auto changes = find_change_points(
        simulate_nights({NightNoise::kGaussian, 21, NightStep{14, 10}}, seed), only_alerts());
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].index == 14);
    CHECK(changes[0].level == ChangeLevel::kAlert);
  }
}

TEST_CASE("Every difference of an exact count is a change") {
  ChangePointOptions options;
  options.exact = true;
  const auto changes = find_change_points(
      std::vector<double>{1000, 1000, std::numeric_limits<double>::quiet_NaN(), 1001, 1001}, options);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].index == 3);
  CHECK(changes[0].effect == 1);
  CHECK(changes[0].p_value == 0);
  CHECK(changes[0].level == ChangeLevel::kAlert);
}

TEST_CASE("A p-value beyond the permutations is that of many more") {
  const std::vector<double> values = simulate_nights({NightNoise::kGaussian, 65, NightStep{60, 2.5}}, 102);
  internal::SplitOptions options;
  const double of_tail = internal::largest_split(values, options).p_value;
  options.permutations = 100'000;
  options.enough = 100'000;
  options.seed = 2;
  const double counted = internal::largest_split(values, options).p_value;
  CHECK(of_tail < counted * 10);
  CHECK(of_tail > counted / 10);
  // However far apart: three of seven values are chosen by chance once in 35.
  CHECK(internal::largest_split(std::vector<double>{0, 0, 0, 0, 9, 9, 9}, {}).p_value >= 1.0 / 35);
}

TEST_CASE("Noise swings where it is louder in some nights than in others") {
  const auto mean_swing = [](NightNoise noise) {
    double sum = 0;
    for (uint64_t seed = 0; seed < 20; ++seed) {
      std::vector<double> nights = simulate_nights({noise, 365, {}}, 700 + seed);
      for (double& value : nights) value -= 100;
      sum += internal::noise_swing(nights) / 20;
    }
    return sum;
  };
  CHECK(mean_swing(NightNoise::kGaussian) < 0.03);
  CHECK(mean_swing(NightNoise::kSpiky) < 0.1);
  CHECK(mean_swing(NightNoise::kHeteroscedastic) > 0.4);
  CHECK(mean_swing(NightNoise::kHeteroscedastic) < 0.8);
  CHECK(internal::noise_swing({}) == 0);
  CHECK(internal::noise_swing(std::vector<double>(50, 0.0)) == 0);
  CHECK(internal::noise_swing(std::vector<double>(50, 1e9)) == 0);
}

// Histories without a change that both voters take for one; the seeds are those of a search for such.
TEST_CASE("Correlated nights of a short history, and loud ones of noise that swings, are no change") {
  struct Night {
    uint64_t seed = 0;
    std::size_t nights = 0;
  };
  const auto alerts = [](NightNoise noise, const Night& night) {
    const std::vector<double> values = simulate_nights({noise, night.nights, {}}, night.seed);
    const auto changes = find_change_points(values, only_alerts());
    return std::any_of(changes.begin(), changes.end(),
                       [](const ChangePoint& change) { return change.level == ChangeLevel::kAlert; });
  };
  for (const Night& night : {Night{101000525, 44}, {101000655, 42}, {101000726, 38}, {101000806, 47}})
    CHECK_FALSE(alerts(NightNoise::kCorrelated, night));
  for (const Night& night : {Night{101000306, 257}, {101000313, 229}, {101000314, 334}, {101000395, 345}})
    CHECK_FALSE(alerts(NightNoise::kHeteroscedastic, night));
}

TEST_CASE("Noise alone hardly ever alerts") {
  int alerts = 0;
  for (const NightNoise noise : kNightNoises) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      for (const ChangePoint& change :
           find_change_points(simulate_nights({noise, 200, {}}, 400 + seed), only_alerts())) {
        alerts += change.level == ChangeLevel::kAlert && change.p_value <= 0.05 / 300 ? 1 : 0;
      }
    }
  }
  CHECK(alerts == 0);
}

}  // namespace
}  // namespace slmrig::analyse
