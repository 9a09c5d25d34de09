#include "harness/analyse/measured_energy.h"

#include <catch2/catch.hpp>

#include "harness/analyse/energy_rows_for_test.h"

namespace slmrig::analyse {
namespace {

using base::Tier;
using Catch::Matchers::Contains;

TEST_CASE("An answer is the mean over those that the meter saw, net and gross") {
  const auto cells = measured_cells(metered_run({session_of({metered_cell(energy_for_test())})})).value();
  REQUIRE(cells.size() == 1);
  const MeasuredCell& cell = cells[0];
  CHECK(cell.sessions == 1);
  CHECK(cell.answers == 2);
  CHECK(cell.idle_uw.value == Approx(1000));
  CHECK(cell.idle_uw.half_width == Approx(100));
  CHECK(cell.prefill_uj.value == Approx(3000));
  CHECK(cell.decode_uj.value == Approx(6000));
  CHECK(cell.answer_s == Approx(1.0));
  CHECK(cell.decode_tokens == Approx(4));
  CHECK(cell.answer_uj().value == Approx(10'000));
  // One meter, one gain error: the parts' uncertainties add up.
  CHECK(cell.answer_uj().half_width == Approx(1000));
  CHECK(cell.comparative_uj.half_width == Approx(9));
  CHECK(cell.answers_uj.size() == 2);
  CHECK_THAT(cell.cold_start_missing, Contains("no cold start was measured"));
}

TEST_CASE("Where windows were asked for, the median one is what an answer takes") {
  base::Energy energy = energy_for_test();
  // Of two answers each; one window in which something else was going on.
  energy.windows = {{2, 1, 0, 16'000, 1600, 30}, {2, 1, 0, 90'000, 9000, 900}, {2, 1, 0, 16'400, 1640, 32}};
  const auto cells = measured_cells(metered_run({session_of({metered_cell(energy)})})).value();
  const MeasuredCell& cell = cells.at(0);
  CHECK(cell.windows == 3);
  CHECK(cell.net_uj().value == Approx(8200));
  // With the idle power of its second.
  CHECK(cell.answer_uj().value == Approx(9200));
  CHECK(cell.answer_uj().half_width == Approx(820 + 100));
  CHECK(cell.comparative_uj.value == Approx(8200));
  CHECK(cell.comparative_uj.half_width == Approx(16));
  CHECK(cell.prefill_uj.value == Approx(3000));  // as without windows

  base::Energy higher = energy;
  higher.windows[2].net_uj += 2 * 600;
  const auto two =
      measured_cells(metered_run({session_of({metered_cell(energy)}), session_of({metered_cell(higher)})}))
          .value();
  CHECK(two.at(0).windows == 6);
  CHECK(two.at(0).net_uj().value == Approx(8500));
  CHECK(two.at(0).scatter_uj == Approx(12.7062 * 300).epsilon(1e-4));
}

TEST_CASE("A cell without energy, without idle, or that did not end ok is left out") {
  base::Energy without_idle = energy_for_test();
  without_idle.phases.erase(without_idle.phases.begin());
  store::CellData failed = metered_cell(energy_for_test());
  failed.cell.status = base::CellStatus::kFailed;
  const auto run =
      metered_run({session_of({cell_of("c-0", {}), metered_cell(without_idle), std::move(failed)})});
  CHECK(measured_cells(run).value().empty());
}

TEST_CASE("Answers of one token have no decode phase, and no energy of it") {
  base::Energy energy = energy_for_test();
  energy.phases.pop_back();
  const auto cells = measured_cells(metered_run({session_of({metered_cell(energy)})})).value();
  CHECK(cells.at(0).decode_uj.value == 0);
  CHECK(cells.at(0).answer_uj().value == Approx(3300));
}

TEST_CASE("Sessions of one cell are one figure, with the scatter between them") {
  base::Energy higher = energy_for_test();
  higher.phases[1].net_uj += 2 * 600;  // of two answers
  const auto cells = measured_cells(metered_run({session_of({metered_cell(energy_for_test())}),
                                                 session_of({metered_cell(higher)})}))
                         .value();
  REQUIRE(cells.size() == 1);
  CHECK(cells[0].sessions == 2);
  CHECK(cells[0].answers == 4);
  CHECK(cells[0].answers_uj.size() == 4);
  CHECK(cells[0].prefill_uj.value == Approx(3300));
  // s = 600 / sqrt(2), over sqrt(2), times Student's factor for one degree of freedom.
  CHECK(cells[0].scatter_uj == Approx(12.7062 * 300).epsilon(1e-4));
  // Another variant is another cell.
  store::SessionData other = session_of({metered_cell(energy_for_test())});
  other.session.variant = "int4";
  CHECK(measured_cells(metered_run({session_of({metered_cell(energy_for_test())}), other})).value().size() ==
        2);
}

TEST_CASE("Energies of different tiers are never put together") {
  const auto mixed =
      measured_cells(metered_run({session_of({metered_cell(energy_for_test())}),
                                  session_of({metered_cell(energy_for_test(Tier::kModelled))})}));
  REQUIRE_FALSE(mixed.has_value());
  CHECK(mixed.error().code == base::ErrorCode::kBadInput);
  CHECK_THAT(mixed.error().text(), Contains("tier hardware") && Contains("modelled") && Contains("desk-3"));

  store::SessionData session = session_of({metered_cell(energy_for_test())});
  session.cold_start_energy = cold_start_energy_for_test(Tier::kModelled);
  const auto cells = measured_cells(metered_run({session})).value();
  CHECK_FALSE(cells.at(0).boot_uj.has_value());
  CHECK_THAT(cells.at(0).cold_start_missing,
             Contains("cold starts have an energy of tier modelled, its answers one of tier hardware"));
}

TEST_CASE("Cold starts are taken one by one, and doubts of every phase are kept once") {
  base::Energy energy = energy_for_test();
  energy.phases[1].doubts = energy.phases[2].doubts = {"lost 0.2 % of the samples"};
  store::SessionData session = session_of({metered_cell(energy)});
  session.cold_start_energy = cold_start_energy_for_test();
  session.cold_start_energy->phases[0].doubts = {"the rail did not fall"};
  const MeasuredCell cell = measured_cells(metered_run({session})).value().at(0);
  CHECK(cell.boot_uj->value == Approx(1000));
  CHECK(cell.load_uj->value == Approx(3000));
  CHECK(cell.cold_start_s == Approx(0.5));
  CHECK(cell.doubts == std::vector<std::string>{"lost 0.2 % of the samples", "the rail did not fall"});
}

}  // namespace
}  // namespace slmrig::analyse
