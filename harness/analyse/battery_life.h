// How long a battery lasts under a duty, from energies that a meter measured. Pure.
//
// A duty is a day of a product: so many wake-ups, so many queries, and what it does in between. It is looked
// at in two ways: *always on*, where the board idles all day with the model loaded, and *wake-sparse*, where
// it sleeps and every wake-up is a cold start (or a wake from retained memory). What was measured (idle,
// prefill, decode, boot, load) comes from the store, what cannot be (sleep, the wake-word detector, the
// battery) is stated in the duty and called so.
//
// Uncertainty: the errors of one meter's parts are mostly the same gain error, so their expanded
// uncertainties add up linearly (never too small); stated figures and the scatter between sessions are
// independent of it and add in quadrature. All are for about 95 %. A query is one of the prompts that were
// measured, each as often as the others: that other words take other energies is not in the interval.
//
// Figures of different tiers are never added. Energies in microjoules, powers in microwatts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/analyse/measured_energy.h"

namespace slmrig::analyse {

struct Battery {
  double capacity_mah = 0;
  double nominal_mv = 0;
  double capacity_half_width = 0;       // relative
  double usable_share = 1;              // until the product gives up
  double self_discharge_per_month = 0;  // share of what is left, a month of 30.44 days
  double energy_uj() const;             // usable, as stated
};

enum class WakeBy { kColdStart, kRetainedMemory };

// What a duty says of things that were not measured, and where it has it from.
struct Stated {
  Figure figure;
  std::string source;
};

struct Duty {
  std::string name;
  double queries_per_day = 0;
  double wake_ups_per_day = 0;  // at least the queries: some words only sound like the wake word
  WakeBy wake_by = WakeBy::kColdStart;
  double awake_s = 0;               // idle after each wake-up, besides its answer
  Stated sleep_uw;                  // of the board asleep
  Stated detector_uw;               // of what listens for the wake word, all day in both modes
  Stated wake_uj;                   // of a wake from retained memory
  double converter_efficiency = 1;  // of what lies between battery and board
  Battery battery;
};

enum class DutyMode { kAlwaysOn, kWakeSparse };
std::string_view to_string(DutyMode mode);  // "always_on", "wake_sparse"

// What a part of the day takes from the battery.
struct DayPart {
  std::string name;  // "idle", "sleep", "wake_ups", "detector", "prefill", "decode", "converter"
  Figure uj;
  bool is_stated = false;  // by the duty file, not measured
};

struct BatteryLife {
  DutyMode mode = DutyMode::kAlwaysOn;
  std::string missing;  // not empty: why there are no figures
  std::vector<DayPart> parts;
  Figure day_uj;
  Figure mean_uw;  // self-discharge apart
  double days = 0;
  double least_days = 0;
  std::optional<double> most_days;  // absent: the uncertainty is as large as the energy itself
};

BatteryLife battery_life(const MeasuredCell& cell, const Duty& duty, DutyMode mode);

// Answers against a limit that each of them has to keep.
enum class BudgetVerdict { kPass, kFail, kInconclusive, kUnmeasurable };
std::string_view to_string(BudgetVerdict verdict);

struct AnswerBudget {
  BudgetVerdict verdict = BudgetVerdict::kInconclusive;
  std::string reason;
  Figure worst_uj;       // the answer that took most; of the mean where answers cannot be told apart
  uint32_t answers = 0;  // that were looked at one by one
  uint32_t within = 0;   // surely: with their uncertainty
};

// Modelled energies are unmeasurable, whatever they are; doubtful ones inconclusive.
AnswerBudget judge_answers(const MeasuredCell& cell, double budget_uj);

}  // namespace slmrig::analyse
