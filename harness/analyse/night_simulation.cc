#include "harness/analyse/night_simulation.h"

#include <cmath>
#include <numbers>

#include "harness/analyse/internal/random.h"

namespace slmrig::analyse {
namespace {

constexpr double kLevel = 100;
constexpr double kRho = 0.4;
constexpr double kSpikeShare = 0.05;
constexpr double kSwingNights = 60;
constexpr double kModeShare = 1.0 / 3;
constexpr double kModeDistance = 3;  // in sigma of one mode

class Noise {
 public:
  Noise(NightNoise kind, uint64_t seed) : kind_(kind), random_(seed), phase_(random_.uniform()) {
    state_ = random_.normal();
  }

  double night(std::size_t at) {
    switch (kind_) {
      case NightNoise::kGaussian: return random_.normal();
      case NightNoise::kSpiky: return random_.normal() + spike();
      case NightNoise::kCorrelated:
        state_ = kRho * state_ + std::sqrt(1 - kRho * kRho) * random_.normal();
        return state_;
      case NightNoise::kHeteroscedastic: {
        const double turns = static_cast<double>(at) / kSwingNights + phase_;
        // Root of the mean square of 1 + sin / 2 over a turn.
        return random_.normal() * (1 + 0.5 * std::sin(2 * std::numbers::pi * turns)) / std::sqrt(1.125);
      }
      case NightNoise::kBimodal: {
        const double mode = (random_.uniform() < kModeShare ? 1 : 0) - kModeShare;
        const double variance = 1 + kModeDistance * kModeDistance * kModeShare * (1 - kModeShare);
        return (random_.normal() + mode * kModeDistance) / std::sqrt(variance);
      }
    }
    return 0;
  }

 private:
  double spike() {
    return random_.uniform() < kSpikeShare ? 4 * std::exp(random_.uniform() * std::log(5.0)) : 0;
  }

  NightNoise kind_;
  internal::Random random_;
  double phase_;
  double state_;
};

}  // namespace

std::string_view to_string(NightNoise noise) {
  switch (noise) {
    case NightNoise::kGaussian: return "gaussian";
    case NightNoise::kSpiky: return "spiky";
    case NightNoise::kCorrelated: return "correlated";
    case NightNoise::kHeteroscedastic: return "heteroscedastic";
    case NightNoise::kBimodal: return "bimodal";
  }
  return "";
}

std::vector<double> simulate_nights(const NightSeries& series, uint64_t seed) {
  Noise noise(series.noise, seed);
  std::vector<double> values;
  values.reserve(series.nights);
  for (std::size_t at = 0; at < series.nights; ++at) {
    const bool stepped = series.step && at >= series.step->at;
    values.push_back(kLevel + noise.night(at) + (stepped ? series.step->height : 0));
  }
  return values;
}

}  // namespace slmrig::analyse
