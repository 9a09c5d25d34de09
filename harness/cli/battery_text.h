// Battery life, and energies by variant, as people and programs read them. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/analyse/battery_life.h"

namespace slmrig::cli {

struct BatteryAnswer {
  analyse::MeasuredCell cell;
  analyse::BatteryLife always_on;
  analyse::BatteryLife wake_sparse;
  std::optional<analyse::AnswerBudget> budget;
};

// What both forms of output begin with.
struct BatteryQuestion {
  std::string run_id;
  analyse::Duty duty;
  std::optional<double> budget_uj;
};

std::vector<BatteryAnswer> battery_answers(const BatteryQuestion& question,
                                           const std::vector<analyse::MeasuredCell>& cells);

std::string battery_text(const BatteryQuestion& question, const std::vector<BatteryAnswer>& answers);
nlohmann::ordered_json battery_json(const BatteryQuestion& question,
                                    const std::vector<BatteryAnswer>& answers);

}  // namespace slmrig::cli
