// Energy of boot and load, from markers of cold starts.
#include <catch2/catch.hpp>

#include "harness/analyse/energy.h"

namespace slmrig::analyse {
namespace {

constexpr uint8_t kBootLines = kPhasePrefill << kStatePhaseShift;
constexpr uint8_t kLoadLines = kPhaseLoad << kStatePhaseShift;
constexpr float kIdleUa = 1000;
constexpr float kWorkUa = 10'000;

// 10 kS/s at 1 V, so that a sample is 0.1 ms and a microampere a microwatt.
class ColdStarts {
 public:
  ColdStarts() {
    inputs.meter.kind = "test";
    inputs.meter.sample_rate_hz = 10'000;
    inputs.meter.marker_lines = 8;
    inputs.supply_mv = 1000;
    inputs.idle_guard_ns = 1'000'000;
  }

  void put(std::size_t samples, float current_ua, uint8_t lines) {
    block_.current_ua.insert(block_.current_ua.end(), samples, current_ua);
    block_.markers.insert(block_.markers.end(), samples, lines);
  }

  // 100 ms idle, 20 ms boot, 30 ms load, 100 ms idle. `scale`: of the boot's current.
  void cold_start(float scale = 1) {
    put(1000, kIdleUa, 0);
    put(200, kWorkUa * scale, kBootLines);
    put(300, kWorkUa, kLoadLines);
    put(1000, kIdleUa, 0);
    inputs.cold_starts.push_back({20'000'000, 30'000'000});
  }

  base::Energy measure() {
    EnergyPass pass(inputs);
    pass.add(block_);
    return pass.finish();
  }

  EnergyInputs inputs;

 private:
  base::PowerSamples block_;
};

const base::PhaseEnergy& phase_of(const base::Energy& energy, base::EnergyPhase phase) {
  for (const base::PhaseEnergy& each : energy.phases) {
    if (each.phase == phase) return each;
  }
  FAIL("no phase " << base::to_string(phase));
  return energy.phases.front();
}

double repeats_of(const base::PhaseEnergy& phase) {
  for (const base::UncertaintyTerm& term : phase.terms) {
    if (term.name == "repeats") return term.standard_uj;
  }
  return -1;
}

}  // namespace

TEST_CASE("boot and load of cold starts have the energy that was put in, net of the idle around them") {
  ColdStarts cold_starts;
  cold_starts.cold_start();
  cold_starts.cold_start();
  const base::Energy energy = cold_starts.measure();
  CHECK(energy.doubts.empty());
  CHECK(energy.generations.empty());
  CHECK(energy.phases.size() == 3);
  const base::PhaseEnergy& boot = phase_of(energy, base::EnergyPhase::kBoot);
  const base::PhaseEnergy& load = phase_of(energy, base::EnergyPhase::kLoad);
  CHECK(boot.generations == 2);
  CHECK(boot.duration_ns == 40'000'000);
  CHECK(boot.gross_uj == Approx(2 * 200));
  CHECK(boot.net_uj == Approx(2 * 180));
  CHECK(load.gross_uj == Approx(2 * 300));
  CHECK(load.net_uj == Approx(2 * 270));
  CHECK(repeats_of(boot) == Approx(0).margin(1e-9));
  CHECK(energy.idle_before_uw == Approx(1000));
  CHECK(energy.idle_after_uw == Approx(1000));
}

TEST_CASE("cold starts that differ widen the uncertainty of their sum") {
  ColdStarts cold_starts;
  cold_starts.cold_start(1.0F);
  cold_starts.cold_start(1.1F);
  const base::Energy energy = cold_starts.measure();
  // Net 180 and 200 uJ: a standard deviation of 14.1 each, of the sum of two 20.
  CHECK(repeats_of(phase_of(energy, base::EnergyPhase::kBoot)) == Approx(20).epsilon(0.01));
  CHECK(repeats_of(phase_of(energy, base::EnergyPhase::kLoad)) == Approx(0).margin(1e-9));
}

TEST_CASE("boots and loads that do not agree with the board's own count are doubted") {
  SECTION("another duration") {
    ColdStarts cold_starts;
    cold_starts.cold_start();
    cold_starts.inputs.cold_starts[0].boot_ns = 40'000'000;
    const base::Energy energy = cold_starts.measure();
    REQUIRE(energy.doubts.size() == 1);
    CHECK_THAT(energy.doubts[0], Catch::Contains("boot 1: 20.000 ms") && Catch::Contains("40.000 ms"));
  }
  SECTION("one that no marker showed") {
    ColdStarts cold_starts;
    cold_starts.cold_start();
    cold_starts.inputs.cold_starts.push_back({20'000'000, 30'000'000});
    const base::Energy energy = cold_starts.measure();
    REQUIRE(energy.doubts.size() == 2);
    CHECK_THAT(energy.doubts[0], Catch::Contains("1 boots, there were 2 cold starts"));
    CHECK_THAT(energy.doubts[1], Catch::Contains("1 loads, there were 2 cold starts"));
  }
}

TEST_CASE("a restart in the middle of the generations is boot, and neither idle nor a generation") {
  ColdStarts capture;
  capture.put(1000, kIdleUa, 0);
  capture.put(500, kWorkUa, kStateActive | kBootLines);  // prefill
  capture.put(100, kIdleUa, 0);
  capture.put(200, kWorkUa, kBootLines);
  capture.put(1000, kIdleUa, 0);
  capture.inputs.expected.push_back({"p", "", 0, 1, 1, 0});
  const base::Energy energy = capture.measure();
  CHECK(phase_of(energy, base::EnergyPhase::kBoot).net_uj == Approx(180));
  CHECK(phase_of(energy, base::EnergyPhase::kPrefill).net_uj == Approx(450));
}

}  // namespace slmrig::analyse
