// From samples with a known truth to energies: markers, host's cuts, losses, uncertainty, reasons to doubt.
#include "harness/analyse/energy.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "harness/analyse/arrival.h"
#include "harness/analyse/energy_simulation.h"

namespace slmrig::analyse {

namespace {

std::vector<SimulatedGeneration> some_generations() {
  return {{0, 0.1503, std::vector<double>(6, 0.01001)}, {1, 0.2117, std::vector<double>(9, 0.00703)}};
}

base::Energy measure(const Simulation& simulation) {
  EnergyPass pass(simulation.inputs);
  for (const base::PowerSamples& block : simulation.blocks) pass.add(block);
  return pass.finish();
}

const base::PhaseEnergy& phase_of(const base::Energy& energy, base::EnergyPhase phase) {
  for (const base::PhaseEnergy& each : energy.phases) {
    if (each.phase == phase) return each;
  }
  FAIL("no phase " << base::to_string(phase));
  return energy.phases.front();
}

bool has(const std::vector<std::string>& doubts, const std::string& part) {
  for (const std::string& doubt : doubts) {
    if (doubt.find(part) != std::string::npos) return true;
  }
  return false;
}

double term_of(const base::PhaseEnergy& phase, const std::string& name) {
  for (const base::UncertaintyTerm& term : phase.terms) {
    if (term.name == name) return term.standard_uj;
  }
  return -1;
}

}  // namespace

TEST_CASE("phases, generations and tokens have the energy that was put in") {
  std::mt19937_64 random(1);
  const Simulation simulation = simulate({}, some_generations(), {}, random);
  const base::Energy energy = measure(simulation);
  CHECK(energy.doubts.empty());
  const base::PhaseEnergy& prefill = phase_of(energy, base::EnergyPhase::kPrefill);
  const base::PhaseEnergy& decode = phase_of(energy, base::EnergyPhase::kDecode);
  CHECK(prefill.doubts.empty());
  CHECK(prefill.net_uj == Approx(simulation.prefill.net_uj).epsilon(3e-4));
  CHECK(decode.net_uj == Approx(simulation.decode.net_uj).epsilon(3e-4));
  CHECK(prefill.generations == 2);
  CHECK(prefill.tokens == 20);
  CHECK(decode.tokens == 15);
  CHECK(decode.peak_uw == Approx(26'000 * 3.3));
  CHECK(prefill.mean_uw == Approx(24'000 * 3.3).epsilon(1e-6));
  CHECK(prefill.charge_uc * 3.3 == Approx(prefill.gross_uj));
  CHECK(prefill.duration_ns == Approx(simulation.prefill.seconds * 1e9).epsilon(1e-4));
  CHECK(phase_of(energy, base::EnergyPhase::kIdle).mean_uw == Approx(2'000 * 3.3));
  CHECK(energy.idle_before_uw == Approx(6'600));
  REQUIRE(energy.generations.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    const base::GenerationEnergy& generation = energy.generations[i];
    const GenerationTruth& truth = simulation.truth[i];
    CHECK(generation.net_uj == Approx(truth.prefill.net_uj + truth.decode.net_uj).epsilon(3e-4));
    REQUIRE(generation.token_net_uj.size() == truth.token_net_uj.size());
    for (std::size_t t = 0; t < truth.token_net_uj.size(); ++t) {
      CHECK(generation.token_net_uj[t] == Approx(truth.token_net_uj[t]).epsilon(5e-3));
    }
  }
  CHECK(energy.generations[1].start_ns == Approx(0.3e9 + 0.2103e9 + 0.06e9 - 0.05004e9).epsilon(0.05));
}

TEST_CASE("a load is a phase of its own and no generation") {
  std::mt19937_64 random(12);
  SimulatedBoard board;
  board.load_s = 0.05;
  const Simulation simulation = simulate(board, some_generations(), {}, random);
  const base::Energy energy = measure(simulation);
  CHECK(energy.doubts.empty());
  CHECK(energy.generations.size() == 2);
  const base::PhaseEnergy& load = phase_of(energy, base::EnergyPhase::kLoad);
  CHECK(load.gross_uj == Approx(24'000 * 3.3 * 0.05).epsilon(1e-3));
  CHECK(load.net_uj == Approx(22'000 * 3.3 * 0.05).epsilon(1e-3));
}

TEST_CASE("repeats that were captured one after another each have their own idle") {
  // Idle power jumps between two repeats: what ran before and after is net of its own.
  std::mt19937_64 random(13);
  SimulatedBoard board;
  Simulation first = simulate(board, some_generations(), {}, random);
  board.idle_ua = 2'400;
  const Simulation second = simulate(board, some_generations(), {}, random);
  const int64_t shift = first.samples;
  for (base::PowerSamples block : second.blocks) {
    block.first_index += shift;
    first.blocks.push_back(std::move(block));
  }
  first.inputs.expected.insert(first.inputs.expected.end(), second.inputs.expected.begin(),
                               second.inputs.expected.end());
  const base::Energy energy = measure(first);
  CHECK(energy.doubts.empty());
  CHECK(energy.generations.size() == 4);
  CHECK(energy.idle_before_uw == Approx(6'600));
  CHECK(energy.idle_after_uw == Approx(7'920));
  const base::PhaseEnergy& prefill = phase_of(energy, base::EnergyPhase::kPrefill);
  CHECK(prefill.net_uj == Approx(first.prefill.net_uj + second.prefill.net_uj).epsilon(1e-3));
  CHECK(phase_of(energy, base::EnergyPhase::kIdle).duration_ns == Approx(1.2e9).epsilon(1e-3));
}

TEST_CASE("a capture may be cut into blocks anywhere") {
  std::mt19937_64 random(2);
  MeterErrors errors;
  errors.noise_ua = 100;
  errors.loss_rate = 1e-4;
  const Simulation simulation = simulate({}, some_generations(), errors, random);
  const base::Energy whole = measure(simulation);
  EnergyPass pass(simulation.inputs);
  for (const base::PowerSamples& block : simulation.blocks) {
    // Sample by sample, with the gap before it where there is one.
    int64_t index = block.first_index;
    std::size_t gap = 0;
    while (gap < block.gaps.size() && block.gaps[gap].index == index) ++gap;
    for (std::size_t i = 0; i < block.current_ua.size(); ++i, ++index) {
      base::PowerSamples one;
      if (i > 0 && gap < block.gaps.size() && block.gaps[gap].index - block.gaps[gap].count == index) {
        index = block.gaps[gap].index;
        one.gaps.push_back(block.gaps[gap++]);
      }
      one.first_index = index;
      one.current_ua = {block.current_ua[i]};
      one.range = {block.range[i]};
      one.markers = {block.markers[i]};
      pass.add(one);
    }
  }
  const base::Energy parts = pass.finish();
  REQUIRE(parts.phases.size() == whole.phases.size());
  for (std::size_t i = 0; i < whole.phases.size(); ++i) {
    CHECK(parts.phases[i].gross_uj == Approx(whole.phases[i].gross_uj).epsilon(1e-5));
    CHECK(parts.phases[i].lost_samples == whole.phases[i].lost_samples);
    CHECK(parts.phases[i].samples == whole.phases[i].samples);
    CHECK(parts.phases[i].duration_ns == whole.phases[i].duration_ns);
  }
  int64_t lost = 0;
  for (const base::PhaseEnergy& phase : whole.phases) lost += phase.lost_samples;
  CHECK(lost > 0);
  CHECK(lost <= simulation.lost);
}

TEST_CASE("samples that were lost move nothing, and too many of them are a doubt") {
  std::mt19937_64 random(3);
  MeterErrors errors;
  errors.noise_ua = 50;
  errors.loss_rate = 2e-3;
  const Simulation simulation = simulate({}, some_generations(), errors, random);
  const base::Energy energy = measure(simulation);
  const base::PhaseEnergy& prefill = phase_of(energy, base::EnergyPhase::kPrefill);
  CHECK(prefill.net_uj == Approx(simulation.prefill.net_uj).epsilon(1e-3));
  CHECK(prefill.duration_ns == Approx(simulation.prefill.seconds * 1e9).epsilon(1e-3));
  CHECK(prefill.lost_samples > 0);
  CHECK(has(prefill.doubts, "samples were lost"));
  CHECK(term_of(phase_of(energy, base::EnergyPhase::kDecode), "gaps") > 0);
}

TEST_CASE("markers that do not add up are a doubt, and their tokens are refused") {
  std::mt19937_64 random(4);
  Simulation simulation = simulate({}, some_generations(), {}, random);
  SECTION("tokens") {
    simulation.inputs.expected[0].generated_tokens += 1;
    const base::Energy energy = measure(simulation);
    CHECK(has(energy.doubts, "the markers show 7 tokens, the board reports 8"));
    CHECK(energy.generations[0].token_net_uj.empty());
    CHECK(has({energy.generations[0].tokens_refused}, "the board reports 8"));
    CHECK_FALSE(energy.generations[1].token_net_uj.empty());
    CHECK(has(phase_of(energy, base::EnergyPhase::kDecode).doubts, "the markers show 7"));
  }
  SECTION("generations") {
    simulation.inputs.expected.pop_back();
    CHECK(has(measure(simulation).doubts, "the markers show 2 generations, 1 were asked for"));
  }
  SECTION("time") {
    simulation.inputs.expected[0].duration_ns = simulation.inputs.expected[0].duration_ns * 101 / 100;
    CHECK(has(measure(simulation).doubts, "by the meter's clock"));
  }
}

TEST_CASE("a glitch of one sample on a marker line is no edge") {
  std::mt19937_64 random(5);
  Simulation simulation = simulate({}, some_generations(), {}, random);
  for (base::PowerSamples& block : simulation.blocks) {
    for (std::size_t i = 7; i < block.markers.size(); i += 1000) block.markers[i] ^= 0x0f;
  }
  const base::Energy energy = measure(simulation);
  CHECK(energy.doubts.empty());
  CHECK(energy.generations.at(1).token_net_uj.size() == 10);
}

TEST_CASE("tokens are refused where an edge is more than a tenth of one") {
  std::mt19937_64 random(6);
  const Simulation fine = simulate({}, {{0, 0.1, std::vector<double>(5, 0.000'13)}}, {}, random);
  CHECK_FALSE(measure(fine).generations.at(0).token_net_uj.empty());
  const Simulation coarse = simulate({}, {{0, 0.1, std::vector<double>(5, 0.000'07)}}, {}, random);
  const base::Energy energy = measure(coarse);
  CHECK(energy.generations.at(0).token_net_uj.empty());
  CHECK(has({energy.generations.at(0).tokens_refused}, "more than 10 % of a token"));
  CHECK(energy.doubts.empty());
}

TEST_CASE("what the meter says of its samples is a doubt of the phase they are in") {
  std::mt19937_64 random(7);
  Simulation simulation = simulate({}, some_generations(), {}, random);
  const auto in_prefill = [](base::PowerSamples& block) -> uint8_t& {
    block.flags.resize(block.current_ua.size());
    for (std::size_t i = 2; i < block.markers.size(); ++i) {
      if ((block.markers[i] & 0x0d) == 0x05) return block.flags[i];
    }
    FAIL("no prefill in this block");
    return block.flags[0];
  };
  base::PowerSamples& block = simulation.blocks[8];  // 32,768 samples in: the first prefill
  std::string wanted;
  SECTION("saturated") {
    in_prefill(block) = base::kSampleSaturated;
    wanted = "lower bound";
  }
  SECTION("invalid") {
    in_prefill(block) = base::kSampleInvalid;
    wanted = "1 samples were invalid";
  }
  SECTION("no calibration") {
    simulation.inputs.meter.ranges[3].calibrated = false;
    wanted = "in its range 50 mA";
  }
  SECTION("chatter") {
    for (base::PowerSamples& each : simulation.blocks) {
      for (std::size_t i = 0; i < each.range.size(); ++i) {
        if ((each.markers[i] & 1) != 0 && i % 20 < 10) each.range[i] = 2;
      }
    }
    wanted = "changed its range";
  }
  SECTION("supply") {
    simulation.inputs.seen_supply_mv = 3200;
    wanted = "supply was at 3200 mV";
  }
  SECTION("temperature") {
    simulation.inputs.temperature_change_k = -7;
    wanted = "temperature changed by -7.0 K";
  }
  SECTION("rate") {
    simulation.inputs.arrival_rate_hz = 99'000;
    wanted = "samples came at 99000.0 a second";
  }
  const base::Energy energy = measure(simulation);
  const base::PhaseEnergy& prefill = phase_of(energy, base::EnergyPhase::kPrefill);
  INFO(wanted);
  CHECK(has(prefill.doubts, wanted));
  if (wanted != "changed its range") CHECK(prefill.net_uj == Approx(simulation.prefill.net_uj).epsilon(1e-3));
}

TEST_CASE("idle power that drifts, or was not measured, is a doubt") {
  std::mt19937_64 random(8);
  SimulatedBoard board;
  SECTION("drift") {
    board.idle_drift = 0.3;
    const base::Energy energy = measure(simulate(board, some_generations(), {}, random));
    CHECK(has(phase_of(energy, base::EnergyPhase::kPrefill).doubts,
              "idle power changed by 1.98 mW, from 6.6 to 8.58 mW"));
    CHECK(term_of(phase_of(energy, base::EnergyPhase::kPrefill), "baseline_drift") > 0);
  }
  SECTION("none") {
    Simulation simulation = simulate(board, some_generations(), {}, random);
    for (base::PowerSamples& block : simulation.blocks) {
      for (uint8_t& markers : block.markers) {
        if ((markers & 1) == 0) markers |= 0x0c;  // loading, all the time
      }
    }
    const base::Energy energy = measure(simulation);
    CHECK(has(energy.doubts, "no idle power was measured"));
    CHECK(phase_of(energy, base::EnergyPhase::kPrefill).net_uj ==
          phase_of(energy, base::EnergyPhase::kPrefill).gross_uj);
    CHECK(phase_of(energy, base::EnergyPhase::kLoad).net_uj > 0);
  }
}

TEST_CASE("the budget of a long window is what the formulas give by hand") {
  // PPK2, 3.3 V, 30 mA in the range of 50 mA for 10 s, idle in the same range: the offset cancels.
  UncertaintyInputs about;
  about.meter = simulated_meter();
  about.meter.voltage_half_width = 0;
  for (base::MeterRange& range : about.meter.ranges) range.shunt_ohm = 0;
  about.supply_mv = 3300;
  about.edge_half_width_s = 5e-6;
  about.time_base_half_width = 0;
  Window window;
  window.end_ns = 10'000'000'000;
  window.step_at_start_uw = window.step_at_end_uw = 100'000;
  window.sums.range_uj[3] = 990'000;
  window.sums.range_s[3] = 10;
  Measured gross{{window}, 0, 0, false};
  const Budget budget = budget_of(gross, about);
  const auto standard = [&](const std::string& name) {
    for (const Term& term : budget.terms) {
      if (term.term.name == name) return term.term.standard_uj;
    }
    return -1.0;
  };
  CHECK(standard("gain") == Approx(57'157.7).epsilon(1e-4));
  CHECK(standard("offset") == Approx(952.6).epsilon(1e-3));
  CHECK(standard("edges") == Approx(0.408).epsilon(1e-2));  // 0.1 W x 10 us / sqrt(6)
  CHECK(budget.expanded_uj == Approx(114'330).epsilon(1e-3));
  // Comparative: the offset alone, which is rectangular: 95 % of +- 1.65 mJ.
  CHECK(budget.comparative_uj == Approx(0.95 * 1650).epsilon(0.02));
}

TEST_CASE("idle in the same range takes the offset away, and its share of the gain") {
  std::mt19937_64 random(14);
  SimulatedBoard board;
  const base::Energy apart = measure(simulate(board, some_generations(), {}, random));
  board.idle_ua = 6'000;  // in the range of 50 mA, like all the rest
  const base::Energy same = measure(simulate(board, some_generations(), {}, random));
  const base::PhaseEnergy& in_another = phase_of(apart, base::EnergyPhase::kPrefill);
  const base::PhaseEnergy& in_the_same = phase_of(same, base::EnergyPhase::kPrefill);
  const double seconds = static_cast<double>(in_another.duration_ns) * 1e-9;
  const double offsets_uj = std::hypot(50.0, 5.0) * 3.3 * seconds / std::sqrt(3.0);
  CHECK(term_of(in_another, "offset") == Approx(offsets_uj).epsilon(1e-3));
  CHECK(term_of(in_the_same, "offset") < 1e-3 * offsets_uj);
  CHECK(term_of(in_the_same, "gain") == Approx(0.1 * in_the_same.net_uj / std::sqrt(3.0)).epsilon(1e-3));
  const double idle_uj = 6'600 * seconds;
  CHECK(term_of(in_another, "gain") ==
        Approx(std::hypot(0.1 * in_another.gross_uj, 0.1 * idle_uj) / std::sqrt(3.0)).epsilon(1e-3));
  CHECK(in_the_same.comparative_uncertainty_uj < 0.01 * in_another.comparative_uncertainty_uj);
}

TEST_CASE("an edge that fell among lost samples is taken to be in their middle") {
  std::mt19937_64 random(15);
  Simulation simulation = simulate({}, some_generations(), {}, random);
  // Lose 40 samples around the first edge, which is 0.3 s in.
  base::PowerSamples& block = simulation.blocks.at(30'000 / 4096);
  const auto at = static_cast<std::ptrdiff_t>(30'000 - block.first_index - 20);
  REQUIRE((block.markers[static_cast<std::size_t>(at)] & 1) == 0);
  REQUIRE((block.markers[static_cast<std::size_t>(at) + 40] & 1) == 1);
  const auto lose = [&](auto& column) { column.erase(column.begin() + at, column.begin() + at + 40); };
  lose(block.current_ua);
  lose(block.range);
  lose(block.markers);
  block.gaps.push_back({block.first_index + at + 40, 40});
  const base::Energy energy = measure(simulation);
  const base::GenerationEnergy& generation = energy.generations.at(0);
  CHECK(std::abs(generation.start_ns - 300'000'000) <= 10'000);
  CHECK(generation.net_uj ==
        Approx(simulation.truth[0].prefill.net_uj + simulation.truth[0].decode.net_uj).epsilon(2e-3));
  CHECK(term_of(phase_of(energy, base::EnergyPhase::kPrefill), "gaps") > 1);
}

TEST_CASE("intervals of normal and rectangular errors together") {
  CHECK(interval_half_width(2, 0, {}, 0.95) == Approx(1.95996 * 2).epsilon(1e-4));
  CHECK(interval_half_width(1, 4, {}, 0.95) == Approx(2.776).epsilon(1e-3));
  CHECK(interval_half_width(0, 0, {1 / std::sqrt(3.0)}, 0.95) == Approx(0.95).epsilon(5e-3));
  // Two equal rectangles make a triangle: 95 % within 2 (1 - sqrt(0.05)).
  CHECK(interval_half_width(0, 0, {1 / std::sqrt(3.0), 1 / std::sqrt(3.0)}, 0.95) ==
        Approx(2 * (1 - std::sqrt(0.05))).epsilon(5e-3));
  CHECK(interval_half_width(1, 0, {0.001}, 0.95) == Approx(1.96).epsilon(1e-3));
  CHECK(interval_half_width(0, 0, {}, 0.95) == 0);
}

TEST_CASE("without markers the host's clock cuts, and tokens are refused") {
  std::mt19937_64 random(9);
  Simulation simulation = simulate({}, some_generations(), {}, random);
  const int64_t start_ns = 5'000'000'000;
  simulation.inputs.first_sample_ns = start_ns;
  simulation.inputs.cut_half_width_ns = 5'000'000;
  double now_s = 0;
  const auto cut = [&](double seconds, uint8_t state) {
    now_s += seconds;
    simulation.inputs.cuts.push_back({start_ns + std::llround(now_s * 1e9), state});
  };
  cut(0, 0);
  cut(0.3, kStateActive);
  uint8_t token = 0;
  const std::vector<SimulatedGeneration> generations = some_generations();
  for (std::size_t i = 0; i < 2; ++i) {
    cut(simulation.truth[i].prefill.seconds, kStateActive | (token ^= kStateToken));
    for (const double seconds : generations[i].token_s) cut(seconds, kStateActive | (token ^= kStateToken));
    simulation.inputs.cuts.back().state = token;
    if (i == 0) cut(0.01, kStateActive | token);
  }
  const base::Energy energy = measure(simulation);
  CHECK(energy.doubts.empty());
  const base::PhaseEnergy& prefill = phase_of(energy, base::EnergyPhase::kPrefill);
  CHECK(prefill.net_uj == Approx(simulation.prefill.net_uj).epsilon(1e-3));
  CHECK(has({energy.generations.at(0).tokens_refused}, "edges are uncertain by 10.000 ms"));
  CHECK(term_of(prefill, "edges") > 100);
}

TEST_CASE("a meter that is asked now and then is integrated over its own times") {
  EnergyInputs inputs;
  inputs.meter.kind = "hwmon";
  inputs.cut_half_width_ns = 1'000'000;
  inputs.cuts = {
      {1'000'000'000, 0}, {3'000'000'000, kStateActive}, {4'500'000'000, 0}, {6'500'000'000, kStateOther}};
  inputs.expected = {{"p-0", "", 0, 10, 0, 1'500'000'000}};
  std::mt19937_64 random(10);
  std::uniform_int_distribution<int64_t> step(5'000'000, 15'000'000);
  EnergyPass pass(inputs);
  for (int64_t now = 900'000'000; now < 6'600'000'000; now += step(random)) {
    base::PowerSamples block;
    block.time_ns = {now};
    // A ramp while it is active: the trapezoid is exact but for its corners.
    const bool active = now > 3'000'000'000 && now < 4'500'000'000;
    block.power_uw = {};
    block.current_ua = {active ? 100'000.0F + static_cast<float>(now - 3'000'000'000) * 1e-4F : 50'000.0F};
    block.voltage_mv = {5000};
    pass.add(block);
  }
  const base::Energy energy = pass.finish();
  CHECK(energy.doubts.empty());
  const base::PhaseEnergy& prefill = phase_of(energy, base::EnergyPhase::kPrefill);
  // Mean of 100 and 250 mA at 5 V over 1.5 s, less 250 mW of idle.
  CHECK(prefill.gross_uj == Approx(1'312'500).epsilon(0.01));
  CHECK(prefill.net_uj == Approx(1'312'500 - 375'000).epsilon(0.01));
  CHECK(prefill.duration_ns == 1'500'000'000);
  CHECK(energy.generations.at(0).prefill_ns == 1'500'000'000);
  CHECK(prefill.charge_uc * 5 == Approx(prefill.gross_uj));
  CHECK(energy.idle_before_uw == Approx(250'000));
  CHECK(has({energy.generations.at(0).tokens_refused}, "no token edges"));
}

TEST_CASE("the least late arrivals tell a capture's rate and beginning") {
  std::mt19937_64 random(11);
  std::exponential_distribution<double> late_s(200);
  ArrivalFit fit(100'000);
  const double rate = 100'000 * (1 + 40e-6);
  CHECK(fit.first_sample_ns() == 0);
  for (int64_t index = 400; index < 6'000'000; index += 400) {
    fit.add(index, 7'000'000'000 + std::llround((static_cast<double>(index) / rate + late_s(random)) * 1e9));
  }
  CHECK(fit.rate_hz() == Approx(rate).epsilon(5e-6));
  CHECK(std::abs(fit.first_sample_ns() - 7'000'000'000) < 1'000'000);
}

}  // namespace slmrig::analyse
