// Energy by windows of repeated generations.
#include <catch2/catch.hpp>

#include "harness/analyse/energy.h"
#include "harness/analyse/energy_simulation.h"

namespace slmrig::analyse {
namespace {

base::EnergyWindow window_of(uint32_t generations, double net_uj, int64_t duration_ns) {
  return {generations, duration_ns, net_uj * 1.1, net_uj, 0.1 * net_uj, 0.01 * net_uj};
}

}  // namespace

TEST_CASE("generations are summed up by their windows") {
  std::mt19937_64 random(5);
  std::vector<SimulatedGeneration> generations;
  for (int i = 0; i < 6; ++i) {
    generations.push_back({0, 0.15, std::vector<double>(5, 0.01)});
    generations.back().scale = i < 2 ? 1.0 : 1.1;
  }
  Simulation simulation = simulate({}, generations, {}, random);
  simulation.inputs.windows = 3;
  for (uint32_t i = 0; i < 6; ++i) simulation.inputs.expected[i].window = i / 2;
  EnergyPass pass(simulation.inputs);
  for (const base::PowerSamples& block : simulation.blocks) pass.add(block);
  const base::Energy energy = pass.finish();
  REQUIRE(energy.windows.size() == 3);
  for (std::size_t w = 0; w < 3; ++w) {
    const base::EnergyWindow& window = energy.windows[w];
    CHECK(window.generations == 2);
    double net_uj = 0;
    double gross_uj = 0;
    int64_t duration_ns = 0;
    for (std::size_t i = 2 * w; i < 2 * w + 2; ++i) {
      net_uj += energy.generations[i].net_uj;
      gross_uj += energy.generations[i].gross_uj;
      duration_ns += energy.generations[i].duration_ns;
    }
    CHECK(window.net_uj == Approx(net_uj));
    CHECK(window.gross_uj == Approx(gross_uj));
    CHECK(window.duration_ns == duration_ns);
    CHECK(window.comparative_uncertainty_uj < window.expanded_uncertainty_uj);
  }
  CHECK(window_figures(energy.windows).median_uj == Approx(energy.windows[1].net_uj / 2).epsilon(0.01));
  CHECK(window_figures(energy.windows).least_uj == Approx(energy.windows[0].net_uj / 2));
}

TEST_CASE("the median window is what a generation takes in it, whatever the others do") {
  const WindowFigures odd =
      window_figures({window_of(10, 1000, 11'000'000'000), window_of(10, 5000, 12'000'000'000),
                      window_of(20, 2200, 10'000'000'000)});
  CHECK(odd.median_uj == Approx(110));
  CHECK(odd.least_uj == Approx(100));
  CHECK(odd.most_uj == Approx(500));
  CHECK(odd.expanded_uncertainty_uj == Approx(11));
  CHECK(odd.shortest_s == Approx(10));
  const WindowFigures even = window_figures({window_of(10, 1000, 1), window_of(10, 2000, 1)});
  CHECK(even.median_uj == Approx(150));
  CHECK(window_figures({window_of(4, 100, 1)}).median_uj == Approx(25));
}

}  // namespace slmrig::analyse
