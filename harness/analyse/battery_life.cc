#include "harness/analyse/battery_life.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace slmrig::analyse {
namespace {

constexpr double kDayS = 86'400;
constexpr double kDaysOfMonth = 365.25 / 12;
constexpr double kUjOfMahMv = 3600;  // 1 mAh at 1 mV: 3.6 As x 1 mV

// The day of a board, part by part, before the converter.
class Day {
 public:
  void add_measured(const char* name, const Figure& uj) {
    parts_.push_back({name, uj, false});
    measured_ += uj.half_width;
  }
  void add_stated(const char* name, const Figure& uj) {
    if (uj.value == 0 && uj.half_width == 0) return;
    parts_.push_back({name, uj, true});
    independent_ = std::hypot(independent_, uj.half_width);
  }
  void add_scatter(double uj) { independent_ = std::hypot(independent_, uj); }

  BatteryLife finish(const Duty& duty) {
    BatteryLife life;
    for (const DayPart& part : parts_) life.day_uj.value += part.uj.value;
    life.day_uj.half_width = std::hypot(measured_, independent_);
    const double loss = 1 / duty.converter_efficiency - 1;
    if (loss > 0) parts_.push_back({"converter", times(life.day_uj, loss), true});
    life.parts = std::move(parts_);
    life.day_uj = times(life.day_uj, 1 / duty.converter_efficiency);
    life.mean_uw = times(life.day_uj, 1 / kDayS);
    return life;
  }

 private:
  std::vector<DayPart> parts_;
  double measured_ = 0;
  double independent_ = 0;
};

// A battery of `energy_uj` that loses a share of what is left besides what is drawn from it:
// e' = -draw - loss x e.
double days_of(double energy_uj, double day_uj, const Battery& battery) {
  const double loss = -std::log1p(-battery.self_discharge_per_month) / kDaysOfMonth;
  if (loss <= 0) return energy_uj / day_uj;
  return std::log1p(loss * energy_uj / day_uj) / loss;
}

void add_days(const Duty& duty, BatteryLife& life) {
  const Battery& battery = duty.battery;
  const double energy_uj = battery.energy_uj();
  life.days = days_of(energy_uj, life.day_uj.value, battery);
  life.least_days = days_of(energy_uj * (1 - battery.capacity_half_width),
                            life.day_uj.value + life.day_uj.half_width, battery);
  const double least_uj = life.day_uj.value - life.day_uj.half_width;
  if (least_uj > 0)
    life.most_days = days_of(energy_uj * (1 + battery.capacity_half_width), least_uj, battery);
}

std::string longer_than_a_day(double active_s, const Duty& duty) {
  return fmt::format("{:g} answers and {:g} wake-ups take {:.1f} h of a day", duty.queries_per_day,
                     duty.wake_ups_per_day, active_s / 3600);
}

BatteryLife missing(std::string reason) {
  BatteryLife life;
  life.missing = std::move(reason);
  return life;
}

BatteryLife always_on(const MeasuredCell& cell, const Duty& duty) {
  const double active_s = duty.queries_per_day * cell.answer_s;
  if (active_s > kDayS) return missing(longer_than_a_day(active_s, duty));
  Day day;
  // Answers are net of idle, which goes on below them.
  day.add_measured("idle", times(cell.idle_uw, kDayS));
  day.add_measured("prefill", times(cell.prefill_uj, duty.queries_per_day));
  day.add_measured("decode", times(cell.decode_uj, duty.queries_per_day));
  day.add_scatter(duty.queries_per_day * cell.scatter_uj);
  day.add_stated("detector", times(duty.detector_uw.figure, kDayS));
  return day.finish(duty);
}

BatteryLife wake_sparse(const MeasuredCell& cell, const Duty& duty) {
  const bool is_cold = duty.wake_by == WakeBy::kColdStart;
  if (is_cold && !cell.boot_uj && !cell.load_uj) return missing(cell.cold_start_missing);
  const double idle_s = duty.wake_ups_per_day * duty.awake_s + duty.queries_per_day * cell.answer_s;
  const double active_s = idle_s + (is_cold ? duty.wake_ups_per_day * cell.cold_start_s : 0);
  if (active_s > kDayS) return missing(longer_than_a_day(active_s, duty));
  Day day;
  day.add_stated("sleep", times(duty.sleep_uw.figure, kDayS - active_s));
  if (is_cold) {
    const Figure cold = plus(cell.boot_uj.value_or(Figure{}), cell.load_uj.value_or(Figure{}));
    day.add_measured("wake_ups", times(cold, duty.wake_ups_per_day));
  } else {
    day.add_stated("wake_ups", times(duty.wake_uj.figure, duty.wake_ups_per_day));
  }
  day.add_measured("idle", times(cell.idle_uw, idle_s));
  day.add_measured("prefill", times(cell.prefill_uj, duty.queries_per_day));
  day.add_measured("decode", times(cell.decode_uj, duty.queries_per_day));
  day.add_scatter(duty.queries_per_day * cell.scatter_uj);
  day.add_stated("detector", times(duty.detector_uw.figure, kDayS));
  return day.finish(duty);
}

}  // namespace

