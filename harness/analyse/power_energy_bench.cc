// Energies against a simulated meter whose truth is known: random generations, and errors drawn from the
// distributions that the uncertainty budget assumes. And how fast samples become energies.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>

#include "harness/analyse/energy_simulation.h"

namespace slmrig::analyse {

namespace {

double uniform(std::mt19937_64& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

base::Energy measure(const Simulation& simulation) {
  EnergyPass pass(simulation.inputs);
  for (const base::PowerSamples& block : simulation.blocks) pass.add(block);
  return pass.finish();
}

const base::PhaseEnergy& phase_of(const base::Energy& energy, base::EnergyPhase phase) {
  return *std::find_if(energy.phases.begin(), energy.phases.end(),
                       [&](const base::PhaseEnergy& each) { return each.phase == phase; });
}

SimulatedBoard random_board(std::mt19937_64& random) {
  SimulatedBoard board;
  board.idle_ua = std::exp(uniform(random, std::log(20), std::log(4'000)));
  board.prefill_ua = uniform(random, 8'000, 45'000);
  board.decode_ua = uniform(random, 6'000, 35'000);
  board.pulse_ua = uniform(random, 0, 9'000);
  board.pulse_share = uniform(random, 0.05, 0.6);
  board.supply_mv = uniform(random, 1'800, 3'600);
  return board;
}

struct Worst {
  double phase = 0;       // relative, of phases of 100 ms and more
  double token = 0;       // of tokens of 5 ms and more
  int64_t tokens = 0;     // that were told
  int64_t refused = 0;    // generations whose tokens were refused
  int64_t misjudged = 0;  // refused though edges are fine, or told though they are not
  int64_t doubted = 0;
};

void compare(const Simulation& simulation, Worst& worst) {
  const base::Energy energy = measure(simulation);
  worst.doubted += energy.doubts.empty() ? 0 : 1;
  for (std::size_t i = 0; i < energy.generations.size(); ++i) {
    const base::GenerationEnergy& found = energy.generations[i];
    const GenerationTruth& truth = simulation.truth[i];
    const double token_s = truth.decode.seconds / static_cast<double>(truth.token_net_uj.size() - 1);
    // An edge is known to one sample period. Near the limit either answer is right.
    const bool must_refuse = token_s < 90e-6;
    const bool must_tell = token_s > 120e-6;
    const bool refused = found.token_net_uj.empty();
    if ((must_refuse && !refused) || (must_tell && refused)) ++worst.misjudged;
    if (refused) {
      ++worst.refused;
      continue;
    }
    for (std::size_t t = 0; t < found.token_net_uj.size(); ++t) {
      if (t > 0 && token_s < 5e-3) continue;
      ++worst.tokens;
      worst.token = std::max(worst.token, std::abs(found.token_net_uj[t] / truth.token_net_uj[t] - 1));
    }
    if (truth.prefill.seconds >= 0.1) {
      worst.phase = std::max(worst.phase, std::abs(found.token_net_uj[0] / truth.prefill.net_uj - 1));
    }
    if (truth.decode.seconds >= 0.1) {
      double decode_uj = 0;
      for (std::size_t t = 1; t < found.token_net_uj.size(); ++t) decode_uj += found.token_net_uj[t];
      worst.phase = std::max(worst.phase, std::abs(decode_uj / truth.decode.net_uj - 1));
    }
  }
  for (const auto& [phase, truth] : {std::pair(base::EnergyPhase::kPrefill, simulation.prefill),
                                     std::pair(base::EnergyPhase::kDecode, simulation.decode)}) {
    if (truth.seconds < 0.1) continue;
    worst.phase = std::max(worst.phase, std::abs(phase_of(energy, phase).net_uj / truth.net_uj - 1));
  }
}

// Only the meter's grid, its noise and a few lost samples are between it and the truth.
void energy_against_truth(benchmark::State& state) {
  constexpr int kCaptures = 250;
  constexpr int kGenerations = 4;
  Worst worst;
  for (auto unused : state) {
    static_cast<void>(unused);
    std::mt19937_64 random(20260101);
    worst = {};
    for (int capture = 0; capture < kCaptures; ++capture) {
      std::vector<SimulatedGeneration> generations;
      for (int i = 0; i < kGenerations; ++i) {
        SimulatedGeneration generation;
        generation.prompt = static_cast<uint32_t>(i);
        generation.prefill_s = uniform(random, 0.05, 0.4);
        // A few are too fast for the meter.
        const double token_s =
            i == 0 && capture % 5 == 0 ? uniform(random, 40e-6, 200e-6) : uniform(random, 3e-3, 30e-3);
        generation.token_s.assign(1 + random() % 16, token_s);
        generations.push_back(std::move(generation));
      }
      MeterErrors errors;
      errors.noise_ua = uniform(random, 0, 40);
      errors.loss_rate = 2e-5;
      compare(simulate(random_board(random), generations, errors, random), worst);
    }
  }
  state.counters["generations"] = kCaptures * kGenerations;
  state.counters["phase_worst"] = worst.phase;
  state.counters["token_worst"] = worst.token;
  state.counters["tokens"] = static_cast<double>(worst.tokens);
  state.counters["refused"] = static_cast<double>(worst.refused);
  state.counters["misjudged"] = static_cast<double>(worst.misjudged);
  state.counters["doubted"] = static_cast<double>(worst.doubted);
}

// A draw of everything the budget speaks of, from the distributions that it assumes.
struct Draw {
  SimulatedBoard board;
  std::vector<SimulatedGeneration> generations;
  MeterErrors errors;
  double repeats_share = 0;
};

constexpr uint32_t kPrompts = 3;
constexpr uint32_t kRepeats = 4;

Draw draw(std::mt19937_64& random) {
  Draw result;
  SimulatedBoard& board = result.board;
  board = random_board(random);
  board.idle_drift = std::normal_distribution<double>(0, 0.01)(random);
  board.idle_place = uniform(random, 0, 1);
  const base::MeterFacts meter = simulated_meter();
  for (std::size_t r = 0; r < meter.ranges.size(); ++r) {
    result.errors.gain[r] = uniform(random, -1, 1) * meter.ranges[r].gain_half_width;
    result.errors.offset_ua[r] = uniform(random, -1, 1) * meter.ranges[r].offset_ua;
  }
  result.errors.voltage = uniform(random, -1, 1) * meter.voltage_half_width;
  result.errors.drop_share = uniform(random, -1, 1);
  result.errors.clock = uniform(random, -50e-6, 50e-6);
  result.errors.noise_ua = uniform(random, 0, 400);
  result.errors.loss_rate = uniform(random, 0, 6e-5);
  result.errors.switching_share = uniform(random, -1, 1);
  result.repeats_share = uniform(random, 0, 0.004);
  std::normal_distribution<double> normal;
  for (uint32_t prompt = 0; prompt < kPrompts; ++prompt) {
    SimulatedGeneration generation;
    generation.prompt = prompt;
    generation.prefill_s = uniform(random, 0.04, 0.12);
    generation.token_s.assign(4 + random() % 6, uniform(random, 4e-3, 12e-3));
    for (uint32_t repeat = 0; repeat < kRepeats; ++repeat) {
      generation.scale = 1 + result.repeats_share * normal(random);
      result.generations.push_back(generation);
    }
  }
  return result;
}

struct Known {
  double factor = 1;    // that a comparison by the same unit cancels: what is measured over what is true
  double facts_uj = 0;  // the expanded uncertainty by the formulas, from what is known of the simulation
};

double squared(double value) { return value * value; }

// The budget once more, from the true load and not from samples: u1 with idle in a range of its own or the
// same one, u2, u3 with the shunt's drop, u4 to u8 and u10, u11 as they are drawn.
Known known_of(const Draw& draw, const PhaseTruth& truth, bool is_prefill) {
  const base::MeterFacts meter = simulated_meter();
  const SimulatedBoard& board = draw.board;
  const double volts = board.supply_mv * 1e-3;
  const double active_ua =
      is_prefill ? board.prefill_ua : board.decode_ua + board.pulse_ua * board.pulse_share;
  const double square_ua2 = is_prefill ? squared(board.prefill_ua)
                                       : squared(board.decode_ua) * (1 - board.pulse_share) +
                                             squared(board.decode_ua + board.pulse_ua) * board.pulse_share;
  const std::size_t range = simulated_range(board.decode_ua);
  const std::size_t idle_range = simulated_range(board.idle_ua);
  // The formulas speak of energies as they are measured.
  const double gross_uj = active_ua * volts * truth.seconds * (1 + draw.errors.gain[range]);
  const double idle_uj = board.idle_ua * volts * truth.seconds * (1 + draw.errors.gain[idle_range]);
  const double samples = truth.seconds * meter.sample_rate_hz;
  const double parts = kPrompts * kRepeats;
  double variance = 0;
  const auto rectangular = [&](double half_width) { variance += squared(half_width) / 3; };
  const double gain = meter.ranges[range].gain_half_width;
  const bool same = range == idle_range;
  rectangular(gain * (same ? gross_uj - idle_uj : gross_uj));
  if (!same) {
    rectangular(meter.ranges[idle_range].gain_half_width * idle_uj);
    rectangular(meter.ranges[range].offset_ua * volts * truth.seconds);
    rectangular(meter.ranges[idle_range].offset_ua * volts * truth.seconds);
  }
  rectangular(meter.voltage_half_width * (gross_uj - idle_uj));
  rectangular(square_ua2 * meter.ranges[range].shunt_ohm * 1e-6 * truth.seconds);
  rectangular(50e-6 * gross_uj);
  const double step_uw = (active_ua - board.idle_ua) * volts;
  const double period_s = 1 / meter.sample_rate_hz;
  variance += 2 * parts * squared(step_uw * period_s) / 12;
  variance += squared(draw.errors.noise_ua * volts * period_s) * samples;
  variance += squared(draw.repeats_share * gross_uj) / parts;
  rectangular(is_prefill && !same ? parts * 2.0438 * step_uw * period_s : 0);
  variance += squared(board.idle_drift * idle_uj) / 12;

  Known known;
  known.facts_uj = 2 * std::sqrt(variance);
  const double drop = draw.errors.drop_share * meter.ranges[range].shunt_ohm * board.decode_ua * 1e-6 / volts;
  known.factor =
      (1 + draw.errors.gain[range]) / ((1 + draw.errors.voltage) * (1 + drop) * (1 + draw.errors.clock));
  return known;
}

void uncertainty_against_truth(benchmark::State& state) {
  constexpr int kDraws = 1000;
  double comparative = 0;
  double absolute = 0;
  double cases = 0;
  double ratio_sum = 0;
  double ratio_worst = 0;
  for (auto unused : state) {
    static_cast<void>(unused);
    std::mt19937_64 random(7);
    comparative = absolute = cases = ratio_sum = ratio_worst = 0;
    for (int i = 0; i < kDraws; ++i) {
      const Draw drawn = draw(random);
      const Simulation simulation = simulate(drawn.board, drawn.generations, drawn.errors, random);
      const base::Energy energy = measure(simulation);
      for (const bool is_prefill : {true, false}) {
        const base::PhaseEnergy& found =
            phase_of(energy, is_prefill ? base::EnergyPhase::kPrefill : base::EnergyPhase::kDecode);
        const PhaseTruth& truth = is_prefill ? simulation.prefill : simulation.decode;
        const Known known = known_of(drawn, truth, is_prefill);
        const double error = found.net_uj - truth.expected_net_uj;
        const double compared = found.net_uj - known.factor * truth.expected_net_uj;
        absolute += std::abs(error) <= found.expanded_uncertainty_uj ? 1 : 0;
        comparative += std::abs(compared) <= found.comparative_uncertainty_uj ? 1 : 0;
        const double ratio = found.expanded_uncertainty_uj / known.facts_uj;
        ratio_sum += ratio;
        ratio_worst = std::max(ratio_worst, ratio);
        cases += 1;
      }
    }
  }
  state.counters["draws"] = kDraws;
  state.counters["comparative"] = comparative / cases;
  state.counters["comparative_missed"] = 1 - comparative / cases;
  state.counters["absolute"] = absolute / cases;
  state.counters["of_formulas"] = ratio_sum / cases;
  state.counters["of_formulas_worst"] = ratio_worst;
}

void samples_to_energy(benchmark::State& state) {
  std::mt19937_64 random(3);
  MeterErrors errors;
  errors.noise_ua = 50;
  std::vector<SimulatedGeneration> generations;
  for (uint32_t i = 0; i < 10; ++i) generations.push_back({i, 0.5, std::vector<double>(20, 0.02)});
  const Simulation simulation = simulate({}, generations, errors, random);
  int64_t samples = 0;
  for (auto unused : state) {
    static_cast<void>(unused);
    const base::Energy energy = measure(simulation);
    benchmark::DoNotOptimize(energy.phases.data());
    samples += simulation.samples;
  }
  state.counters["samples/s"] = benchmark::Counter(static_cast<double>(samples), benchmark::Counter::kIsRate);
}

BENCHMARK(energy_against_truth)->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(uncertainty_against_truth)->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(samples_to_energy)->Unit(benchmark::kMillisecond);

}  // namespace

}  // namespace slmrig::analyse

BENCHMARK_MAIN();
