#include "harness/analyse/false_discovery.h"

#include <algorithm>
#include <limits>

#include <catch2/catch.hpp>

namespace slmrig::analyse {
namespace {

// The fifteen p-values of Benjamini and Hochberg's paper (1995), section 3.2.
const std::vector<double> kPaper = {0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
                                    0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000};

TEST_CASE("Four of the paper's fifteen tests are discoveries at 5 %") {
  const std::vector<double> q = adjusted_p_values(kPaper);
  CHECK(std::count_if(q.begin(), q.end(), [](double value) { return value <= 0.05; }) == 4);
  CHECK(q[0] == Approx(0.0015));
  CHECK(q[3] == Approx(0.035625));
  // As R's p.adjust(method = "BH"): never below that of a smaller p.
  CHECK(q[5] == Approx(0.0298 * 15 / 7));
  CHECK(std::is_sorted(q.begin(), q.end()));
  const std::vector<double> strict = adjusted_p_values(kPaper, Dependence::kArbitrary);
  CHECK(strict[0] == Approx(0.0015 * 3.318229));  // 1 + 1/2 + ... + 1/15
  CHECK(std::count_if(strict.begin(), strict.end(), [](double value) { return value <= 0.05; }) == 3);
}

TEST_CASE("The order of p-values moves with their q-values") {
  std::vector<double> reversed(kPaper.rbegin(), kPaper.rend());
  std::vector<double> q = adjusted_p_values(reversed);
  std::reverse(q.begin(), q.end());
  CHECK(q == adjusted_p_values(kPaper));
}

TEST_CASE("A p-value that is missing is no discovery, and still one of the family") {
  const double missing = std::numeric_limits<double>::quiet_NaN();
  CHECK(adjusted_p_values(std::vector<double>{0.01, missing}) == std::vector<double>{0.02, 1});
  CHECK(adjusted_p_values(std::vector<double>{-1, 2}) == std::vector<double>{0, 1});
  CHECK(adjusted_p_values({}).empty());
}

TEST_CASE("A board's series are a family of their own") {
  const std::vector<double> p = {0.01, 0.04, 0.01};
  const std::vector<std::string> boards = {"a", "b", "a"};
  const std::vector<double> q = adjusted_p_values_by_group(p, boards);
  CHECK(q == std::vector<double>{0.01, 0.04, 0.01});
}

}  // namespace
}  // namespace slmrig::analyse
