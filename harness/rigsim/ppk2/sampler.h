// What the analogue side of a PPK2 makes of a current: range, noise, spike at switching, code, counter.
#pragma once

#include <array>
#include <cstdint>

#include "harness/rigsim/ppk2/calibration.h"

namespace slmrig::rigsim {

// How far this instrument is from a perfect one.
struct Ppk2Imperfections {
  double noise_codes = 0.7;    // standard deviation
  double switch_spike = 0.25;  // share of the current that the first sample after a switch is off
  double gain_error = 0;       // of all ranges
  uint64_t seed = 1;
};

class Ppk2Sampler {
 public:
  Ppk2Sampler(const Ppk2Constants& constants, const Ppk2Imperfections& imperfections);

  void set_supply(double supply_v);
  // The next word of the stream. The counter goes on whether or not the word is sent.
  uint32_t sample(double current_ua, uint8_t lines);
  // Samples that are taken and never sent.
  void skip(uint32_t samples) { counter_ += samples; }

 private:
  void choose_range(double current_ua);
  double noise();

  Ppk2Constants constants_;
  Ppk2Imperfections imperfections_;
  std::array<Ppk2Converter, kPpk2Ranges> converters_;
  int range_ = 0;
  double spike_ = 0;  // as a share of the current, halved with each sample
  uint32_t counter_ = 0;
  uint64_t random_;
};

}  // namespace slmrig::rigsim
