#include "harness/analyse/measured_energy.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include <fmt/format.h>
#include <boost/math/distributions/students_t.hpp>

#include "harness/analyse/energy.h"

namespace slmrig::analyse {
namespace {

using base::EnergyPhase;
using base::PhaseEnergy;

const PhaseEnergy* find_phase(const base::Energy& energy, EnergyPhase phase) {
  const auto found = std::find_if(energy.phases.begin(), energy.phases.end(),
                                  [&](const PhaseEnergy& each) { return each.phase == phase; });
  return found == energy.phases.end() || found->duration_ns <= 0 ? nullptr : &*found;
}

double seconds_of(const PhaseEnergy& phase) { return static_cast<double>(phase.duration_ns) * 1e-9; }

Figure idle_power(const PhaseEnergy& idle) {
  return {idle.gross_uj / seconds_of(idle), idle.expanded_uncertainty_uj / seconds_of(idle)};
}

double count_of(const PhaseEnergy& phase) { return std::max(1U, phase.generations); }

void add_doubts(const std::vector<std::string>& more, std::vector<std::string>& doubts) {
  for (const std::string& doubt : more) {
    if (std::find(doubts.begin(), doubts.end(), doubt) == doubts.end()) doubts.push_back(doubt);
  }
}

void add_windows(const std::vector<base::EnergyWindow>& windows, MeasuredCell& cell) {
  if (windows.empty()) return;
  const WindowFigures figures = window_figures(windows);
  cell.windows = static_cast<uint32_t>(windows.size());
  cell.window_uj = Figure{figures.median_uj, figures.expanded_uncertainty_uj};
  cell.comparative_uj = {figures.median_uj, figures.comparative_uncertainty_uj};
}

// Absent: not all the phases that an answer has were seen.
std::optional<MeasuredCell> answers_of(const store::SessionRow& session, const store::CellData& data) {
  const base::Energy& energy = *data.energy;
  const PhaseEnergy* idle = find_phase(energy, EnergyPhase::kIdle);
  const PhaseEnergy* prefill = find_phase(energy, EnergyPhase::kPrefill);
  if (idle == nullptr || prefill == nullptr) return std::nullopt;
  MeasuredCell cell;
  cell.bench = session.bench;
  cell.unit_id = session.unit_id;
  cell.board = session.board;
  cell.model = session.model;
  cell.variant = session.variant;
  cell.suite = data.cell.suite;
  cell.settings = data.cell.settings;
  cell.tier = energy.tier;
  cell.meter = energy.meter;
  cell.supply_mv = energy.supply_mv;
  cell.sessions = 1;
  cell.answers = prefill->generations;
  cell.idle_uw = idle_power(*idle);
  cell.prefill_uj = times({prefill->net_uj, prefill->expanded_uncertainty_uj}, 1 / count_of(*prefill));
  cell.comparative_uj = times({prefill->net_uj, prefill->comparative_uncertainty_uj}, 1 / count_of(*prefill));
  cell.answer_s = seconds_of(*prefill) / count_of(*prefill);
  // Absent where every answer was one token long.
  if (const PhaseEnergy* decode = find_phase(energy, EnergyPhase::kDecode)) {
    const double share = 1 / count_of(*decode);
    cell.decode_uj = times({decode->net_uj, decode->expanded_uncertainty_uj}, share);
    cell.comparative_uj =
        plus(cell.comparative_uj, times({decode->net_uj, decode->comparative_uncertainty_uj}, share));
    cell.decode_tokens = static_cast<double>(decode->tokens) * share;
    cell.answer_s += seconds_of(*decode) * share;
    add_doubts(decode->doubts, cell.doubts);
  }
  add_windows(energy.windows, cell);
  for (const base::GenerationEnergy& answer : energy.generations) {
    cell.answers_uj.push_back({answer.gross_uj, answer.expanded_uncertainty_uj});
  }
  add_doubts(idle->doubts, cell.doubts);
  add_doubts(prefill->doubts, cell.doubts);
  add_doubts(energy.doubts, cell.doubts);
  return cell;
}

void add_cold_start(const std::optional<base::Energy>& energy, MeasuredCell& cell) {
  if (!energy) {
    cell.cold_start_missing = "no cold start was measured by a meter";
    return;
  }
  if (energy->tier != cell.tier) {
    cell.cold_start_missing = fmt::format(
        "its cold starts have an energy of tier {}, its answers one of tier {}; they are not added",
        base::to_string(energy->tier), base::to_string(cell.tier));
    return;
  }
  const auto gross = [&](EnergyPhase phase) -> std::optional<Figure> {
    const PhaseEnergy* found = find_phase(*energy, phase);
    if (found == nullptr) return std::nullopt;
    const double share = 1 / count_of(*found);
    cell.cold_start_s += seconds_of(*found) * share;
    add_doubts(found->doubts, cell.doubts);
    return times({found->gross_uj, found->expanded_uncertainty_uj}, share);
  };
  cell.boot_uj = gross(EnergyPhase::kBoot);
  cell.load_uj = gross(EnergyPhase::kLoad);
  if (!cell.boot_uj && !cell.load_uj) cell.cold_start_missing = "the meter saw neither boot nor load";
}

auto identity_of(const MeasuredCell& cell) {
  return std::tie(cell.bench, cell.unit_id, cell.model, cell.variant, cell.suite, cell.settings, cell.meter);
}

Figure mean_of(const std::vector<MeasuredCell>& cells, Figure MeasuredCell::*member) {
  Figure sum;
  for (const MeasuredCell& cell : cells) sum = plus(sum, cell.*member);
  return times(sum, 1 / static_cast<double>(cells.size()));
}

// Of the sessions that measured it.
std::optional<Figure> mean_of(const std::vector<MeasuredCell>& cells,
                              std::optional<Figure> MeasuredCell::*member) {
  Figure sum;
  double count = 0;
  for (const MeasuredCell& cell : cells) {
    if (!(cell.*member)) continue;
    sum = plus(sum, *(cell.*member));
    ++count;
  }
  if (count == 0) return std::nullopt;
  return times(sum, 1 / count);
}

double mean_of(const std::vector<MeasuredCell>& cells, double MeasuredCell::*member) {
  double sum = 0;
  for (const MeasuredCell& cell : cells) sum += cell.*member;
  return sum / static_cast<double>(cells.size());
}

double scatter_of(const std::vector<MeasuredCell>& cells) {
  const auto count = static_cast<double>(cells.size());
  if (cells.size() < 2) return 0;
  double mean = 0;
  for (const MeasuredCell& cell : cells) mean += cell.net_uj().value / count;
  double squares = 0;
  for (const MeasuredCell& cell : cells) {
    const double off = cell.net_uj().value - mean;
    squares += off * off;
  }
  const double student = boost::math::quantile(boost::math::students_t(count - 1), 0.975);
  return student * std::sqrt(squares / (count - 1) / count);
}

MeasuredCell pooled(const std::vector<MeasuredCell>& sessions) {
  MeasuredCell cell = sessions.front();
  cell.sessions = static_cast<uint32_t>(sessions.size());
  cell.idle_uw = mean_of(sessions, &MeasuredCell::idle_uw);
  cell.prefill_uj = mean_of(sessions, &MeasuredCell::prefill_uj);
  cell.decode_uj = mean_of(sessions, &MeasuredCell::decode_uj);
  cell.window_uj = mean_of(sessions, &MeasuredCell::window_uj);
  cell.comparative_uj = mean_of(sessions, &MeasuredCell::comparative_uj);
  cell.decode_tokens = mean_of(sessions, &MeasuredCell::decode_tokens);
  cell.answer_s = mean_of(sessions, &MeasuredCell::answer_s);
  cell.boot_uj = mean_of(sessions, &MeasuredCell::boot_uj);
  cell.load_uj = mean_of(sessions, &MeasuredCell::load_uj);
  cell.scatter_uj = scatter_of(sessions);
  double cold_starts = 0;
  cell.cold_start_s = 0;
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    const MeasuredCell& session = sessions[i];
    if (session.cold_start_missing.empty()) {
      cell.cold_start_s += session.cold_start_s;
      ++cold_starts;
    }
    if (i == 0) continue;
    cell.answers += session.answers;
    cell.windows += session.windows;
    cell.answers_uj.insert(cell.answers_uj.end(), session.answers_uj.begin(), session.answers_uj.end());
    add_doubts(session.doubts, cell.doubts);
  }
  if (cold_starts > 0) {
    cell.cold_start_s /= cold_starts;
    cell.cold_start_missing.clear();
  }
  return cell;
}

}  // namespace

