#include "workloads/runtime/probe/emulated_test.h"

#include <cstdio>
#include <sstream>

namespace slmrig::runtime::probe {
namespace {

// What the probe prints; empty unless it left well.
std::string run(const EmulatedBoard& board, const std::string& more, std::string* output) {
  const std::string command = "timeout 120 " SLMRIG_QEMU_ARM " -M " + board.machine +
                              " -nographic -monitor none -serial null -icount shift=0 -semihosting -kernel "
                              "'" SLMRIG_PROBE_FOLDER "/probe-" +
                              board.cpu + ".elf' " + more + " 2>&1 < /dev/null";
  output->clear();
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  char buffer[256];
  while (std::fgets(buffer, sizeof(buffer), pipe) != nullptr) *output += buffer;
  return pclose(pipe) == 0 ? *output : std::string();
}

}  // namespace

const std::vector<EmulatedBoard>& emulated_boards() {
  static const std::vector<EmulatedBoard> boards = {
      {"cortex-m0plus", "mps2-an385", 40.0, "0x21000000"}, {"cortex-m3", "mps2-an385", 40.0, "0x21000000"},
      {"cortex-m4", "mps2-an386", 40.0, "0x21000000"},     {"cortex-m33", "mps2-an505", 50.0, "0x80000000"},
      {"cortex-m55", "mps3-an547", 31.25, "0x31000000"},
  };
  return boards;
}

const EmulatedBoard& emulated_board(const std::string& cpu) {
  for (const EmulatedBoard& board : emulated_boards()) {
    if (board.cpu == cpu) return board;
  }
  return emulated_boards().front();
}

std::map<std::string, CaseResult> run_cases(const EmulatedBoard& board, std::string* output) {
  std::istringstream lines(run(board, "", output));
  std::map<std::string, CaseResult> results;
  std::string name;
  CaseResult result;
  double ticks = 0.0;
  while (lines >> name >> result.hash >> ticks >> result.macs) {
    result.instructions = ticks * board.instructions_per_tick;
    results[name] = result;
  }
  return results;
}

std::map<int, TokenResult> run_tokens_of(const EmulatedBoard& board, const std::string& image_file,
                                         std::string* output) {
  const std::string loader =
      "-device 'loader,file=" + image_file + ",addr=" + board.image_address + ",force-raw=on'";
  std::istringstream lines(run(board, loader, output));
  std::map<int, TokenResult> results;
  int position = 0;
  TokenResult result;
  double ticks = 0.0;
  while (lines >> position >> ticks >> result.macs >> result.id) {
    result.instructions = ticks * board.instructions_per_tick;
    results[position] = result;
  }
  return results;
}

}  // namespace slmrig::runtime::probe
