#include "harness/campaign/gate_input.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "harness/analyse/noise.h"
#include "harness/analyse/series.h"
#include "harness/analyse/stable_level.h"
#include "harness/analyse/summary.h"
#include "harness/base/suggest.h"
#include "harness/base/wildcard.h"
#include "harness/store/releases.h"

namespace slmrig::campaign {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

constexpr double kNanosecondsPerMillisecond = 1e6;

// The hottest place that the board told of, after measuring or else before.
std::optional<double> temperature_of(const base::Provenance& facts) {
  for (const std::string_view when : {"board.after.thermal.", "board.before.thermal."}) {
    std::optional<double> hottest;
    for (auto it = facts.lower_bound(std::string(when)); it != facts.end() && it->first.starts_with(when);
         ++it) {
      double millidegrees = 0;
      const std::string& text = it->second;
      if (!it->first.ends_with("_mc")) continue;
      if (std::from_chars(text.data(), text.data() + text.size(), millidegrees).ec != std::errc()) continue;
      hottest = std::max(hottest.value_or(-1e9), millidegrees / 1000);
    }
    if (hottest) return hottest;
  }
  return std::nullopt;
}

gate::Answer answer_of(const store::GenerationRow& row, const store::SessionRow& session) {
  gate::Answer answer;
  answer.prompt_id = row.prompt_id;
  answer.repeat = row.repeat;
  answer.ended_early = row.finish == base::Finish::kEndToken;
  answer.filled_context = row.finish == base::Finish::kContextFull;
  answer.correct = row.correct;
  answer.intent_right = analyse::is_intent_right(row);
  if (session.cost_unit == store::CostUnit::kNone) return answer;
  const double unit = session.cost_unit == store::CostUnit::kNanoseconds ? kNanosecondsPerMillisecond : 1;
  answer.token_costs.reserve(row.token_costs.size());
  for (const int64_t cost : row.token_costs) answer.token_costs.push_back(static_cast<double>(cost) / unit);
  return answer;
}

// As shares of the net energy of answers. The uncertainties of the phases add up: what makes them, the meter,
// is the same.
gate::EnergyUncertainty energy_uncertainty(const base::Energy& energy) {
  gate::EnergyUncertainty uncertainty;
  uncertainty.meter = energy.meter;
  double net = 0;
  for (const base::PhaseEnergy& phase : energy.phases) {
    if (phase.phase != base::EnergyPhase::kPrefill && phase.phase != base::EnergyPhase::kDecode) continue;
    net += phase.net_uj;
    uncertainty.absolute += phase.expanded_uncertainty_uj;
    uncertainty.comparative += phase.comparative_uncertainty_uj;
  }
  if (net != 0) {
    uncertainty.absolute /= std::abs(net);
    uncertainty.comparative /= std::abs(net);
  }
  return uncertainty;
}

gate::GateCell gate_cell(const store::CellData& data, const store::SessionRow& session) {
  gate::GateCell cell;
  cell.cell_id = data.cell.cell_id;
  cell.suite = data.cell.suite;
  cell.settings = data.cell.settings;
  cell.status = data.cell.status;
  cell.reason = data.cell.ended_at_ns ? data.cell.reason : "did not end";
  cell.doubts = data.cell.doubts;
  for (const store::GenerationRow& row : data.generations) cell.answers.push_back(answer_of(row, session));
  if (data.energy) cell.energy = energy_uncertainty(*data.energy);
  return cell;
}

bool may_matter(const gate::BudgetFile& budgets, const store::SessionRow& session) {
  return std::any_of(budgets.budgets.begin(), budgets.budgets.end(), [&](const gate::Budget& budget) {
    const gate::Selectors& wanted = budget.selectors;
    return base::matches_wildcard(wanted.bench, session.bench) &&
           base::matches_wildcard(wanted.board, session.board) &&
           base::matches_wildcard(wanted.model, session.model) &&
           base::matches_wildcard(wanted.variant, session.variant);
  });
}

// Without answers and values: so that messages can name what else was measured.
gate::GateSession names_only(const store::SessionRow& row) {
  gate::GateSession session;
  session.run_id = row.run_id;
  session.session_id = row.session_id;
  session.bench = row.bench;
  session.unit_id = row.unit_id;
  session.board = row.board;
  session.engine = row.engine;
  session.model = row.model;
  session.variant = row.variant;
  session.tier = row.tier;
  session.context_tokens = row.context_tokens;
  session.started_at_ns = row.started_at_ns;
  session.image_sha256 = row.image_sha256;
  session.agent_build_id = row.agent_build_id;
  return session;
}

Result<std::vector<gate::GateSession>> read_sessions(store::Reader& reader, const gate::BudgetFile& budgets,
                                                     const std::string& run_id) {
  SLMRIG_ASSIGN(const std::vector<store::SessionRow> rows, reader.sessions(run_id));
  std::vector<gate::GateSession> sessions;
  for (const store::SessionRow& row : rows) {
    if (!may_matter(budgets, row)) {
      sessions.push_back(names_only(row));
      continue;
    }
    SLMRIG_ASSIGN(const store::SessionData data, reader.session_data(row.session_id));
    SLMRIG_ASSIGN(const std::vector<store::SeriesValue> stored, reader.series_values(row.session_id));
    sessions.push_back(gate_session(data, stored));
  }
  return sessions;
}

// The runs of a release: those that were pinned as it, else those that carry its name as their label or
// build, or the run of that id.
Result<std::vector<store::RunRow>> runs_of_release(store::Reader& reader, const std::string& database,
                                                   const std::string& name) {
  SLMRIG_ASSIGN(const std::vector<store::RunRow> all, reader.runs());
  SLMRIG_ASSIGN(const std::vector<store::ReleaseRow> releases, store::releases(database));
  std::set<std::string> pinned;
  std::set<std::string> known;
  for (const store::ReleaseRow& release : releases) {
    known.insert(release.name);
    if (release.name == name) pinned.insert(release.run_ids.begin(), release.run_ids.end());
  }
  std::vector<store::RunRow> runs;
  for (const store::RunRow& run : all) {
    const bool named = run.label == name || run.build == name;
    if (pinned.empty() ? named : pinned.contains(run.run_id)) runs.push_back(run);
    for (const std::string* text : {&run.label, &run.build}) {
      if (!text->empty()) known.insert(*text);
    }
  }
  if (!runs.empty()) return runs;
  if (Result<store::RunRow> run = reader.find_run(name)) return std::vector{std::move(*run)};
  return fail(ErrorCode::kBadInput,
              known.empty() ? fmt::format("unknown release '{}'; slmrig release pin makes one", name)
                            : base::unknown_name("release", name, {known.begin(), known.end()}));
}

base::Done read_release(store::Reader& reader, const gate::BudgetFile& budgets, const GateQuestion& question,
                        const std::string& name, gate::GateInput& input) {
  const bool is_baseline = name == gate::kBaseline;
  if (is_baseline && question.baseline.empty()) {
    return fail(ErrorCode::kBadInput, "limits compare with a baseline; name it with --baseline RELEASE",
                budgets.file);
  }
  auto runs = runs_of_release(reader, question.database, is_baseline ? question.baseline : name);
  if (!runs) return tl::unexpected(base::within(budgets.file, runs.error()));
  std::vector<gate::GateSession>& sessions = input.releases[name];
  for (const store::RunRow& run : *runs) {
    SLMRIG_ASSIGN(std::vector<gate::GateSession> more, read_sessions(reader, budgets, run.run_id));
    sessions.insert(sessions.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
  }
  return {};
}

// Metrics whose sessions differ by chance.
std::vector<std::string> noisy_metrics(const gate::BudgetFile& budgets) {
  std::set<std::string> names;
  for (const gate::Budget& budget : budgets.budgets) {
    const base::Metric& metric = *budget.metric;
    const bool exact =
        metric.basis == base::MetricBasis::kInstructions || metric.basis == base::MetricBasis::kAny;
    if (!exact || metric.name.starts_with("memory_process") || metric.name.starts_with("memory_cgroup")) {
      names.emplace(metric.name);
    }
  }
  return {names.begin(), names.end()};
}

gate::HistoryNames names_of(const store::SeriesKey& key, const std::string& unit) {
  return {key.bench, unit, key.engine, key.model, key.variant, key.suite, key.settings, key.metric};
}

// Of each board that stood on a bench: neighbours are compared only where the board is the same.
void add_spreads(const store::History& history, const store::Series& series,
                 const std::set<std::string>& gated, std::vector<gate::HistorySpread>& spreads) {
  struct OfUnit {
    std::vector<double> values;
    std::set<std::string> runs;
  };
  std::map<std::string, OfUnit> units;
  for (const store::SeriesPoint& point : series.points) {
    const store::HistorySession& session = history.sessions[point.session];
    if (!point.trusted || gated.contains(session.run_id)) continue;
    units[session.unit_id].values.push_back(point.value);
    units[session.unit_id].runs.insert(session.run_id);
  }
  for (const auto& [unit, of_unit] : units) {
    gate::HistorySpread spread;
    spread.of = names_of(series.key, unit);
    spread.standard_deviation = analyse::estimate_noise(of_unit.values).sigma;
    spread.nights = static_cast<uint32_t>(of_unit.runs.size());
    spreads.push_back(std::move(spread));
  }
}

base::Done read_spreads(store::Reader& reader, const gate::BudgetFile& budgets, gate::GateInput& input) {
  store::HistoryFilter filter;
  filter.metrics = noisy_metrics(budgets);
  if (filter.metrics.empty()) return {};
  std::set<std::string> gated;
  std::set<std::string> benches;
  for (const gate::GateSession& session : input.sessions) {
    gated.insert(session.run_id);
    // Nothing of an emulated board differs by chance.
    if (session.tier == base::Tier::kHardware && !session.cells.empty()) benches.insert(session.bench);
  }
  if (benches.empty()) return {};
  filter.benches.assign(benches.begin(), benches.end());
  SLMRIG_ASSIGN(const store::History history, reader.history(filter));
  for (const store::Series& series : history.series) add_spreads(history, series, gated, input.spreads);
  return {};
}

// Levels of the nights before the gated runs, of what limits of drift are about.
base::Done read_stable(store::Reader& reader, const gate::BudgetFile& budgets, gate::GateInput& input) {
  std::set<std::string> metrics;
  std::set<std::string> benches;
  int64_t before_ns = std::numeric_limits<int64_t>::max();
  for (const gate::Budget& budget : budgets.budgets) {
    if (budget.limit.is_of_drift()) metrics.emplace(budget.metric->name);
  }
  for (const gate::GateSession& session : input.sessions) {
    before_ns = std::min(before_ns, session.started_at_ns);
    if (!session.cells.empty()) benches.insert(session.bench);
  }
  if (metrics.empty() || benches.empty()) return {};
  store::HistoryFilter filter;
  filter.metrics.assign(metrics.begin(), metrics.end());
  filter.benches.assign(benches.begin(), benches.end());
  filter.until_ns = before_ns;
  SLMRIG_ASSIGN(const store::History history, reader.history(filter));
  for (const store::Series& series : history.series) {
    analyse::StableLevel level = analyse::stable_level(series, history, before_ns);
    gate::HistoryNames names = names_of(series.key, level.unit_id);
    input.stable.push_back({std::move(names), series.key.tier, std::move(level)});
  }
  return {};
}

Result<std::vector<store::RunRow>> gated_runs(store::Reader& reader,
                                              const std::vector<std::string>& selectors) {
  std::vector<store::RunRow> runs;
  std::set<std::string> seen;
  for (const std::string& selector : selectors.empty() ? std::vector<std::string>{"latest"} : selectors) {
    SLMRIG_ASSIGN(store::RunRow run, reader.find_run(selector));
    if (seen.insert(run.run_id).second) runs.push_back(std::move(run));
  }
  return runs;
}

}  // namespace

gate::GateSession gate_session(const store::SessionData& data,
                               const std::vector<store::SeriesValue>& stored) {
  std::vector<store::SeriesValue> values = analyse::series_values(data);
  for (const store::SeriesValue& value : stored) {
    const bool known = std::any_of(values.begin(), values.end(), [&](const store::SeriesValue& each) {
      return each.metric == value.metric && each.cell_id == value.cell_id;
    });
    if (!known) values.push_back(value);
  }
  gate::GateSession session = names_only(data.session);
  session.temperature_c = temperature_of(data.provenance);
  std::map<std::string, std::vector<gate::MetricValue>> of_cells;
  for (store::SeriesValue& value : values) {
    std::vector<gate::MetricValue>& into = value.cell_id.empty() ? session.values : of_cells[value.cell_id];
    into.push_back(
        {std::move(value.metric), value.samples, value.value, value.tier, std::move(value.doubts)});
  }
  for (const store::CellData& cell : data.cells) {
    session.cells.push_back(gate_cell(cell, data.session));
    session.cells.back().values = std::move(of_cells[cell.cell.cell_id]);
  }
  return session;
}

Result<gate::GateInput> read_gate_input(store::Reader& reader, const gate::BudgetFile& budgets,
                                        const GateQuestion& question) {
  gate::GateInput input;
  input.now_ns = question.now_ns;
  SLMRIG_ASSIGN(const std::vector<store::RunRow> runs, gated_runs(reader, question.runs));
  for (const store::RunRow& run : runs) {
    if (!run.ended_at_ns || run.interrupted) input.unfinished_runs.push_back(run.run_id);
    SLMRIG_ASSIGN(std::vector<gate::GateSession> sessions, read_sessions(reader, budgets, run.run_id));
    input.sessions.insert(input.sessions.end(), std::make_move_iterator(sessions.begin()),
                          std::make_move_iterator(sessions.end()));
  }
  std::vector<std::string> releases = budgets.releases();
  for (const std::string& release : releases) {
    SLMRIG_TRY(read_release(reader, budgets, question, release, input));
  }
  SLMRIG_TRY(read_spreads(reader, budgets, input));
  SLMRIG_TRY(read_stable(reader, budgets, input));
  return input;
}

}  // namespace slmrig::campaign
