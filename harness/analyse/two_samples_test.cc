#include "harness/analyse/two_samples.h"

#include <algorithm>
#include <limits>

#include <catch2/catch.hpp>

#include "harness/analyse/internal/random.h"

namespace slmrig::analyse {
namespace {

// P(U >= u) by going through all ways to choose the first sample's ranks.
double counted_p(std::size_t n, std::size_t m, double u) {
  std::vector<bool> is_first(n + m, false);
  std::fill(is_first.begin(), is_first.begin() + static_cast<std::ptrdiff_t>(n), true);
  double all = 0;
  double reached = 0;
  do {
    double pairs = 0;
    double seconds = 0;
    for (const bool first : is_first) {
      if (first) pairs += seconds;
      if (!first) seconds += 1;
    }
    all += 1;
    if (std::max(pairs, static_cast<double>(n * m) - pairs) >= u) reached += 1;
  } while (std::prev_permutation(is_first.begin(), is_first.end()));
  return reached / all;
}

TEST_CASE("Small samples are counted exactly") {
  const std::vector<double> a = {19, 22, 16, 29, 24};
  const std::vector<double> b = {20, 11, 17, 12};
  const MannWhitney result = mann_whitney(a, b).value();
  CHECK(result.u == 17);
  CHECK(result.exact);
  // The example of SciPy's mannwhitneyu, which prints 0.1111111111111111.
  CHECK(result.p_value == Approx(1.0 / 9).epsilon(1e-12));
  CHECK(result.p_value == Approx(counted_p(5, 4, 17)).epsilon(1e-12));
  internal::Random random(3);
  for (int round = 0; round < 20; ++round) {
    std::vector<double> first(2 + random.below(6));
    std::vector<double> second(2 + random.below(6));
    for (double& value : first) value = random.normal();
    for (double& value : second) value = random.normal() + 1;
    const MannWhitney any = mann_whitney(first, second).value();
    const double larger = std::max(any.u, static_cast<double>(first.size() * second.size()) - any.u);
    CHECK(any.p_value ==
          Approx(std::min(1.0, counted_p(first.size(), second.size(), larger))).epsilon(1e-10));
  }
}

TEST_CASE("Ties and large samples take the normal approximation") {
  // U = 0.5 * 1 + ...: mean 8, variance 4 * 4 / 12 * (9 - (6 + 6) / (8 * 7)), continuity 0.5.
  const std::vector<double> a = {1, 2, 2, 3};
  const std::vector<double> b = {3, 4, 5, 6};
  const MannWhitney tied = mann_whitney(a, b).value();
  CHECK_FALSE(tied.exact);
  CHECK(tied.u == 0.5);
  // z = (15.5 - 8 - 0.5) / sqrt(16 / 12 * (9 - 12 / 56)) = 2.0452
  CHECK(tied.p_value == Approx(0.0408331).epsilon(1e-5));
  CHECK(mann_whitney(std::vector<double>{5, 5, 5}, std::vector<double>{5, 5}).value().p_value == 1);
}

TEST_CASE("Nothing is said of an empty sample") {
  const double missing = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(mann_whitney({}, std::vector<double>{1}));
  CHECK_FALSE(mann_whitney(std::vector<double>{missing}, std::vector<double>{1}));
  CHECK_FALSE(welch(std::vector<double>{1}, std::vector<double>{1, 2}));
  CHECK_FALSE(difference_of_medians({{1, 2}}, {{1}, {2}}));
  CHECK_FALSE(difference_of_medians({{1, 2}, {missing}}, {{1}, {2}}));
}

TEST_CASE("Welch's interval is the textbook's") {
  // Means 20.82 and 23.33 (unequal variances); t = -2.2192 with 24.496 degrees, p = 0.0360 in R's t.test.
  const std::vector<double> a = {27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1,
                                 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4};
  const std::vector<double> b = {27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0,
                                 24.8, 20.2, 21.9, 22.1, 22.9, 30.5, 24.4};
  const Difference difference = welch(a, b).value();
  CHECK(difference.value == Approx(2.8333333).epsilon(1e-6));
  CHECK(difference.low > 0);
  CHECK(difference.p_value < 0.02);
  const Difference swapped = welch(b, a).value();
  CHECK(swapped.low == Approx(-difference.high));
  CHECK(swapped.p_value == Approx(difference.p_value));
  CHECK(welch(std::vector<double>{3, 3}, std::vector<double>{3, 3}).value().p_value == 1);
}

TEST_CASE("An interval for medians knows that values of one session belong together") {
  // Sessions differ by 3, values in them by 0.1: a hundred values of four sessions are four values.
  internal::Random random(11);
  Sessions first(8);
  Sessions second(8);
  std::vector<double> loose_first;
  std::vector<double> loose_second;
  for (Sessions* sessions : {&first, &second}) {
    for (std::vector<double>& session : *sessions) {
      const double level = 100 + 3 * random.normal();
      for (int i = 0; i < 50; ++i) session.push_back(level + 0.1 * random.normal());
    }
  }
  const Difference clustered = difference_of_medians(first, second).value();
  CHECK(clustered.low < clustered.value);
  CHECK(clustered.value < clustered.high);
  CHECK(clustered.high - clustered.low > 2);
  CHECK(clustered.low == difference_of_medians(first, second).value().low);
  BootstrapOptions other;
  other.seed = 2;
  CHECK(clustered.low != difference_of_medians(first, second, other).value().low);
}

}  // namespace
}  // namespace slmrig::analyse
