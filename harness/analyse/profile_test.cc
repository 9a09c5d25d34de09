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
  const auto phases = profile_by_operator(rows);
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

TEST_CASE("a phase in which nothing happened has no profile") {
  store::ProfileRows rows;
  CHECK(profile_by_operator(rows).empty());
  // Answers of one token have no decode phase.
  rows.phases = {{Phase::kPrefill, 1, 5, 90, 3}, {Phase::kDecode, 1, 0, 0, 0}};
  rows.operators = {{Phase::kPrefill, 0, "query", 1, 87, 1, 1}};
  const auto phases = profile_by_operator(rows);
  REQUIRE(phases.size() == 1);
  CHECK(phases[0].phase == Phase::kPrefill);
}

}  // namespace slmrig::analyse
