// What looking for changes every night costs and finds, over simulated nights whose truth is known: 300
// series (10 boards of 30) of 365 nights. Thresholds were set with other seeds than the ones here.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

#include "harness/analyse/change_points.h"
#include "harness/analyse/false_discovery.h"
#include "harness/analyse/internal/random.h"
#include "harness/analyse/night_simulation.h"

namespace slmrig::analyse {

namespace {

constexpr uint64_t kSeed = 20261122;
constexpr std::size_t kSeries = 300;
constexpr std::size_t kSeriesOfABoard = 30;
constexpr std::size_t kNights = 365;
constexpr double kFalseDiscoveryRate = 0.05;
constexpr std::size_t kSameChange = 5;   // nights by which a change may move and still be the same
constexpr std::size_t kFirstStep = 40;   // nights of history before a step
constexpr std::size_t kOnsetNights = 1;  // by which a step of 4 sigma may be misplaced
constexpr std::size_t kStillIt = 5;      // the same for 2 sigma, whose onset nobody asks for

ChangePointOptions alerts_only() {
  ChangePointOptions options;
  options.watch = false;
  return options;
}

std::size_t apart(std::size_t a, std::size_t b) { return a > b ? a - b : b - a; }

uint64_t seed_of(NightNoise noise, std::size_t series) {
  return kSeed * 1'000'003 + static_cast<uint64_t>(noise) * 10'000 + series;
}

// Changes that were told, of all series of a rack.
class Rack {
 public:
  // One night: every series up to here is looked at, and changes that are new are judged together.
  void look(const std::vector<std::vector<double>>& series, std::size_t nights) {
    std::vector<double> p_values;
    std::vector<std::string> boards;
    std::vector<std::pair<std::size_t, std::size_t>> places;  // series, index of the change
    for (std::size_t i = 0; i < series.size(); ++i) {
      const std::string board = std::to_string(i / kSeriesOfABoard);
      const std::size_t before = places.size();
      for (const ChangePoint& change :
           find_change_points(std::span(series[i]).first(nights), alerts_only())) {
        if (change.level != ChangeLevel::kAlert || is_known(i, change.index)) continue;
        p_values.push_back(change.p_value);
        boards.push_back(board);
        places.emplace_back(i, change.index);
      }
      if (places.size() > before) continue;
      p_values.push_back(1);
      boards.push_back(board);
      places.emplace_back(i, 0);
    }
    const std::vector<double> q_values = adjusted_p_values_by_group(p_values, boards);
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (q_values[i] <= kFalseDiscoveryRate) known_.push_back(places[i]);
    }
  }

  std::size_t alerts() const { return known_.size(); }

 private:
  bool is_known(std::size_t series, std::size_t index) const {
    return std::any_of(known_.begin(), known_.end(), [&](const auto& each) {
      return each.first == series && apart(each.second, index) <= kSameChange;
    });
  }

  std::vector<std::pair<std::size_t, std::size_t>> known_;
};

void false_alerts(benchmark::State& state, NightNoise noise) {
  for (auto unused : state) {
    static_cast<void>(unused);
    std::vector<std::vector<double>> series;
    for (std::size_t i = 0; i < kSeries; ++i)
      series.push_back(simulate_nights({noise, kNights, {}}, seed_of(noise, i)));
    Rack rack;
    for (std::size_t nights = ChangePointOptions().min_points; nights <= kNights; ++nights)
      rack.look(series, nights);
    const double hundreds = static_cast<double>(kSeries * kNights) / 365 / 100;
    state.counters["alerts"] = static_cast<double>(rack.alerts());
    state.counters["a_hundred_series_years"] = static_cast<double>(rack.alerts()) / hundreds;
  }
}

// A step that is alone on its board: its p-value must stand against those of 29 series without one.
bool is_found(const std::vector<double>& values, std::size_t at, std::size_t within, std::size_t off) {
  for (std::size_t nights = 1; nights <= within; ++nights) {
    for (const ChangePoint& change :
         find_change_points(std::span(values).first(at + nights), alerts_only())) {
      if (change.level != ChangeLevel::kAlert || apart(change.index, at) > off) continue;
      if (change.p_value * static_cast<double>(kSeriesOfABoard) <= kFalseDiscoveryRate) return true;
    }
  }
  return false;
}

void steps_found(benchmark::State& state, NightNoise noise, double height, std::size_t within) {
  for (auto unused : state) {
    static_cast<void>(unused);
    internal::Random random(kSeed + static_cast<uint64_t>(noise));
    std::size_t found = 0;
    for (std::size_t i = 0; i < kSeries; ++i) {
      const std::size_t at = kFirstStep + random.below(kNights - kFirstStep - within);
      const NightStep step{at, i % 2 == 0 ? height : -height};
      const std::vector<double> values = simulate_nights({noise, kNights, step}, seed_of(noise, i + kSeries));
      found += is_found(values, at, within, within <= 5 ? kOnsetNights : kStillIt) ? 1 : 0;
    }
    state.counters["found"] = static_cast<double>(found) / static_cast<double>(kSeries);
  }
}

// One night's work, with everything that is told of it: a third of the series have a step.
void whole_analysis(benchmark::State& state) {
  std::vector<std::vector<double>> series;
  for (std::size_t i = 0; i < kSeries; ++i) {
    const NightNoise noise = kNightNoises[i % std::size(kNightNoises)];
    NightSeries wanted{noise, kNights, {}};
    if (i % 3 == 0) wanted.step = NightStep{kFirstStep + i, 4};
    series.push_back(simulate_nights(wanted, seed_of(noise, i + 2 * kSeries)));
  }
  std::size_t changes = 0;
  for (auto unused : state) {
    static_cast<void>(unused);
    changes = 0;
    for (const std::vector<double>& values : series) changes += find_change_points(values).size();
  }
  state.counters["changes"] = static_cast<double>(changes);
  state.counters["seconds"] =
      benchmark::Counter(1, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void every_noise() {
  for (const NightNoise noise : kNightNoises) {
    const std::string name(to_string(noise));
    const auto once = [](benchmark::internal::Benchmark* bench) {
      bench->Iterations(1)->Unit(benchmark::kMillisecond);
    };
    once(benchmark::RegisterBenchmark(("false_alerts/" + name).c_str(), false_alerts, noise));
    once(benchmark::RegisterBenchmark(("step_of_4_sigma_in_5_nights/" + name).c_str(), steps_found, noise,
                                      4.0, std::size_t{5}));
    once(benchmark::RegisterBenchmark(("step_of_2_sigma_in_20_nights/" + name).c_str(), steps_found, noise,
                                      2.0, std::size_t{20}));
  }
}

BENCHMARK(whole_analysis)->Unit(benchmark::kMillisecond);

}  // namespace

}  // namespace slmrig::analyse

int main(int argc, char** argv) {
  slmrig::analyse::every_noise();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