double Battery::energy_uj() const { return capacity_mah * nominal_mv * kUjOfMahMv * usable_share; }

std::string_view to_string(DutyMode mode) {
  return mode == DutyMode::kAlwaysOn ? "always_on" : "wake_sparse";
}

std::string_view to_string(BudgetVerdict verdict) {
  switch (verdict) {
    case BudgetVerdict::kPass: return "pass";
    case BudgetVerdict::kFail: return "fail";
    case BudgetVerdict::kInconclusive: return "inconclusive";
    case BudgetVerdict::kUnmeasurable: return "unmeasurable";
  }
  return "";
}

BatteryLife battery_life(const MeasuredCell& cell, const Duty& duty, DutyMode mode) {
  BatteryLife life = mode == DutyMode::kAlwaysOn ? always_on(cell, duty) : wake_sparse(cell, duty);
  life.mode = mode;
  if (life.missing.empty()) add_days(duty, life);
  return life;
}

AnswerBudget judge_answers(const MeasuredCell& cell, double budget_uj) {
  AnswerBudget budget;
  std::vector<Figure> answers = cell.answers_uj;
  budget.answers = static_cast<uint32_t>(answers.size());
  if (answers.empty()) answers = {cell.answer_uj()};
  uint32_t surely_above = 0;
  uint32_t surely_within = 0;
  for (const Figure& answer : answers) {
    if (answer.value > budget.worst_uj.value) budget.worst_uj = answer;
    if (answer.value - answer.half_width > budget_uj) ++surely_above;
    if (answer.value + answer.half_width <= budget_uj) ++surely_within;
  }
  budget.within = cell.answers_uj.empty() ? 0 : surely_within;
  if (cell.tier != base::Tier::kHardware) {
    budget.verdict = BudgetVerdict::kUnmeasurable;
    budget.reason = fmt::format("an energy of tier {} meets or breaks no budget", base::to_string(cell.tier));
  } else if (!cell.doubts.empty()) {
    budget.reason = "the measurement is doubtful: " + cell.doubts.front();
  } else if (surely_above > 0) {
    budget.verdict = BudgetVerdict::kFail;
    budget.reason = fmt::format("{} of {} answers above it", surely_above, answers.size());
  } else if (surely_within < answers.size()) {
    budget.reason = fmt::format("{} of {} answers are nearer to it than their uncertainty",
                                answers.size() - surely_within, answers.size());
  } else if (cell.answers_uj.empty()) {
    budget.reason = "the mean is within it, but single answers could not be told apart";
  } else {
    budget.verdict = BudgetVerdict::kPass;
    budget.reason = fmt::format("all {} answers within it", answers.size());
  }
  return budget;
}

}  // namespace slmrig::analyse
