// How noisy a series of nights is, and which change could be seen in it at all.
//
// Everything is robust: one night in ten may be a spike, and real steps are in the series. Pure; safe from
// many threads. Values that are not finite are missing and left out.
#pragma once

#include <cstddef>
#include <span>

namespace slmrig::analyse {

struct Noise {
  std::size_t count = 0;  // finite values
  double sigma = 0;       // standard deviation of one night, 0 for a constant series
  double rho = 0;         // correlation of one night with the next, [0, 0.9]; 0 where it is not credible
  double sigma_long_run =
      0;  // sigma * sqrt((1 + rho) / (1 - rho)): what the mean of k nights has, times sqrt(k)
};

// From the differences of neighbours, begun with their MAD, so that steps and slow drift do not widen it. The
// correlation comes from differences one and several nights apart. Fewer than 3 values: all zero.
Noise estimate_noise(std::span<const double> values);

struct Detection {
  std::size_t nights_before = 40;
  std::size_t nights_after = 5;
  double alpha = 1e-3;  // one-sided
  double power = 0.8;
};

// The smallest change of level that such a test finds with that power:
// (z(1 - alpha) + z(power)) * sigma_long_run * sqrt(1 / nights_before + 1 / nights_after).
// Infinite where either count is zero.
double minimum_detectable_effect(double sigma_long_run, const Detection& detection = {});

}  // namespace slmrig::analyse
