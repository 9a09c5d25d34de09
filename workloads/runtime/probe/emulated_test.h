// Running the probe on emulated Cortex-M boards, from tests and benchmarks of the host.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace slmrig::runtime::probe {

struct EmulatedBoard {
  std::string cpu;                     // "cortex-m4": which probe
  std::string machine;                 // QEMU's name
  double instructions_per_tick = 0.0;  // at -icount shift=0: a virtual nanosecond each
  std::string image_address;           // where the probe looks for a model image
};

const std::vector<EmulatedBoard>& emulated_boards();
const EmulatedBoard& emulated_board(const std::string& cpu);

struct CaseResult {
  std::string hash;
  double instructions = 0.0;
  double macs = 0.0;
};
// By name of the case; empty when the emulator fails, with what it said in *output.
std::map<std::string, CaseResult> run_cases(const EmulatedBoard& board, std::string* output);

struct TokenResult {
  double instructions = 0.0;
  double macs = 0.0;  // with weights
  int id = 0;
};
// By position, from an image file.
std::map<int, TokenResult> run_tokens_of(const EmulatedBoard& board, const std::string& image_file,
                                         std::string* output);

}  // namespace slmrig::runtime::probe
