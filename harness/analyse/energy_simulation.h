// A power meter on a board whose true energy is known, for tests and benchmarks of the analysis. Tests only.
//
// Power is piecewise constant in continuous time; the meter takes instantaneous samples on its own grid, with
// the errors that it is given, so its edges fall anywhere between samples. It shares no code with what it
// tests.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "harness/analyse/energy.h"

namespace slmrig::analyse {

// What is wrong with this meter. Everything zero: only its grid is between it and the truth.
struct MeterErrors {
  std::array<double, 5> gain = {};       // by range, relative
  std::array<double, 5> offset_ua = {};  // by range
  double voltage = 0;                    // the supply is off its set-point by this, relative
  double drop_share = 0;                 // share of I R of the range's shunt that the supply drops (or gains)
  double clock = 0;                      // its sample period is off by this, relative
  double noise_ua = 0;                   // of a sample, standard deviation
  double loss_rate = 0;                  // gaps a sample
  int longest_gap = 20;
  double switching_share =
      0;  // error beside a change of range, as a share of what the spike filter changes there
};

struct SimulatedBoard {
  double idle_ua = 2'000;
  double idle_drift = 0;    // relative, from before to after
  double idle_place = 0.5;  // of the drift while generations run
  double idle_s = 0.3;      // before and after
  double load_s = 0;        // before all of that
  double prefill_ua = 24'000;
  double decode_ua = 20'000;
  double pulse_ua = 6'000;   // more, in the first part of each token
  double pulse_share = 0.3;  // of a token
  double supply_mv = 3300;
};

struct SimulatedGeneration {
  uint32_t prompt = 0;
  double prefill_s = 0.12;
  std::vector<double> token_s;  // of decode
  double scale = 1;             // of its power: what differs from one repeat to the next
};

struct PhaseTruth {
  double net_uj = 0;
  double expected_net_uj = 0;  // as net_uj, with scale = 1
  double seconds = 0;
};

struct GenerationTruth {
  PhaseTruth prefill;
  PhaseTruth decode;
  std::vector<double> token_net_uj;  // [0] the prefill
};

struct Simulation {
  std::vector<base::PowerSamples> blocks;
  EnergyInputs inputs;
  std::vector<GenerationTruth> truth;
  PhaseTruth prefill;
  PhaseTruth decode;
  int64_t samples = 0;
  int64_t lost = 0;
};

// A PPK2 as its maker states it: five ranges, 100 kS/s.
base::MeterFacts simulated_meter();
std::size_t simulated_range(double current_ua);

Simulation simulate(const SimulatedBoard& board, const std::vector<SimulatedGeneration>& generations,
                    const MeterErrors& errors, std::mt19937_64& random);

}  // namespace slmrig::analyse
