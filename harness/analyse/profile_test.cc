#include "harness/analyse/profile.h"

#include <catch2/catch.hpp>

namespace slmrig::analyse {

using base::Phase;

TEST_CASE("layers are added up, the costliest operator and the decode phase come first") {
  store::ProfileRows rows;
  rows.phases = {{Phase::kPrefill, 2, 20, 900, 30}, {Phase::kDecode, 2, 8, 500, 10}};
  rows.operators = {{Phase::kPrefill, 0, "query", 2, 870, 1000, 2000},
                    {Phase::kDecode, 0, "query", 8, 100, 10, 20},
                    {Phase::kDecode, 1, "query", 8, 110, 10, 20},
                    {Phase::kDecode, std::nullopt, "output", 8, 280, 30, 40}};
  const auto phases = profile_by_operator(rows, {});
  REQUIRE(phases.size() == 2);
  CHECK(phases[0].phase == Phase::kDecode);
  CHECK(phases[0].tokens == 8);
  CHECK(phases[0].cost == 490);
  CHECK(phases[0].subtracted_cost == 10);
  REQUIRE(phases[0].operators.size() == 2);
  CHECK(phases[0].operators[0].name == "output");
  CHECK(phases[0].operators[1].name == "query");
  CHECK(phases[0].operators[1].calls == 16);
  CHECK(phases[0].operators[1].cost == 210);
  CHECK(phases[0].operators[1].macs == 20);
  CHECK(phases[0].operators[1].bytes == 40);
  CHECK(phases[1].operators[0].cost == 870);
}

TEST_CASE("an operator's limit is the cost of its MACs at the rates of its layers' kernels") {
  using base::RooflineKind;
  store::ProfileRows rows;
  rows.phases = {{Phase::kPrefill, 1, 4, 900, 0}, {Phase::kDecode, 1, 2, 500, 0}};
  rows.operators = {{Phase::kPrefill, 0, "query", 1, 300, 1000, 0, "Q8_0"},
                    {Phase::kPrefill, 0, "down", 1, 200, 1000, 0, "NF4"},
                    {Phase::kDecode, 0, "down", 2, 50, 10, 0, "NF4"},
                    {Phase::kDecode, 0, "query", 2, 260, 100, 0, "Q8_0"},
                    {Phase::kDecode, 1, "query", 2, 110, 100, 0, "Q4_0"},
                    {Phase::kDecode, 0, "key", 2, 100, 100, 0, "Q4_0"},
                    {Phase::kDecode, 1, "key", 2, 100, 100, 0, "F16"},
                    {Phase::kDecode, 0, "scores", 2, 70, 50, 0, ""}};
  const std::vector<store::RooflineRow> roofline = {
      {RooflineKind::kKernel, "Q8_0", 1, 1000, 1, 2000},    {RooflineKind::kKernel, "Q8_0", 2, 4000, 1, 1000},
      {RooflineKind::kKernel, "Q4_0", 1, 200, 1, 100},      {RooflineKind::kKernel, "F16", 1, 1000, 1, 0},
      {RooflineKind::kMemory, "F16", 1, 1, 1, 1},           {RooflineKind::kKernel, "NF4", 1, 1000, 1, 1000},
      {RooflineKind::kKernel, "NF4", 2, 0, 0, 0, "no room"}};
  const auto phases = profile_by_operator(rows, roofline);
  REQUIRE(phases.size() == 2);
  REQUIRE(phases[0].operators.size() == 4);
  CHECK(phases[0].operators[0].limit_cost.value() == Approx(100 * 2.0 + 100 * 0.5));
  CHECK_FALSE(phases[0].operators[1].limit_cost);  // a clock too coarse for F16
  CHECK_FALSE(phases[0].operators[2].limit_cost);  // no weights
  CHECK(phases[0].operators[3].limit_cost.value() == Approx(10 * 1.0));
  CHECK(phases[1].operators[0].limit_cost.value() == Approx(1000 * 0.25));
  CHECK_FALSE(phases[1].operators[1].limit_cost);  // with two tokens it might have been less
}

TEST_CASE("a phase in which nothing happened has no profile") {
  store::ProfileRows rows;
  CHECK(profile_by_operator(rows, {}).empty());
  // Answers of one token have no decode phase.
  rows.phases = {{Phase::kPrefill, 1, 5, 90, 3}, {Phase::kDecode, 1, 0, 0, 0}};
  rows.operators = {{Phase::kPrefill, 0, "query", 1, 87, 1, 1}};
  const auto phases = profile_by_operator(rows, {});
  REQUIRE(phases.size() == 1);
  CHECK(phases[0].phase == Phase::kPrefill);
}

}  // namespace slmrig::analyse
