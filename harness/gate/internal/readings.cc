#include "harness/gate/internal/readings.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/analyse/percentile.h"
#include "harness/base/suggest.h"
#include "harness/base/wildcard.h"

namespace slmrig::gate {
namespace {

using base::matches_wildcard;
using base::MetricBasis;
using base::MetricScope;

constexpr double kPercent = 100;

bool is_energy(const base::Metric& metric) { return metric.basis == MetricBasis::kEnergy; }

// Whether figures of such a session may meet the budget at all. Time and energy of anything but hardware
// never do.
bool tier_fits(const base::Metric& metric, base::Tier tier) {
  if (is_energy(metric)) return tier == base::Tier::kHardware;
  switch (metric.basis) {
    case MetricBasis::kTime: return tier == base::Tier::kHardware;
    case MetricBasis::kInstructions: return tier == base::Tier::kEmulated;
    default: return true;
  }
}

bool names_fit(const Selectors& selectors, const GateSession& session) {
  return matches_wildcard(selectors.bench, session.bench) &&
         matches_wildcard(selectors.board, session.board) &&
         matches_wildcard(selectors.model, session.model) &&
         matches_wildcard(selectors.variant, session.variant);
}

// "256" of "ctx=256 new=32 ...": the value of a word of a settings text; empty where it is not in it.
std::string_view setting(std::string_view settings, std::string_view name) {
  std::size_t at = 0;
  while (at < settings.size()) {
    const std::size_t end = std::min(settings.find(' ', at), settings.size());
    const std::string_view word = settings.substr(at, end - at);
    if (word.size() > name.size() && word.starts_with(name) && word[name.size()] == '=') {
      return word.substr(name.size() + 1);
    }
    at = end + 1;
  }
  return {};
}

std::optional<int> supply_of(std::string_view settings) {
  const std::string_view text = setting(settings, "supply_mv");
  int mv = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mv);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return mv;
}

// The part of a cell's settings that its session shares.
std::string session_settings(std::string_view settings) {
  std::string text;
  for (const std::string_view name : {"ctx", "kv", "supply_mv"}) {
    const std::string_view value = setting(settings, name);
    if (!value.empty()) text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
  }
  return text;
}

bool conditions_fit(const Budget& budget, const GateSession& session, const GateCell& cell,
                    std::optional<int> lowest_supply_mv) {
  if (budget.context_tokens && setting(cell.settings, "ctx") != std::to_string(*budget.context_tokens))
    return false;
  if (budget.supply_mv && supply_of(cell.settings) != budget.supply_mv) return false;
  if (budget.lowest_supply && supply_of(cell.settings) != lowest_supply_mv) return false;
  if (!budget.least_temperature_c && !budget.most_temperature_c) return true;
  if (!session.temperature_c) return false;
  return *session.temperature_c >= budget.least_temperature_c.value_or(*session.temperature_c) &&
         *session.temperature_c <= budget.most_temperature_c.value_or(*session.temperature_c);
}

// By bench: the lowest supply that a cell of the budget was planned at.
std::map<std::string, int> lowest_supplies(const Budget& budget,
                                           const std::vector<const GateSession*>& sessions) {
  std::map<std::string, int> lowest;
  for (const GateSession* session : sessions) {
    if (!names_fit(budget.selectors, *session)) continue;
    for (const GateCell& cell : session->cells) {
      if (const auto mv = supply_of(cell.settings)) {
        const auto [at, is_new] = lowest.emplace(session->bench, *mv);
        if (!is_new) at->second = std::min(at->second, *mv);
      }
    }
  }
  return lowest;
}

// The answer's costs that the metric is about.
std::vector<double> costs_of(const base::Metric& metric, const AnswerConditions& conditions,
                             const Answer& answer) {
  if (conditions.full_context && !answer.filled_context) return {};
  if (conditions.no_early_end && answer.ended_early) return {};
  const std::vector<double>& costs = answer.token_costs;
  if (costs.empty()) return {};
  if (metric.name.starts_with("ttft_")) return {costs.front()};
  if (metric.name.starts_with("token_")) return {costs.begin() + 1, costs.end()};
  const std::size_t tokens = conditions.tokens == 0 ? costs.size() : conditions.tokens;
  if (tokens > costs.size()) return {};
  double sum = 0;
  for (std::size_t i = 0; i < tokens; ++i) sum += costs[i];
  return {sum};
}

std::string conditions_text(const AnswerConditions& conditions) {
  std::string text = "no answer";
  if (conditions.tokens != 0) text += fmt::format(" of {} tokens or more", conditions.tokens);
  if (conditions.full_context) text += " that filled the context";
  if (conditions.no_early_end) text += " that went to its limit";
  return text;
}

struct Absent {
  std::string why;
};
struct Doubted {
  std::string why;
};
using MaybeReading = std::variant<Reading, Absent, Doubted>;

const MetricValue* value_of(const std::vector<MetricValue>& values, std::string_view metric) {
  const auto found =
      std::find_if(values.begin(), values.end(), [&](const auto& each) { return each.metric == metric; });
  return found == values.end() ? nullptr : &*found;
}

MaybeReading read_singles(const Budget& budget, const GateCell& cell, double quantile, Reading reading) {
  for (const Answer& answer : cell.answers) {
    const std::vector<double> costs = costs_of(*budget.metric, budget.answers, answer);
    reading.singles.insert(reading.singles.end(), costs.begin(), costs.end());
  }
  if (reading.singles.empty()) {
    return Absent{budget.answers.any() ? conditions_text(budget.answers)
                                       : fmt::format("no figure of {}", budget.metric->name)};
  }
  reading.value = *analyse::percentile(reading.singles, quantile * kPercent);
  reading.samples = reading.singles.size();
  return reading;
}

MaybeReading read_energy_value(const GateCell& cell, const MetricValue& value, Reading reading) {
  if (value.tier.value_or(base::Tier::kHardware) != base::Tier::kHardware) {
    return Absent{"the energy is modelled, and no budget is met by that"};
  }
  if (!value.doubts.empty()) return Doubted{fmt::format("{}", fmt::join(value.doubts, "; "))};
  reading.energy = cell.energy;
  return reading;
}

MaybeReading read_cell(const Budget& budget, const GateSession& session, const GateCell& cell) {
  const base::Metric& metric = *budget.metric;
  if (cell.status != base::CellStatus::kOk) {
    return Absent{
        fmt::format("{}{}{}", base::to_string(cell.status), cell.reason.empty() ? "" : ": ", cell.reason)};
  }
  if (!cell.doubts.empty()) return Doubted{fmt::format("{}", fmt::join(cell.doubts, "; "))};
  Reading reading;
  reading.session = &session;
  if (const auto quantile = quantile_of_singles(metric))
    return read_singles(budget, cell, *quantile, reading);
  const bool of_session = metric.scope == MetricScope::kSession;
  const MetricValue* value = value_of(of_session ? session.values : cell.values, metric.name);
  if (value == nullptr || !std::isfinite(value->value))
    return Absent{fmt::format("no figure of {}", metric.name)};
  reading.value = value->value;
  reading.samples = value->samples;
  if (budget.prompts_are_sample) {
    const bool of_intents = metric.name == "intent_accuracy";
    for (const Answer& answer : cell.answers) {
      const std::optional<bool>& is_right = of_intents ? answer.intent_right : answer.correct;
      if (!is_right) continue;
      auto& [right, of] = reading.prompts[answer.prompt_id];
      right += *is_right ? 1 : 0;
      ++of;
    }
    if (reading.prompts.empty()) return Absent{fmt::format("no answers of {}", metric.name)};
  }
  return is_energy(metric) ? read_energy_value(cell, *value, std::move(reading)) : reading;
}

void add_once(std::vector<std::string>& texts, std::string text) {
  if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(std::move(text));
}

void add_reading(MaybeReading maybe, BenchReadings& bench) {
  if (auto* reading = std::get_if<Reading>(&maybe)) {
    bench.readings.push_back(std::move(*reading));
  } else if (auto* absent = std::get_if<Absent>(&maybe)) {
    add_once(bench.absences, std::move(absent->why));
  } else {
    add_once(bench.doubts, std::move(std::get<Doubted>(maybe).why));
  }
}

// Of a session's own metric any cell that went well may speak.
const GateCell* speaker_of(const GateSession& session, const std::vector<const GateCell*>& cells) {
  const auto rank = [&](const GateCell* cell) {
    return cell->status != base::CellStatus::kOk ? 2 : cell->doubts.empty() ? 0 : 1;
  };
  SLMRIG_CHECK(!cells.empty() && !session.cells.empty());
  return *std::min_element(cells.begin(), cells.end(), [&](const GateCell* left, const GateCell* right) {
    return rank(left) < rank(right);
  });
}

void add_session(const Budget& budget, const GateSession& session, const std::map<std::string, int>& lowest,
                 BudgetReadings& rows) {
  const bool of_session = budget.metric->scope == MetricScope::kSession;
  const auto lowest_here = lowest.find(session.bench);
  const std::optional<int> lowest_mv =
      lowest_here == lowest.end() ? std::nullopt : std::optional<int>(lowest_here->second);
  std::map<RowKey, std::vector<const GateCell*>> cells;
  for (const GateCell& cell : session.cells) {
    if (cell.status == base::CellStatus::kNotApplicable) continue;
    if (!matches_wildcard(budget.selectors.suite, cell.suite)) continue;
    if (!conditions_fit(budget, session, cell, lowest_mv)) continue;
    cells[{session.board, session.model, session.variant, of_session ? "" : cell.suite,
           of_session ? session_settings(cell.settings) : cell.settings}]
        .push_back(&cell);
  }
  for (const auto& [key, of_row] : cells) {
    BenchReadings& bench = rows[key][session.bench];
    bench.all.push_back(&session);
    const GateCell* speaker = speaker_of(session, of_row);
    add_reading(read_cell(budget, session, *speaker), bench);
  }
}

}  // namespace

