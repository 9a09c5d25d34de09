#include "harness/plan/estimate.h"

#include <catch2/catch.hpp>

namespace slmrig::plan {
namespace {

base::Suite suite_of_bytes(std::size_t bytes) {
  base::Suite suite;
  suite.name = "s";
  suite.prompts = {{"a", std::string(bytes, 'x'), {}}, {"b", std::string(bytes, 'x'), {}}};
  return suite;
}

base::VariantFacts variant_of(uint64_t macs, const std::string& name) {
  base::VariantFacts variant;
  variant.variant = name;
  variant.weight_macs_per_token = macs;
  variant.image_bytes = macs;
  return variant;
}

TEST_CASE("More weights, longer prompts and a slower kind of board cost more time") {
  base::Board native;
  native.family = "linux";
  base::Board emulated;
  emulated.tier = base::Tier::kEmulated;
  const base::CellSettings settings;
  const auto cost = [&](const base::Board& board, uint64_t macs, const std::string& variant,
                        std::size_t bytes) {
    return expected_generation_ns(board, variant_of(macs, variant), suite_of_bytes(bytes), settings);
  };
  CHECK(cost(native, 2'000'000, "f32", 40) > cost(native, 1'000'000, "f32", 40));
  CHECK(cost(native, 1'000'000, "f32", 80) > cost(native, 1'000'000, "f32", 40));
  CHECK(cost(native, 1'000'000, "f32", 40) > cost(native, 1'000'000, "int8", 40));
  CHECK(cost(emulated, 1'000'000, "int8", 40) > 10 * cost(native, 1'000'000, "int8", 40));
}

TEST_CASE("A session costs its deployment, its cold starts and every generation of its cells") {
  base::Board board;
  board.tier = base::Tier::kEmulated;
  const base::VariantFacts variant = variant_of(1'000'000, "int8");
  base::Plan plan;
  plan.suites = {{"s", suite_of_bytes(40)}};
  base::Session session;
  session.cold_starts = 3;
  base::Cell cell;
  cell.suite = "s";
  cell.settings.repeats = 5;
  session.cells = {cell};
  CHECK(expected_session_ns(board, variant, plan, session) ==
        expected_deploy_ns(board, variant) + 3 * expected_cold_start_ns(board, variant) +
            10 * expected_generation_ns(board, variant, plan.suites[0].suite, cell.settings));
}

}  // namespace
}  // namespace slmrig::plan
