#include "harness/analyse/battery_life.h"

#include <cmath>

#include <catch2/catch.hpp>

#include "harness/analyse/energy_rows_for_test.h"

namespace slmrig::analyse {
namespace {

using Catch::Matchers::Contains;

// 1 mW idle, an answer is 1 s and 9 mJ net, a cold start 0.5 s and 4 mJ; all +-10 %.
MeasuredCell cell_for_test() {
  store::SessionData session = session_of({metered_cell(energy_for_test())});
  session.cold_start_energy = cold_start_energy_for_test();
  return measured_cells(metered_run({session})).value().at(0);
}

// 100 mAh at 3.6 V: 1296 J.
Duty duty_for_test() {
  Duty duty;
  duty.name = "test";
  duty.queries_per_day = 100;
  duty.wake_ups_per_day = 300;
  duty.awake_s = 2;
  duty.sleep_uw = {{10, 0}, "stated"};
  duty.battery.capacity_mah = 100;
  duty.battery.nominal_mv = 3600;
  return duty;
}

double part_of(const BatteryLife& life, const std::string& name) {
  for (const DayPart& part : life.parts) {
    if (part.name == name) return part.uj.value;
  }
  return 0;
}

TEST_CASE("Always on: idle all day, and the answers on top of it") {
  const BatteryLife life = battery_life(cell_for_test(), duty_for_test(), DutyMode::kAlwaysOn);
  REQUIRE(life.missing.empty());
  CHECK(part_of(life, "idle") == Approx(86.4e6));
  CHECK(part_of(life, "prefill") == Approx(300e3));
  CHECK(part_of(life, "decode") == Approx(600e3));
  CHECK(part_of(life, "sleep") == 0);
  CHECK(life.day_uj.value == Approx(87.3e6));
  // One meter's gain: linear, so still 10 %.
  CHECK(life.day_uj.half_width == Approx(8.73e6));
  CHECK(life.mean_uw.value == Approx(87.3e6 / 86400));
  CHECK(life.days == Approx(1296 / 87.3));
  CHECK(life.least_days == Approx(1296 / 87.3 / 1.1));
  CHECK(life.most_days.value() == Approx(1296 / 87.3 / 0.9));
}

TEST_CASE("Wake-sparse: asleep but for cold starts, what follows them, and the answers") {
  const BatteryLife life = battery_life(cell_for_test(), duty_for_test(), DutyMode::kWakeSparse);
  REQUIRE(life.missing.empty());
  const double idle_s = 300 * 2 + 100 * 1;
  const double active_s = idle_s + 300 * 0.5;
  CHECK(part_of(life, "sleep") == Approx(10 * (86400 - active_s)));
  CHECK(part_of(life, "wake_ups") == Approx(300 * 4000));
  CHECK(part_of(life, "idle") == Approx(1000 * idle_s));
  CHECK(life.day_uj.value == Approx(10 * (86400 - active_s) + 1.2e6 + 0.7e6 + 0.9e6));
  CHECK(life.days > battery_life(cell_for_test(), duty_for_test(), DutyMode::kAlwaysOn).days);
}

TEST_CASE("A wake from retained memory takes what the duty states, and needs no measured cold start") {
  MeasuredCell cell = cell_for_test();
  cell.boot_uj.reset();
  cell.load_uj.reset();
  cell.cold_start_missing = "no cold start was measured by a meter";
  Duty duty = duty_for_test();
  CHECK_THAT(battery_life(cell, duty, DutyMode::kWakeSparse).missing, Contains("no cold start was measured"));
  CHECK(battery_life(cell, duty, DutyMode::kAlwaysOn).missing.empty());
  duty.wake_by = WakeBy::kRetainedMemory;
  duty.wake_uj = {{50, 5}, "stated"};
  const BatteryLife life = battery_life(cell, duty, DutyMode::kWakeSparse);
  REQUIRE(life.missing.empty());
  CHECK(part_of(life, "wake_ups") == Approx(300 * 50));
}

TEST_CASE("Stated figures and the scatter between sessions add in quadrature, measured ones linearly") {
  MeasuredCell cell = cell_for_test();
  cell.scatter_uj = 30'000;
  Duty duty = duty_for_test();
  duty.detector_uw = {{200, 50}, "stated"};
  const BatteryLife life = battery_life(cell, duty, DutyMode::kAlwaysOn);
  const double measured = 8.73e6;
  const double detector = 50 * 86400.0;
  const double scatter = 100 * 30'000.0;
  CHECK(life.day_uj.value == Approx(87.3e6 + 200 * 86400.0));
  CHECK(life.day_uj.half_width ==
        Approx(std::sqrt(measured * measured + detector * detector + scatter * scatter)));
  for (const DayPart& part : life.parts) CHECK(part.is_stated == (part.name == "detector"));
}

TEST_CASE("A converter takes its share from the battery") {
  Duty duty = duty_for_test();
  duty.converter_efficiency = 0.8;
  const BatteryLife life = battery_life(cell_for_test(), duty, DutyMode::kAlwaysOn);
  CHECK(life.day_uj.value == Approx(87.3e6 / 0.8));
  CHECK(part_of(life, "converter") == Approx(87.3e6 / 0.8 - 87.3e6));
  double sum = 0;
  for (const DayPart& part : life.parts) sum += part.uj.value;
  CHECK(sum == Approx(life.day_uj.value));
}

TEST_CASE("Self-discharge takes a share of what is left, as stepping through the days shows") {
  Duty duty = duty_for_test();
  duty.battery.self_discharge_per_month = 0.2;
  const BatteryLife life = battery_life(cell_for_test(), duty, DutyMode::kWakeSparse);
  const double step = 1e-3;
  const double keep = std::pow(0.8, step / (365.25 / 12));
  double left_uj = 1296e6;
  double days = 0;
  for (; left_uj > 0; days += step) left_uj = left_uj * keep - life.day_uj.value * step;
  CHECK(life.days == Approx(days).epsilon(1e-4));
  CHECK(life.days < 1296e6 / life.day_uj.value);
}

TEST_CASE("Capacity and usable share are in the interval") {
  Duty duty = duty_for_test();
  duty.battery.usable_share = 0.5;
  duty.battery.capacity_half_width = 0.1;
  const BatteryLife life = battery_life(cell_for_test(), duty, DutyMode::kAlwaysOn);
  CHECK(life.days == Approx(648 / 87.3));
  CHECK(life.least_days == Approx(648 * 0.9 / 87.3 / 1.1));
  CHECK(life.most_days.value() == Approx(648 * 1.1 / 87.3 / 0.9));
}

TEST_CASE("An uncertainty as large as the energy leaves the most days open") {
  MeasuredCell cell = cell_for_test();
  cell.idle_uw.half_width = 1.2 * cell.idle_uw.value;
  const BatteryLife life = battery_life(cell, duty_for_test(), DutyMode::kAlwaysOn);
  CHECK_FALSE(life.most_days.has_value());
  CHECK(life.least_days > 0);
}

TEST_CASE("A duty that is longer than a day has no figures") {
  Duty duty = duty_for_test();
  duty.queries_per_day = duty.wake_ups_per_day = 90'000;
  CHECK_THAT(battery_life(cell_for_test(), duty, DutyMode::kAlwaysOn).missing, Contains("25.0 h of a day"));
  duty.queries_per_day = 100;
  CHECK_THAT(battery_life(cell_for_test(), duty, DutyMode::kWakeSparse).missing, Contains("h of a day"));
}

TEST_CASE("A budget holds when every answer is below it with its uncertainty") {
  MeasuredCell cell = cell_for_test();  // answers of 9 and 11 mJ, +-10 %
  CHECK(judge_answers(cell, 13'000).verdict == BudgetVerdict::kPass);
  CHECK(judge_answers(cell, 13'000).within == 2);
  CHECK(judge_answers(cell, 13'000).worst_uj.value == 11'000);
  const AnswerBudget near = judge_answers(cell, 11'500);
  CHECK(near.verdict == BudgetVerdict::kInconclusive);
  CHECK(near.within == 1);
  CHECK(judge_answers(cell, 9'500).verdict == BudgetVerdict::kFail);
  CHECK(judge_answers(cell, 9'950).verdict == BudgetVerdict::kInconclusive);
}

TEST_CASE("Modelled energies meet no budget, doubtful ones decide nothing") {
  MeasuredCell cell = cell_for_test();
  cell.doubts = {"lost 0.2 % of the samples"};
  const AnswerBudget doubtful = judge_answers(cell, 1e9);
  CHECK(doubtful.verdict == BudgetVerdict::kInconclusive);
  CHECK_THAT(doubtful.reason, Contains("lost 0.2 %"));
  cell.tier = base::Tier::kModelled;
  CHECK(judge_answers(cell, 1e9).verdict == BudgetVerdict::kUnmeasurable);
  CHECK(judge_answers(cell, 1).verdict == BudgetVerdict::kUnmeasurable);
}

TEST_CASE("A mean alone can break a budget, but not meet it") {
  MeasuredCell cell = cell_for_test();
  cell.answers_uj.clear();
  CHECK(judge_answers(cell, 5'000).verdict == BudgetVerdict::kFail);
  CHECK(judge_answers(cell, 50'000).verdict == BudgetVerdict::kInconclusive);
}

}  // namespace
}  // namespace slmrig::analyse