std::optional<double> quantile_of_singles(const base::Metric& metric) {
  const bool of_singles = metric.name.starts_with("token_") || metric.name.starts_with("ttft_") ||
                          metric.name.starts_with("answer_");
  const std::size_t last = metric.name.rfind('_');
  if (!of_singles || last == std::string_view::npos) return std::nullopt;
  const std::string_view statistic = metric.name.substr(last + 1);
  if (statistic == "max") return 1;
  int percent = 0;
  if (!statistic.starts_with('p')) return std::nullopt;
  const auto [end, error] =
      std::from_chars(statistic.data() + 1, statistic.data() + statistic.size(), percent);
  if (error != std::errc() || end != statistic.data() + statistic.size()) return std::nullopt;
  return percent / kPercent;
}

BudgetReadings read_budget_rows(const Budget& budget, const std::vector<const GateSession*>& sessions) {
  const std::map<std::string, int> lowest =
      budget.lowest_supply ? lowest_supplies(budget, sessions) : std::map<std::string, int>();
  BudgetReadings rows;
  for (const GateSession* session : sessions) {
    if (!tier_fits(*budget.metric, session->tier) || !names_fit(budget.selectors, *session)) continue;
    add_session(budget, *session, lowest, rows);
  }
  return rows;
}

std::optional<BenchReadings> read_release(const Budget& budget, const RowKey& row, const std::string& bench,
                                          const std::vector<const GateSession*>& sessions) {
  BudgetReadings rows = read_budget_rows(budget, sessions);
  const auto of_row = rows.find(row);
  if (of_row == rows.end()) return std::nullopt;
  const auto of_bench = of_row->second.find(bench);
  if (of_bench == of_row->second.end()) return std::nullopt;
  return std::move(of_bench->second);
}

