#include "harness/cli/battery_text.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "harness/cli/figures.h"
#include "harness/cli/footnotes.h"
#include "harness/cli/text_table.h"

namespace slmrig::cli {
namespace {

using analyse::BatteryLife;
using analyse::DayPart;
using analyse::Duty;
using analyse::Figure;
using analyse::MeasuredCell;

constexpr Align kRight = Align::kRight;
constexpr const char* kParts[] = {"idle", "sleep", "wake_ups", "detector", "prefill", "decode", "converter"};

std::string interval_text(const BatteryLife& life) {
  const std::string most = life.most_days ? fmt::format("{:.3g}", *life.most_days) : "?";
  return fmt::format("{:.3g} d ({:.3g}-{})", life.days, life.least_days, most);
}

std::string energy_with(const Figure& uj) {
  return with_half_width(energy_text(uj.value), uj.value, uj.half_width);
}

std::string power_with(const Figure& uw) {
  return with_half_width(power_text(uw.value), uw.value, uw.half_width);
}

std::string stated_line(const char* what, const std::string& value, const std::string& source) {
  std::string text;
  const std::vector<std::string> lines =
      wrap_words(fmt::format("{} {}: {}", what, value, source), kTableWidth);
  for (std::size_t i = 0; i < lines.size(); ++i)
    text += (i == 0 ? "stated   " : "         ") + lines[i] + "\n";
  return text;
}

std::string duty_text(const BatteryQuestion& question) {
  const Duty& duty = question.duty;
  const analyse::Battery& battery = duty.battery;
  std::string text = fmt::format("run      {}\nduty     {}: {:g} answers and {:g} wake-ups a day\n",
                                 question.run_id, duty.name, duty.queries_per_day, duty.wake_ups_per_day);
  text += fmt::format("battery  {:g} mAh ±{:g}% at {:g} mV, {:g}% of it usable: {}; loses {:g}% a month\n",
                      battery.capacity_mah, 100 * battery.capacity_half_width, battery.nominal_mv,
                      100 * battery.usable_share, energy_text(battery.energy_uj()),
                      100 * battery.self_discharge_per_month);
  const auto stated = [&](const char* what, const analyse::Stated& value, bool is_power) {
    if (value.source.empty()) return;
    text += stated_line(what, is_power ? power_with(value.figure) : energy_with(value.figure), value.source);
  };
  stated("sleep", duty.sleep_uw, true);
  stated("detector", duty.detector_uw, true);
  stated("wake-up", duty.wake_uj, false);
  if (duty.converter_efficiency < 1)
    text += fmt::format("stated   converter: {:g}% efficient\n", 100 * duty.converter_efficiency);
  return text;
}

// What names a row. Settings stand there only where one variant and suite has several.
class RowNames {
 public:
  explicit RowNames(const std::vector<const BatteryAnswer*>& answers) {
    std::set<std::tuple<std::string, std::string, std::string>> seen;
    for (const BatteryAnswer* answer : answers) {
      const MeasuredCell& cell = answer->cell;
      with_settings_ |= !seen.emplace(cell.model, cell.variant, cell.suite).second;
    }
  }
  std::vector<Column> columns() const {
    std::vector<Column> columns = {{"model"}, {"variant"}, {"suite"}};
    if (with_settings_) columns.push_back({"settings"});
    columns.push_back({"tier"});
    return columns;
  }
  std::vector<std::string> of(const MeasuredCell& cell) const {
    std::vector<std::string> names = {cell.model, cell.variant, cell.suite};
    if (with_settings_) names.push_back(cell.settings);
    names.emplace_back(base::to_string(cell.tier));
    return names;
  }

