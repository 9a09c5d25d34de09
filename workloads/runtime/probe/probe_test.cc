// Kernels on emulated Cortex-M boards give the plain kernels' bits, at the cost that they promise.
#include "workloads/runtime/probe/probe.h"

#include <catch2/catch.hpp>

#include <cstdio>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

namespace slmrig::runtime {
namespace {

struct Board {
  std::string name;
  double instructions_per_tick;  // at -icount shift=0: a virtual nanosecond each
};

struct Answer {
  std::string hash;
  double instructions = 0.0;
  double macs = 0.0;
};

std::map<std::string, Answer> run_on(const Board& board) {
  const std::string command = std::string("timeout 60 " SLMRIG_QEMU_ARM " -M ") + board.name +
                              " -nographic -monitor none -serial null -icount shift=0 -semihosting -kernel "
                              "'" SLMRIG_PROBE_FOLDER "/probe-" +
                              board.name + ".elf' 2>&1 < /dev/null";
  std::FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  char buffer[256];
  while (std::fgets(buffer, sizeof(buffer), pipe) != nullptr) output += buffer;
  INFO(output);
  REQUIRE(pclose(pipe) == 0);
  std::map<std::string, Answer> answers;
  std::istringstream lines(output);
  std::string name;
  Answer answer;
  double ticks = 0.0;
  while (lines >> name >> answer.hash >> ticks >> answer.macs) {
    answer.instructions = ticks * board.instructions_per_tick;
    answers[name] = answer;
  }
  return answers;
}

std::string hex(uint32_t value) {
  char text[9];
  std::snprintf(text, sizeof(text), "%08x", value);
  return text;
}

void check_board(const Board& board, double most_instructions_per_mac) {
  const std::map<std::string, Answer> answers = run_on(board);
  uint32_t count = 0;
  const probe::Case* cases = probe::cases(&count);
  REQUIRE(answers.size() == count);
  for (uint32_t i = 0; i < count; ++i) {
    INFO(board.name << " " << cases[i].name);
    cases[i].prepare();
    cases[i].run(plain_kernels());
    CHECK(answers.at(cases[i].name).hash == hex(cases[i].result()));
  }
  const Answer& decode = answers.at("q8_0_decode");
  INFO(board.name << ": " << decode.instructions / decode.macs << " instructions per multiply-accumulate");
  CHECK(decode.instructions / decode.macs < most_instructions_per_mac);
}

TEST_CASE("Cortex-M4 kernels have the plain kernels' bits") { check_board({"mps2-an386", 40.0}, 1.75); }

TEST_CASE("Cortex-M55 kernels have the plain kernels' bits") { check_board({"mps3-an547", 31.25}, 0.40); }

TEST_CASE("The best kernels of this processor have the plain kernels' bits on the probe") {
  uint32_t count = 0;
  const probe::Case* cases = probe::cases(&count);
  for (uint32_t i = 0; i < count; ++i) {
    INFO(cases[i].name);
    cases[i].prepare();
    cases[i].run(plain_kernels());
    const uint32_t plain = cases[i].result();
    cases[i].prepare();
    cases[i].run(best_kernels());
    CHECK(cases[i].result() == plain);
  }
}

}  // namespace
}  // namespace slmrig::runtime
