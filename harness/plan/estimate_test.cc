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
  base::Bench bench;
  base::Board& board = bench.board;
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
  const int64_t unmetered_ns =
      expected_deploy_ns(board, variant) + 3 * expected_cold_start_ns(board, variant) +
      10 * expected_generation_ns(board, variant, plan.suites[0].suite, cell.settings);
  CHECK(expected_session_ns(bench, variant, plan, session) == unmetered_ns);
  bench.meter.kind = "ppk2";
  CHECK(expected_session_ns(bench, variant, plan, session) ==
        unmetered_ns + expected_energy_ns(bench, variant, plan, cell) +
            expected_cold_start_energy_ns(bench, variant, plan, session));
  plan.energy.prompts = 0;
  CHECK(expected_session_ns(bench, variant, plan, session) == unmetered_ns);
}

TEST_CASE("A meter costs its prompts, its repeats or windows, and the idle time around them") {
  base::Bench bench;
  bench.board.clock_hz = 100'000'000;
  bench.meter.kind = "ppk2";
  const base::VariantFacts variant = variant_of(1'000'000, "int8");
  base::Plan plan;
  plan.suites = {{"s", suite_of_bytes(40)}};
  base::Cell cell;
  cell.suite = "s";
  base::Session session;
  session.cold_starts = 1;
  const int64_t generation_ns =
      expected_generation_ns(bench.board, variant, plan.suites[0].suite, cell.settings);
  const auto cost = [&] { return expected_energy_ns(bench, variant, plan, cell); };
  const auto cold_starts = [&] { return expected_cold_start_energy_ns(bench, variant, plan, session); };

  const int64_t once = cost();
  CHECK(once > 2 * generation_ns + 400'000'000);
  plan.energy.idle_ms += 1000;
  CHECK(cost() == once + 2'000'000'000);
  plan.energy.repeats = 3;
  CHECK(cost() == 3 * (once + 2'000'000'000));
  CHECK(cold_starts() > 2 * 2'400'000'000);
  // What is modelled sleeps in no time.
  bench.meter.modelled_clock = true;
  bench.board.power_model.cycles_per_instruction = 1;
  CHECK(cost() < 3 * once);
  CHECK(cold_starts() < 2 * 2'400'000'000);
  bench.meter.modelled_clock = false;
  // Windows are filled, up to their limit.
  plan.energy.windows = 5;
  CHECK(cost() > 5 * 10'000'000'000);
  CHECK(cost() < 5 * 15'000'000'000);
  plan.energy.window_limit_s = 2;
  CHECK(cost() < 5 * 5'000'000'000);
  session.cold_starts = 0;
  CHECK(cold_starts() == 0);
}

}  // namespace
}  // namespace slmrig::plan
