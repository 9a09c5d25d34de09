#include "harness/gate/gate_simulation.h"

#include <array>
#include <cmath>
#include <random>

#include <fmt/format.h>
#include <boost/math/distributions/students_t.hpp>

#include "harness/analyse/noise.h"
#include "harness/analyse/percentile.h"

namespace slmrig::gate {
namespace {

using Random = std::mt19937_64;

constexpr double kMargin = 0.03;
constexpr double kTrueRate = 40;       // tokens a second
constexpr double kTokenMs = 25;        // of a token, median
constexpr double kTokenSpread = 0.01;  // from token to token, relative
constexpr double kPlannedHalfWidth = 0.01;

double uniform(Random& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

int whole(Random& random, int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); }

// Deviations of mean 0 and standard deviation 1 (spikes beside), one a session.
std::vector<double> draw_deviations(SessionNoise noise, std::size_t count, Random& random) {
  std::normal_distribution<double> gauss;
  std::vector<double> deviations;
  const double scale = noise == SessionNoise::kHeteroscedastic ? std::exp(gauss(random) * 0.4 - 0.16) : 1;
  double last = gauss(random);
  for (std::size_t i = 0; i < count; ++i) {
    constexpr double kSpikeShare = 0.05;
    constexpr double kSpike = 8;
    constexpr double kFollows = 0.4;
    double deviation = gauss(random) * scale;
    if (noise == SessionNoise::kSpiky) {
      deviation += (uniform(random, 0, 1) < kSpikeShare ? kSpike : 0) - kSpikeShare * kSpike;
    } else if (noise == SessionNoise::kAutocorrelated) {
      last = kFollows * last + std::sqrt(1 - kFollows * kFollows) * gauss(random);
      deviation = last;
    } else if (noise == SessionNoise::kBimodal) {
      constexpr double kWithin = 0.3;
      deviation =
          (uniform(random, 0, 1) < 0.5 ? -1 : 1) * std::sqrt(1 - kWithin * kWithin) + kWithin * gauss(random);
    }
    deviations.push_back(deviation);
  }
  return deviations;
}

GateSession session_of(std::size_t number) {
  GateSession session;
  session.run_id = "run";
  session.session_id = fmt::format("session-{:03}", number);
  session.bench = session.board = session.unit_id = "board";
  session.engine = "slm";
  session.model = "model";
  session.variant = "int8";
  session.started_at_ns = static_cast<int64_t>(number);
  GateCell cell;
  cell.suite = "suite";
  session.cells.push_back(std::move(cell));
  return session;
}

// Tokens of one session, slower by `factor`.
Answer tokens_of(double factor, int count, Random& random) {
  std::normal_distribution<double> gauss;
  Answer answer;
  answer.token_costs = {kTokenMs};
  for (int i = 0; i < count; ++i) {
    answer.token_costs.push_back(kTokenMs * factor * std::exp(kTokenSpread * gauss(random)));
  }
  return answer;
}

Budget budget_of(std::string_view metric, double truth, bool should_pass) {
  Budget budget;
  budget.metric = base::find_metric(metric);
  const bool at_most = budget.metric->better == base::Better::kLower;
  budget.limit.comparison = at_most ? Comparison::kAtMost : Comparison::kAtLeast;
  budget.limit.value = truth * (1 + (at_most == should_pass ? kMargin : -kMargin));
  return budget;
}

void add_history(SessionNoise noise, double spread, double truth, std::string_view metric, Random& random,
                 GateInput& input) {
  constexpr int kMostNights = 60;
  const int nights = whole(random, static_cast<int>(kLeastNights), kMostNights);
  std::vector<double> values = draw_deviations(noise, static_cast<std::size_t>(nights), random);
  for (double& value : values) value = truth * (1 + spread * value);
  HistorySpread history;
  history.of = {"board", "board", "slm", "model", "int8", "suite", "", std::string(metric)};
  history.standard_deviation = analyse::estimate_noise(values).sigma;
  history.nights = static_cast<uint32_t>(nights);
  input.spreads.push_back(std::move(history));
}

// Of the tokens of all sessions together, drawn once; sessions spread by `spread`.
double true_p95(double spread) {
  // Both spreads are small, so that the logarithms add.
  constexpr double kQuantileOf95 = 1.6448536269514722;
  return kTokenMs * std::exp(kQuantileOf95 * std::hypot(spread, kTokenSpread));
}

}  // namespace

std::string_view to_string(SessionNoise noise) {
  switch (noise) {
    case SessionNoise::kGaussian: return "gaussian";
    case SessionNoise::kSpiky: return "spiky";
    case SessionNoise::kAutocorrelated: return "autocorrelated";
    case SessionNoise::kHeteroscedastic: return "heteroscedastic";
    case SessionNoise::kBimodal: return "bimodal";
  }
  return "";
}

SimulatedGate simulated_gate(uint64_t seed) {
  Random random(seed);
  constexpr double kLeastSpread = 0.001;
  constexpr double kMostSpread = 0.06;
  SimulatedGate gate;
  gate.noise = static_cast<SessionNoise>(seed % kSessionNoises);
  gate.should_pass = whole(random, 0, 1) == 1;
  const int sessions = whole(random, 3, 10);
  const double spread = std::exp(uniform(random, std::log(kLeastSpread), std::log(kMostSpread)));
  // The p95 of a mixture is known in closed form for the Gaussian alone.
  const bool of_tokens = gate.noise == SessionNoise::kGaussian && whole(random, 0, 1) == 1;
  const std::string_view metric = of_tokens ? "token_ms_p95" : "decode_tokens_per_s";
  const double truth = of_tokens ? true_p95(spread) : kTrueRate;
  const double t = boost::math::quantile(boost::math::students_t(sessions - 1), gate.budgets.confidence);
  gate.planned_half_width = t * spread / std::sqrt(sessions);
  gate.budgets.budgets.push_back(budget_of(metric, truth, gate.should_pass));
  const int tokens = whole(random, 100, 400);
  // What is slow is a lower rate: spikes point there.
  const double direction = of_tokens ? 1 : -1;
  for (const double deviation : draw_deviations(gate.noise, static_cast<std::size_t>(sessions), random)) {
    GateSession session = session_of(gate.input.sessions.size());
    if (of_tokens) {
      session.cells[0].answers.push_back(tokens_of(1 + spread * deviation, tokens, random));
    } else {
      session.cells[0].values.push_back(
          {std::string(metric), static_cast<uint64_t>(tokens), truth * (1 + direction * spread * deviation)});
    }
    gate.input.sessions.push_back(std::move(session));
  }
  if (whole(random, 0, 1) == 1) add_history(gate.noise, spread, truth, metric, random, gate.input);
  return gate;
}

GateErrors simulate_gates(uint64_t seed, uint64_t gates, const SessionNoise* only) {
  GateErrors errors;
  constexpr uint64_t kStride = 1'000'003;
  for (uint64_t i = 0; errors.gates < gates; ++i) {
    const SimulatedGate gate = simulated_gate(seed * kStride + i);
    if (only != nullptr && gate.noise != *only) continue;
    const auto report = evaluate(gate.budgets, gate.input);
    SLMRIG_CHECK(report && report->rows.size() == 1);
    const Verdict verdict = report->rows.front().verdict;
    ++errors.gates;
    errors.should_pass += gate.should_pass ? 1 : 0;
    errors.false_fails += gate.should_pass && verdict == Verdict::kFail ? 1 : 0;
    errors.false_passes += !gate.should_pass && verdict == Verdict::kPass ? 1 : 0;
    if (gate.planned_half_width > kPlannedHalfWidth) continue;
    ++errors.planned;
    errors.decided += verdict == Verdict::kPass || verdict == Verdict::kFail ? 1 : 0;
  }
  return errors;
}

}  // namespace slmrig::gate
