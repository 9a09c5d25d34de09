// Series of nights whose truth is known: for tests and benchmarks of what looks for changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace slmrig::analyse {

enum class NightNoise {
  kGaussian,
  kSpiky,            // Gaussian; 5 % of the nights are 4 to 20 sigma higher (something else ran on the board)
  kCorrelated,       // AR(1) with rho = 0.4
  kHeteroscedastic,  // sigma swings between 0.5 and 1.5 in some 60 nights
  kBimodal,          // one night in three lies in a second mode, three narrow sigma higher
};
inline constexpr NightNoise kNightNoises[] = {NightNoise::kGaussian, NightNoise::kSpiky,
                                              NightNoise::kCorrelated, NightNoise::kHeteroscedastic,
                                              NightNoise::kBimodal};
std::string_view to_string(NightNoise noise);

struct NightStep {
  std::size_t at = 0;  // the first night of the new level
  double height = 0;   // in sigma
};

struct NightSeries {
  NightNoise noise = NightNoise::kGaussian;
  std::size_t nights = 365;
  std::optional<NightStep> step;
};

// Values around 100; sigma, the standard deviation of a night (without spikes), is 1. The same seed gives the
// same noise with and without a step.
std::vector<double> simulate_nights(const NightSeries& series, uint64_t seed);

}  // namespace slmrig::analyse
