#include "harness/analyse/noise.h"

#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "harness/analyse/night_simulation.h"

namespace slmrig::analyse {
namespace {

struct Mean {
  double sigma = 0;
  double rho = 0;
};

Mean mean_noise(NightSeries series) {
  constexpr int kSeries = 40;
  Mean mean;
  for (int i = 0; i < kSeries; ++i) {
    const Noise noise = estimate_noise(simulate_nights(series, 100 + static_cast<uint64_t>(i)));
    mean.sigma += noise.sigma / kSeries;
    mean.rho += noise.rho / kSeries;
  }
  return mean;
}

TEST_CASE("Noise is estimated through spikes, steps and correlation") {
  NightSeries series;
  series.nights = 120;
  for (const bool stepped : {false, true}) {
    if (stepped) series.step = NightStep{70, 5};
    for (const NightNoise noise : {NightNoise::kGaussian, NightNoise::kSpiky, NightNoise::kBimodal}) {
      series.noise = noise;
      const Mean mean = mean_noise(series);
      INFO(to_string(noise) << (stepped ? " with a step" : ""));
      CHECK(mean.sigma == Approx(1).margin(0.1));
      CHECK(mean.rho < 0.1);
    }
    series.noise = NightNoise::kCorrelated;
    const Mean mean = mean_noise(series);
    INFO("correlated" << (stepped ? " with a step" : ""));
    CHECK(mean.sigma == Approx(1).margin(0.12));
    CHECK(mean.rho == Approx(0.4).margin(0.12));
  }
}

TEST_CASE("Scale and shift of a series are those of its noise") {
  std::vector<double> values = simulate_nights({NightNoise::kCorrelated, 90, {}}, 8);
  const Noise noise = estimate_noise(values);
  for (double& value : values) value = 1024 * value - 4096;
  const Noise other = estimate_noise(values);
  CHECK(other.sigma == Approx(1024 * noise.sigma));
  CHECK(other.rho == Approx(noise.rho));
}

TEST_CASE("Short, constant and missing histories have no noise") {
  const double missing = std::numeric_limits<double>::quiet_NaN();
  CHECK(estimate_noise({}).sigma == 0);
  CHECK(estimate_noise(std::vector<double>{1, 9}).sigma == 0);
  CHECK(estimate_noise(std::vector<double>(50, 7.25)).sigma_long_run == 0);
  const Noise noise = estimate_noise(std::vector<double>{1, missing, 2, 1, 2});
  CHECK(noise.count == 4);
  CHECK(noise.sigma > 0);
}

TEST_CASE("The detectable effect is the formula's") {
  // Of 40 nights before, in sigma: 4.0 after one night, 2.4 after three, 1.9 after five, 1.4 after ten.
  Detection detection;
  for (const auto& [after, effect] : {std::pair(1, 4.0), {3, 2.4}, {5, 1.9}, {10, 1.4}}) {
    detection.nights_after = static_cast<std::size_t>(after);
    CHECK(minimum_detectable_effect(1, detection) == Approx(effect).margin(0.06));
  }
  detection.nights_after = 0;
  CHECK(std::isinf(minimum_detectable_effect(1, detection)));
}

}  // namespace
}  // namespace slmrig::analyse
