// Sensors that are asked now and then, whose conversions are slower than the questions: what repeated
// readings and the host's clock leave open, against a truth that is known.
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "harness/analyse/energy.h"

namespace slmrig::analyse {
namespace {

constexpr double kIdleUw = 1e6;
constexpr double kActiveUw = 3e6;

struct Sensor {
  double conversion_s = 0.2;
  double question_s = 0.01;
  double noise_uw = 0;
  double cut_half_width_s = 0.002;
  bool tells_repeats = true;
};

// A load of tokens of equal length between two idle times, and what a sensor says of it. Each conversion is
// the mean of its time, with noise; each question gets the last one that is done.
class Scene {
 public:
  Scene(const Sensor& sensor, double idle_s, int tokens, double token_s, uint64_t seed)
      : sensor_(sensor), random_(seed), begin_s_(idle_s), end_s_(idle_s + tokens * token_s) {
    inputs_.meter.kind = "hwmon";
    inputs_.cut_half_width_ns = std::llround(sensor.cut_half_width_s * 1e9);
    // The host is wrong by one amount: it knows the board's times well, but not when they began.
    const double late_s = uniform(-sensor.cut_half_width_s, sensor.cut_half_width_s);
    cut(0, 0);
    uint8_t level = 0;
    for (int token = 0; token < tokens; ++token) {
      cut(begin_s_ + token * token_s + late_s, kStateActive | level);
      level ^= kStateToken;
    }
    cut(end_s_ + late_s, level);
    inputs_.expected = {{"p", "", 0, 10, static_cast<uint64_t>(tokens), 0}};
    total_s_ = end_s_ + idle_s;
  }

  double truth_net_uj() const { return (kActiveUw - kIdleUw) * (end_s_ - begin_s_); }

  base::Energy measure() {
    EnergyPass pass(inputs_);
    std::normal_distribution<double> noise(0, sensor_.noise_uw);
    const double phase_s = uniform(0, sensor_.conversion_s);
    int64_t last = -1;
    double reading = 0;
    for (double now = sensor_.conversion_s; now < total_s_; now += sensor_.question_s * uniform(0.8, 1.2)) {
      const auto conversion = static_cast<int64_t>((now - phase_s) / sensor_.conversion_s);
      const bool is_new = conversion != last;
      if (is_new) {
        const double done_s = phase_s + static_cast<double>(conversion) * sensor_.conversion_s;
        reading = mean_uw(done_s - sensor_.conversion_s, done_s) + noise(random_);
      }
      last = conversion;
      base::PowerSamples block;
      block.time_ns = {kStartNs + std::llround(now * 1e9)};
      block.current_ua = {static_cast<float>(reading / 5)};
      block.voltage_mv = {5000};
      if (sensor_.tells_repeats) block.flags = {is_new ? uint8_t{0} : base::kSampleRepeated};
      pass.add(block);
    }
    return pass.finish();
  }

 private:
  static constexpr int64_t kStartNs = 1'000'000'000;

  double uniform(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random_);
  }
  void cut(double at_s, uint8_t state) {
    inputs_.cuts.push_back({kStartNs + std::llround(at_s * 1e9), state});
  }
  double mean_uw(double from_s, double to_s) const {
    const double active_s = std::max(0.0, std::min(to_s, end_s_) - std::max(from_s, begin_s_));
    return kIdleUw + (kActiveUw - kIdleUw) * active_s / (to_s - from_s);
  }

  Sensor sensor_;
  std::mt19937_64 random_;
  double begin_s_;
  double end_s_;
  double total_s_ = 0;
  EnergyInputs inputs_;
};

double term_of(const base::PhaseEnergy& phase, const std::string& name) {
  for (const base::UncertaintyTerm& term : phase.terms) {
    if (term.name == name) return term.standard_uj;
  }
  return -1;
}

const base::PhaseEnergy& decode_of(const base::Energy& energy) {
  for (const base::PhaseEnergy& each : energy.phases) {
    if (each.phase == base::EnergyPhase::kDecode) return each;
  }
  FAIL("no decode");
  return energy.phases.front();
}

// Root mean square of the decode's term over many captures.
double usual_term(const Sensor& sensor, const std::string& name) {
  double squares = 0;
  constexpr int kCaptures = 200;
  for (uint64_t seed = 0; seed < kCaptures; ++seed) {
    const double term = term_of(decode_of(Scene(sensor, 3, 2, 1.0, seed).measure()), name);
    squares += term * term / kCaptures;
  }
  return std::sqrt(squares);
}

}  // namespace

TEST_CASE("readings of the same conversion count once in the uncertainty") {
  Sensor sensor;
  sensor.noise_uw = 3e5;
  // The second token: five conversions of 0.2 s in 1 s, each off by 0.3 W.
  const double expected_uj = 3e5 / std::sqrt(5.0);
  CHECK(usual_term(sensor, "sampling") == Approx(expected_uj).epsilon(0.35));
  sensor.tells_repeats = false;
  CHECK(usual_term(sensor, "sampling") < 0.6 * expected_uj);
}

TEST_CASE("uncertainties of a slow sensor and the host's clock cover the truth") {
  constexpr int kCaptures = 300;
  int covered = 0;
  double share = 0;
  for (uint64_t seed = 0; seed < kCaptures; ++seed) {
    Sensor sensor;
    sensor.conversion_s = 0.05 + 0.05 * static_cast<double>(seed % 4);
    sensor.noise_uw = 1e5 * static_cast<double>(seed % 3);
    sensor.cut_half_width_s = 0.02;
    Scene scene(sensor, 3, 1 + static_cast<int>(seed % 5), 1.0, seed);
    const base::Energy energy = scene.measure();
    const base::GenerationEnergy& found = energy.generations.at(0);
    covered += std::abs(found.net_uj - scene.truth_net_uj()) <= found.comparative_uncertainty_uj ? 1 : 0;
    share += found.comparative_uncertainty_uj / scene.truth_net_uj() / kCaptures;
  }
  CHECK(covered >= 0.95 * kCaptures);
  CHECK(share < 0.25);  // and are not merely huge
}

TEST_CASE(
    "tokens by the host's clock are told where they last ten times as long as their edges are uncertain") {
  Sensor sensor;
  sensor.conversion_s = 0.05;
  // Edges: 2 x (2 + 25) ms.
  const base::Energy fast = Scene(sensor, 2, 4, 0.5, 1).measure();
  CHECK_THAT(fast.generations.at(0).tokens_refused, Catch::Contains("edges are uncertain by 5"));
  CHECK(fast.generations.at(0).token_net_uj.empty());
  const base::Energy slow = Scene(sensor, 2, 4, 0.6, 1).measure();
  CHECK(slow.generations.at(0).tokens_refused.empty());
  REQUIRE(slow.generations.at(0).token_net_uj.size() == 4);
  for (const double net_uj : slow.generations.at(0).token_net_uj) {
    CHECK(net_uj == Approx((kActiveUw - kIdleUw) * 0.6).epsilon(0.1));
  }
}

}  // namespace slmrig::analyse