Figure times(const Figure& figure, double factor) {
  return {figure.value * factor, figure.half_width * std::abs(factor)};
}

Figure plus(const Figure& left, const Figure& right) {
  return {left.value + right.value, left.half_width + right.half_width};
}

Figure MeasuredCell::net_uj() const { return window_uj ? *window_uj : plus(prefill_uj, decode_uj); }

Figure MeasuredCell::answer_uj() const {
  const Figure gross = plus(net_uj(), times(idle_uw, answer_s));
  return {gross.value, std::hypot(gross.half_width, scatter_uj)};
}

base::Result<std::vector<MeasuredCell>> measured_cells(const store::RunData& run) {
  std::vector<std::vector<MeasuredCell>> groups;
  for (const store::SessionData& session : run.sessions) {
    for (const store::CellData& data : session.cells) {
      if (data.cell.status != base::CellStatus::kOk || !data.energy) continue;
      std::optional<MeasuredCell> cell = answers_of(session.session, data);
      if (!cell) continue;
      add_cold_start(session.cold_start_energy, *cell);
      const auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& each) {
        return identity_of(each.front()) == identity_of(*cell);
      });
      if (group == groups.end()) {
        groups.push_back({std::move(*cell)});
      } else if (group->front().tier != cell->tier) {
        return base::fail(
            base::ErrorCode::kBadInput,
            fmt::format(
                "one session has an energy of tier {}, another of tier {}; figures of different tiers "
                "are never put together: choose a run of one tier",
                base::to_string(group->front().tier), base::to_string(cell->tier)),
            fmt::format("{} {} {} on {}", cell->model, cell->variant, cell->suite, cell->bench));
      } else {
        group->push_back(std::move(*cell));
      }
    }
  }
  std::vector<MeasuredCell> cells;
  cells.reserve(groups.size());
  for (const auto& group : groups) cells.push_back(pooled(group));
  return cells;
}

}  // namespace slmrig::analyse