 private:
  bool with_settings_ = false;
};

const char* mode_text(analyse::DutyMode mode) {
  return mode == analyse::DutyMode::kAlwaysOn ? "always on" : "wake-sparse";
}

TextTable life_table(const std::vector<const BatteryAnswer*>& answers, Footnotes& notes) {
  const RowNames names(answers);
  std::vector<Column> columns = names.columns();
  for (const char* title : {"an answer", "always on", "days", "wake-sparse", "days"})
    columns.push_back({title, kRight});
  columns.push_back({""});
  TextTable table(std::move(columns), 2);
  for (const BatteryAnswer* answer : answers) {
    const MeasuredCell& cell = answer->cell;
    std::vector<std::string> row = names.of(cell);
    row.push_back(energy_with(cell.answer_uj()));
    std::vector<std::string> doubts = cell.doubts;
    for (const BatteryLife* life : {&answer->always_on, &answer->wake_sparse}) {
      row.push_back(life->missing.empty() ? power_with(life->mean_uw) : kNothing);
      row.push_back(life->missing.empty() ? interval_text(*life) : kNothing);
      if (!life->missing.empty())
        doubts.push_back(fmt::format("no {}: {}", mode_text(life->mode), life->missing));
    }
    row.push_back(notes.mark(doubts));
    table.add_row(std::move(row));
  }
  return table;
}

TextTable parts_table(const std::vector<const BatteryAnswer*>& answers) {
  const RowNames names(answers);
  std::vector<Column> columns = names.columns();
  columns.push_back({"mode"});
  for (const char* part : kParts) {
    std::string title = part;
    std::replace(title.begin(), title.end(), '_', '-');
    columns.push_back({std::move(title), kRight});
  }
  columns.push_back({"a day", kRight});
  TextTable table(std::move(columns));
  for (const BatteryAnswer* answer : answers) {
    for (const BatteryLife* life : {&answer->always_on, &answer->wake_sparse}) {
      if (!life->missing.empty()) continue;
      std::vector<std::string> row = names.of(answer->cell);
      row.emplace_back(mode_text(life->mode));
      for (const char* name : kParts) {
        const auto part = std::find_if(life->parts.begin(), life->parts.end(),
                                       [&](const DayPart& each) { return each.name == name; });
        row.push_back(part == life->parts.end() ? kNothing : energy_text(part->uj.value));
      }
      row.push_back(energy_with(life->day_uj));
      table.add_row(std::move(row));
    }
  }
  return table;
}

TextTable budget_table(const std::vector<const BatteryAnswer*>& answers) {
  const RowNames names(answers);
  std::vector<Column> columns = names.columns();
  columns.push_back({"worst answer", kRight});
  columns.push_back({"within", kRight});
  columns.push_back({"verdict"});
  TextTable table(std::move(columns), 2);
  for (const BatteryAnswer* answer : answers) {
    const analyse::AnswerBudget& budget = *answer->budget;
    std::vector<std::string> row = names.of(answer->cell);
    row.push_back(energy_with(budget.worst_uj));
    row.push_back(budget.answers == 0 ? kNothing : fmt::format("{} of {}", budget.within, budget.answers));
    table.add_note_row(std::move(row),
                       fmt::format("{}: {}", analyse::to_string(budget.verdict), budget.reason));
  }
  return table;
}

std::string bench_title(const MeasuredCell& cell) {
  const std::string board = cell.board == cell.bench ? "" : fmt::format(", board {}", cell.board);
  const std::string unit = cell.unit_id.empty() ? "" : fmt::format(", unit {}", cell.unit_id);
  return fmt::format("{}{}{}, meter {}\n", cell.bench, board, unit, cell.meter);
}

nlohmann::ordered_json figure_json(const Figure& figure) {
  return {{"value", figure.value}, {"half_width", figure.half_width}};
}

nlohmann::ordered_json life_json(const BatteryLife& life) {
  if (!life.missing.empty()) return {{"missing", life.missing}};
  nlohmann::ordered_json parts = nlohmann::ordered_json::array();
  for (const DayPart& part : life.parts) {
    parts.push_back({{"part", part.name},
                     {"uj", part.uj.value},
                     {"half_width_uj", part.uj.half_width},
                     {"stated", part.is_stated}});
  }
  nlohmann::ordered_json json = {{"day_uj", figure_json(life.day_uj)},
                                 {"mean_uw", figure_json(life.mean_uw)},
                                 {"days", life.days},
                                 {"least_days", life.least_days},
                                 {"most_days", nullptr},
                                 {"parts", std::move(parts)}};
  if (life.most_days) json["most_days"] = *life.most_days;
  return json;
}

nlohmann::ordered_json answer_json(const BatteryAnswer& answer) {
  const MeasuredCell& cell = answer.cell;
  nlohmann::ordered_json json = {{"bench", cell.bench},
                                 {"unit_id", cell.unit_id},
                                 {"board", cell.board},
                                 {"model", cell.model},
                                 {"variant", cell.variant},
                                 {"suite", cell.suite},
                                 {"settings", cell.settings},
                                 {"tier", base::to_string(cell.tier)},
                                 {"meter", cell.meter},
                                 {"supply_mv", cell.supply_mv},
                                 {"sessions", cell.sessions},
                                 {"answers", cell.answers},
                                 {"idle_uw", figure_json(cell.idle_uw)},
                                 {"answer_uj", figure_json(cell.answer_uj())},
                                 {"answer_s", cell.answer_s},
                                 {"always_on", life_json(answer.always_on)},
                                 {"wake_sparse", life_json(answer.wake_sparse)},
                                 {"doubts", cell.doubts}};
  if (answer.budget) {
    json["budget"] = {{"verdict", analyse::to_string(answer.budget->verdict)},
                      {"reason", answer.budget->reason},
                      {"worst_uj", figure_json(answer.budget->worst_uj)},
                      {"answers", answer.budget->answers},
                      {"within", answer.budget->within}};
  }
  return json;
}

}  // namespace

std::vector<BatteryAnswer> battery_answers(const BatteryQuestion& question,
                                           const std::vector<MeasuredCell>& cells) {
  std::vector<BatteryAnswer> answers;
  for (const MeasuredCell& cell : cells) {
    BatteryAnswer answer;
    answer.cell = cell;
    answer.always_on = battery_life(cell, question.duty, analyse::DutyMode::kAlwaysOn);
    answer.wake_sparse = battery_life(cell, question.duty, analyse::DutyMode::kWakeSparse);
    if (question.budget_uj) answer.budget = judge_answers(cell, *question.budget_uj);
    answers.push_back(std::move(answer));
  }
  return answers;
}

std::string battery_text(const BatteryQuestion& question, const std::vector<BatteryAnswer>& answers) {
  constexpr std::size_t kWidth = 132;
  std::string text = duty_text(question);
  Footnotes notes("");
  std::set<std::pair<base::Tier, std::string>> benches;
  for (const BatteryAnswer& answer : answers) benches.emplace(answer.cell.tier, answer.cell.bench);
  for (const auto& [tier, bench] : benches) {
    std::vector<const BatteryAnswer*> of_bench;
    for (const BatteryAnswer& answer : answers) {
      if (answer.cell.tier == tier && answer.cell.bench == bench) of_bench.push_back(&answer);
    }
    text += "\n" + bench_title(of_bench.front()->cell);
    text += life_table(of_bench, notes).text(kWidth);
    text += "\nenergy a day\n" + parts_table(of_bench).text(kWidth);
    if (question.budget_uj) {
      text += fmt::format("\nbudget: {} an answer\n", energy_text(*question.budget_uj));
      text += budget_table(of_bench).text(kWidth);
    }
  }
  const std::string footnotes = notes.text();
  return footnotes.empty() ? text : text + "\n" + footnotes;
}

nlohmann::ordered_json battery_json(const BatteryQuestion& question,
                                    const std::vector<BatteryAnswer>& answers) {
  const Duty& duty = question.duty;
  nlohmann::ordered_json stated = nlohmann::ordered_json::object();
  const auto add_stated = [&](const char* name, const analyse::Stated& value) {
    if (value.source.empty()) return;
    stated[name] = figure_json(value.figure);
    stated[name]["source"] = value.source;
  };
  add_stated("sleep_uw", duty.sleep_uw);
  add_stated("detector_uw", duty.detector_uw);
  add_stated("wake_uj", duty.wake_uj);
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const BatteryAnswer& answer : answers) list.push_back(answer_json(answer));
  nlohmann::ordered_json json = {{"run_id", question.run_id},
                                 {"duty", duty.name},
                                 {"queries_per_day", duty.queries_per_day},
                                 {"wake_ups_per_day", duty.wake_ups_per_day},
                                 {"battery_uj", duty.battery.energy_uj()},
                                 {"converter_efficiency", duty.converter_efficiency},
                                 {"stated", std::move(stated)}};
  if (question.budget_uj) json["budget_uj"] = *question.budget_uj;
  json["cells"] = std::move(list);
  return json;
}

}  // namespace slmrig::cli