std::string why_nothing(const Budget& budget, const std::vector<const GateSession*>& sessions) {
  if (sessions.empty()) return "nothing was measured";
  const auto complaint = [](std::string_view kind, const std::string& pattern,
                            const std::set<std::string>& known) {
    const bool found = std::any_of(known.begin(), known.end(),
                                   [&](const std::string& name) { return matches_wildcard(pattern, name); });
    return found ? std::string() : base::unknown_name(kind, pattern, {known.begin(), known.end()});
  };
  std::map<std::string_view, std::set<std::string>> known;
  for (const GateSession* session : sessions) {
    known["bench"].insert(session->bench);
    known["board"].insert(session->board);
    known["model"].insert(session->model);
    known["variant"].insert(session->variant);
    for (const GateCell& cell : session->cells) known["suite"].insert(cell.suite);
  }
  const Selectors& selectors = budget.selectors;
  for (const auto& [kind, pattern] :
       {std::pair<std::string_view, const std::string&>("bench", selectors.bench),
        {"board", selectors.board},
        {"model", selectors.model},
        {"variant", selectors.variant},
        {"suite", selectors.suite}}) {
    std::string text = complaint(kind, pattern, known[kind]);
    if (!text.empty()) return "not measured: " + text;
  }
  std::set<std::string_view> tiers;
  for (const GateSession* session : sessions) {
    if (!names_fit(selectors, *session)) continue;
    if (tier_fits(*budget.metric, session->tier))
      return "no cell has these names, settings and conditions together";
    tiers.insert(base::to_string(session->tier));
  }
  if (tiers.empty()) return "no session has these names together";
  const bool instructions = budget.metric->basis == MetricBasis::kInstructions;
  return fmt::format("{} {}, and there are only figures of tier {}", budget.metric->name,
                     instructions ? "is counted on emulated boards" : "is met by tier hardware alone",
                     fmt::join(tiers, ", "));
}

}  // namespace slmrig::gate
