#include "harness/cli/battery_text.h"

#include <catch2/catch.hpp>

namespace slmrig::cli {
namespace {

using Catch::Matchers::Contains;

BatteryQuestion question_for_test() {
  BatteryQuestion question;
  question.run_id = "run-1";
  question.duty.name = "watch";
  question.duty.queries_per_day = 40;
  question.duty.wake_ups_per_day = 80;
  question.duty.sleep_uw = {{15, 10}, "assumed"};
  question.duty.battery.capacity_mah = 300;
  question.duty.battery.nominal_mv = 3700;
  return question;
}

analyse::MeasuredCell cell_for_test() {
  analyse::MeasuredCell cell;
  cell.bench = "left";
  cell.board = "mps2-an386";
  cell.unit_id = "virtual-0001";
  cell.model = "wrist-nano";
  cell.variant = "int8";
  cell.suite = "intents";
  cell.settings = "ctx=256";
  cell.tier = base::Tier::kModelled;
  cell.meter = "ppk2 PPK2";
  cell.idle_uw = {590, 59};
  cell.prefill_uj = {3000, 300};
  cell.decode_uj = {6000, 600};
  cell.answer_s = 0.5;
  cell.answers_uj = {{9295, 930}};
  cell.cold_start_missing = "no cold start was measured by a meter";
  return cell;
}

TEST_CASE("Both modes stand in the table with their tier, and what is missing below it") {
  const BatteryQuestion question = question_for_test();
  const std::string text = battery_text(question, battery_answers(question, {cell_for_test()}));
  CHECK_THAT(text, Contains("left, board mps2-an386, unit virtual-0001, meter ppk2 PPK2"));
  CHECK_THAT(text, Contains("modelled") && Contains("9.29mJ ±10%") && Contains("594µW ±10%"));
  CHECK_THAT(text, Contains("77.8 d (70.8-86.5)"));
  CHECK_THAT(text, Contains("!1 no wake-sparse: no cold start was measured by a meter"));
  CHECK_THAT(text, Contains("sleep 15.0µW ±67%: assumed"));
  CHECK_THAT(text, !Contains("budget"));
}

TEST_CASE("A budget adds its own table") {
  BatteryQuestion question = question_for_test();
  question.budget_uj = 200e3;
  const std::string text = battery_text(question, battery_answers(question, {cell_for_test()}));
  CHECK_THAT(text,
             Contains("budget: 200mJ an answer") && Contains("unmeasurable: an energy of tier modelled"));
}

TEST_CASE("JSON has every figure with its half-width, and says which parts are only stated") {
  BatteryQuestion question = question_for_test();
  question.budget_uj = 200e3;
  analyse::MeasuredCell cell = cell_for_test();
  cell.boot_uj = {1000, 100};
  cell.cold_start_s = 0.1;
  const auto json = battery_json(question, battery_answers(question, {cell}));
  const auto& first = json["cells"][0];
  CHECK(first["tier"] == "modelled");
  CHECK(first["answer_uj"]["value"] == Approx(9295));
  CHECK(first["always_on"]["days"].get<double>() == Approx(77.85).epsilon(1e-3));
  CHECK(first["wake_sparse"]["parts"][0]["part"] == "sleep");
  CHECK(first["wake_sparse"]["parts"][0]["stated"] == true);
  CHECK(first["wake_sparse"]["parts"][1]["stated"] == false);
  CHECK(first["budget"]["verdict"] == "unmeasurable");
  CHECK(json["stated"]["sleep_uw"]["source"] == "assumed");
}

}  // namespace
}  // namespace slmrig::cli
