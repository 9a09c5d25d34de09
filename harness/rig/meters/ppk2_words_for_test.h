// For tests: the constants of a real unit as it prints them, and streams of its words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/rig/meters/ppk2_protocol.h"

namespace slmrig::rig {

// Unit A: ppk2-rs prints it with fewer decimals than the unit itself.
inline std::string ppk2_metadata_a() {
  return "Calibrated: 0\nR0: 1003.3506\nR1: 101.5865\nR2: 10.3027\nR3: 0.9636\nR4: 0.0564\n"
         "GS0: 0.0000\nGS1: 112.7890\nGS2: 18.0115\nGS3: 2.4217\nGS4: 0.0729\n"
         "GI0: 1.0000\nGI1: 0.9695\nGI2: 0.9609\nGI3: 0.9519\nGI4: 0.9582\n"
         "O0: 112.9420\nO1: 75.4627\nO2: 64.6020\nO3: 50.4983\nO4: 87.2177\n"
         "VDD: 3000\nHW: 9173\nmode: 2\n"
         "S0: 0.000000048\nS1: 0.000000596\nS2: 0.000005281\nS3: 0.000062577\nS4: 0.002940743\n"
         "I0: -0.000000104\nI1: -0.000001443\nI2: 0.000036439\nI3: -0.000374119\nI4: -0.009388455\n"
         "UG0: 1.00\nUG1: 1.00\nUG2: 1.00\nUG3: 1.00\nUG4: 1.00\nIA: 56\nEND\n";
}

inline uint32_t ppk2_word(uint32_t range, uint32_t code, uint32_t counter, uint32_t lines = 0) {
  return code | range << 14U | (counter & 63U) << 18U | lines << 24U;
}

inline std::vector<uint8_t> ppk2_bytes(const std::vector<uint32_t>& words) {
  std::vector<uint8_t> bytes;
  for (const uint32_t word : words) {
    for (unsigned i = 0; i < 4; ++i) bytes.push_back(static_cast<uint8_t>(word >> 8 * i));
  }
  return bytes;
}

}  // namespace slmrig::rig
