// Kernels on emulated Cortex-M boards give the plain kernels' bits, at the cost that they promise.
#include "workloads/runtime/probe/probe.h"

#include <catch2/catch.hpp>

#include <cstdio>
#include <map>
#include <string>

#include "workloads/runtime/probe/emulated_test.h"

namespace slmrig::runtime {
namespace {

using probe::CaseResult;

std::string hex(uint32_t value) {
  char text[9];
  std::snprintf(text, sizeof(text), "%08x", value);
  return text;
}

struct Limit {
  const char* name;
  double instructions_per_mac;
};

void check_board(const std::string& cpu, const std::vector<Limit>& limits) {
  std::string output;
  const std::map<std::string, CaseResult> results = run_cases(probe::emulated_board(cpu), &output);
  INFO(output);
  uint32_t count = 0;
  const probe::Case* cases = probe::cases(&count);
  REQUIRE(results.size() == count);
  for (uint32_t i = 0; i < count; ++i) {
    INFO(cpu << " " << cases[i].name);
    cases[i].prepare();
    cases[i].run(plain_kernels());
    CHECK(results.at(cases[i].name).hash == hex(cases[i].result()));
  }
  for (const Limit& limit : limits) {
    const CaseResult& result = results.at(limit.name);
    INFO(cpu << " " << limit.name << ": " << result.instructions / result.macs
             << " instructions for each multiply-accumulate");
    CHECK(result.instructions / result.macs <= limit.instructions_per_mac);
  }
}

const std::vector<Limit> kDspLimits = {{"q8_0_decode", 1.45},   {"q4_0_decode", 1.75}, {"tq2_0_decode", 1.6},
                                       {"iq4_nl_decode", 1.86}, {"nf4_decode", 1.83},  {"q4_0_prefill", 1.39},
                                       {"iq4_nl_prefill", 1.6}, {"nf4_prefill", 1.59}, {"f16_scores", 3.6},
                                       {"f16_mix", 3.45},       {"int8_scores", 5.05}, {"int8_mix", 5.0}};

TEST_CASE("Cortex-M0+ runs the plain kernels with a host's bits") { check_board("cortex-m0plus", {}); }

TEST_CASE("Cortex-M3 runs the plain kernels with a host's bits") { check_board("cortex-m3", {}); }

TEST_CASE("Cortex-M4 kernels have the plain kernels' bits") { check_board("cortex-m4", kDspLimits); }

TEST_CASE("Cortex-M33 kernels have the plain kernels' bits") { check_board("cortex-m33", kDspLimits); }

TEST_CASE("Cortex-M55 kernels have the plain kernels' bits") {
  check_board("cortex-m55", {{"q8_0_decode", 0.40},
                             {"q4_0_decode", 0.42},
                             {"tq2_0_decode", 0.42},
                             {"scores", 1.45},
                             {"mix", 1.2},
                             {"f16_scores", 1.75},
                             {"f16_mix", 1.2},
                             {"int8_scores", 1.75},
                             {"int8_mix", 1.55}});
}

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
