#include "reports/token_band.h"

#include <catch2/catch.hpp>

namespace slmrig::reports {
namespace {

store::GenerationRow generation(std::vector<int64_t> costs) {
  store::GenerationRow row;
  row.token_costs = std::move(costs);
  return row;
}

}  // namespace

TEST_CASE("a band has the median and the spread of each token index", "[reports]") {
  const std::vector<store::GenerationRow> rows = {generation({100, 10, 20}), generation({300, 30}),
                                                  generation({200, 20, 21, 7})};
  const TokenBand band = token_band(rows);
  CHECK(band.count == std::vector<int64_t>{3, 3, 2, 1});
  CHECK(band.median == std::vector<int64_t>{200, 20, 21, 7});  // 20.5 rounds up
  CHECK(band.low == std::vector<int64_t>{110, 11, 20, 7});     // 5 % of the way from the least
  CHECK(band.high == std::vector<int64_t>{290, 29, 21, 7});
}

TEST_CASE("a cell without tokens has an empty band", "[reports]") {
  CHECK(token_band({}).median.empty());
  CHECK(token_band(std::vector<store::GenerationRow>{generation({})}).count.empty());
}

}  // namespace slmrig::reports
