// How often a gate is wrong, over simulated gates of known truth. No times: counts.
#include <benchmark/benchmark.h>

#include "harness/gate/gate_simulation.h"

namespace slmrig::gate {
namespace {

constexpr uint64_t kSeed = 2026;  // another than any that something was chosen by
constexpr uint64_t kGates = 10'000;

void report(const GateErrors& errors, benchmark::State& state) {
  const auto share = [](uint64_t part, uint64_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
  };
  state.counters["false_fail"] = share(errors.false_fails, errors.should_pass);
  state.counters["false_pass"] = share(errors.false_passes, errors.gates - errors.should_pass);
  state.counters["decided"] = share(errors.decided, errors.planned);
  state.counters["planned"] = static_cast<double>(errors.planned);
  state.SetLabel("budgets 3 % from the truth; decided: where the planned half-width is 1 % or less");
  state.SetIterationTime(0);
}

void gate_errors(benchmark::State& state) {
  for (auto _ : state) report(simulate_gates(kSeed, kGates), state);
}
BENCHMARK(gate_errors)->Iterations(1)->UseManualTime();

void gate_errors_by_noise(benchmark::State& state, SessionNoise noise) {
  for (auto _ : state) report(simulate_gates(kSeed, kGates / kSessionNoises, &noise), state);
}
BENCHMARK_CAPTURE(gate_errors_by_noise, gaussian, SessionNoise::kGaussian)->Iterations(1)->UseManualTime();
BENCHMARK_CAPTURE(gate_errors_by_noise, spiky, SessionNoise::kSpiky)->Iterations(1)->UseManualTime();
BENCHMARK_CAPTURE(gate_errors_by_noise, autocorrelated, SessionNoise::kAutocorrelated)
    ->Iterations(1)
    ->UseManualTime();
BENCHMARK_CAPTURE(gate_errors_by_noise, heteroscedastic, SessionNoise::kHeteroscedastic)
    ->Iterations(1)
    ->UseManualTime();
BENCHMARK_CAPTURE(gate_errors_by_noise, bimodal, SessionNoise::kBimodal)->Iterations(1)->UseManualTime();

}  // namespace
}  // namespace slmrig::gate

BENCHMARK_MAIN();
