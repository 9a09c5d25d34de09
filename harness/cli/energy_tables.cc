#include "harness/cli/energy_tables.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "harness/analyse/energy.h"
#include "harness/analyse/measured_energy.h"
#include "harness/cli/figures.h"
#include "harness/cli/footnotes.h"
#include "harness/cli/text_table.h"

namespace slmrig::cli {
namespace {

using analyse::Figure;
using analyse::MeasuredCell;
using base::PhaseEnergy;

constexpr Align kRight = Align::kRight;
constexpr std::size_t kMostAnswers = 40;

std::string with_share(const Figure& uj) {
  return with_half_width(energy_text(uj.value), uj.value, uj.half_width);
}

// "0.05%", without the figure.
std::string share_of(const Figure& uj) {
  if (uj.value == 0) return kNothing;
  return with_half_width("", uj.value, uj.half_width).substr(1);
}

TextTable bench_table(const std::vector<const MeasuredCell*>& cells, Footnotes& notes) {
  std::set<std::tuple<std::string, std::string, std::string>> seen;
  bool with_settings = false;
  for (const MeasuredCell* cell : cells) {
    with_settings |= !seen.emplace(cell->model, cell->variant, cell->suite).second;
  }
  std::vector<Column> columns = {{"model"}, {"variant"}, {"suite"}};
  if (with_settings) columns.push_back({"settings"});
  for (const char* title : {"n", "prefill", "decode", "an answer", "a/b", "a token", "idle"})
    columns.push_back({title, kRight});
  columns.push_back({"tier"});
  columns.push_back({""});
  TextTable table(std::move(columns));
  for (const MeasuredCell* cell : cells) {
    std::vector<std::string> row = {cell->model, cell->variant, cell->suite};
    if (with_settings) row.push_back(cell->settings);
    const bool has_tokens = cell->decode_tokens > 0;
    row.push_back(fmt::format("{}", cell->answers));
    row.push_back(energy_text(cell->prefill_uj.value));
    row.push_back(energy_text(cell->decode_uj.value));
    row.push_back(with_share(cell->answer_uj()));
    row.push_back(share_of(cell->comparative_uj));
    row.push_back(has_tokens ? energy_text(cell->decode_uj.value / cell->decode_tokens) : kNothing);
    row.push_back(power_text(cell->idle_uw.value));
    row.emplace_back(base::to_string(cell->tier));
    row.push_back(notes.mark(cell->doubts));
    table.add_row(std::move(row));
  }
  return table;
}

// Benches with a cell that ended ok, and whether a session of theirs met a meter.
std::map<std::string, bool> benches_of(const store::RunData& run) {
  std::map<std::string, bool> benches;
  for (const store::SessionData& session : run.sessions) {
    const bool is_measured = std::any_of(session.cells.begin(), session.cells.end(), [](const auto& cell) {
      return cell.cell.status == base::CellStatus::kOk;
    });
    if (is_measured) benches[session.session.bench] |= session.provenance.contains("meter.kind");
  }
  return benches;
}

std::string phase_table(const base::Energy& energy, Footnotes& notes) {
  std::vector<Column> columns = {{"phase"}};
  for (const char* title : {"n", "tokens", "time", "gross", "net", "a/b", "mean", "peak", "lost"})
    columns.push_back({title, kRight});
  columns.push_back({""});
  TextTable table(std::move(columns), 2);
  for (const PhaseEnergy& phase : energy.phases) {
    const bool is_idle = phase.phase == base::EnergyPhase::kIdle;
    const Figure comparative = {phase.net_uj, phase.comparative_uncertainty_uj};
    const Figure gross = {phase.gross_uj, phase.expanded_uncertainty_uj};
    table.add_row({std::string(base::to_string(phase.phase)), fmt::format("{}", phase.generations),
                   phase.tokens == 0 ? kNothing : fmt::format("{}", phase.tokens),
                   time_text(static_cast<double>(phase.duration_ns)),
                   is_idle ? with_share(gross) : energy_text(phase.gross_uj),
                   is_idle ? kNothing : with_share({phase.net_uj, phase.expanded_uncertainty_uj}),
                   is_idle ? kNothing : share_of(comparative), power_text(phase.mean_uw),
                   power_text(phase.peak_uw), fmt::format("{}", phase.lost_samples),
                   notes.mark(phase.doubts)});
  }
  return table.text();
}

// Terms as rows, phases as columns: standard uncertainties.
std::string budget_table(const base::Energy& energy) {
  std::vector<std::string> names;
  std::vector<Column> columns = {{"standard uncertainty"}};
  for (const PhaseEnergy& phase : energy.phases) {
    columns.push_back({std::string(base::to_string(phase.phase)), kRight});
    columns.push_back({"a/b", kRight});
    for (const base::UncertaintyTerm& term : phase.terms) {
      if (std::find(names.begin(), names.end(), term.name) == names.end()) names.push_back(term.name);
    }
  }
  if (names.empty()) return {};
  TextTable table(std::move(columns), 2);
  for (const std::string& name : names) {
    std::vector<std::string> row = {name};
    for (const PhaseEnergy& phase : energy.phases) {
      const auto term = std::find_if(phase.terms.begin(), phase.terms.end(),
                                     [&](const base::UncertaintyTerm& each) { return each.name == name; });
      row.push_back(term == phase.terms.end() ? kNothing : energy_text(term->standard_uj));
      row.push_back(term == phase.terms.end() ? kNothing : energy_text(term->comparative_uj));
    }
    table.add_row(std::move(row));
  }
  return "\n" + table.text();
}

std::string answers_table(const base::Energy& energy, Footnotes& notes) {
  if (energy.generations.empty()) return {};
  TextTable table({{"prompt"},
                   {"rep", kRight},
                   {"time", kRight},
                   {"gross", kRight},
                   {"net", kRight},
                   {"a/b", kRight},
                   {"tokens", kRight},
                   {"a token", kRight},
                   {""}},
                  2);
  const std::size_t shown = std::min(energy.generations.size(), kMostAnswers);
  for (std::size_t at = 0; at < shown; ++at) {
    const base::GenerationEnergy& answer = energy.generations[at];
    const std::size_t tokens = answer.token_net_uj.size();
    double later_uj = 0;
    for (std::size_t i = 1; i < tokens; ++i) later_uj += answer.token_net_uj[i];
    std::vector<std::string> refused;
    if (!answer.tokens_refused.empty()) refused.push_back("no energy by token: " + answer.tokens_refused);
    table.add_row({answer.prompt_id, fmt::format("{}", answer.repeat),
                   time_text(static_cast<double>(answer.duration_ns)), energy_text(answer.gross_uj),
                   with_share({answer.net_uj, answer.expanded_uncertainty_uj}),
                   share_of({answer.net_uj, answer.comparative_uncertainty_uj}),
                   tokens == 0 ? kNothing : fmt::format("{}", tokens),
                   tokens < 2 ? kNothing : energy_text(later_uj / static_cast<double>(tokens - 1)),
                   notes.mark(refused)});
  }
  const std::size_t more = energy.generations.size() - shown;
  return "\n" + table.text() + (more == 0 ? "" : fmt::format("  and {} more: v_generation_energy\n", more));
}

// What MLPerf Tiny asks for: the median window's energy of an answer.
std::string windows_text(const base::Energy& energy) {
  if (energy.windows.empty()) return {};
  const analyse::WindowFigures figures = analyse::window_figures(energy.windows);
  std::string text = fmt::format(
      "\nwindows  {}, each {} or longer: an answer takes {} net of idle in the median window (a/b {}), {} to "
      "{}\n",
      energy.windows.size(), time_text(figures.shortest_s * 1e9),
      with_share({figures.median_uj, figures.expanded_uncertainty_uj}),
      share_of({figures.median_uj, figures.comparative_uncertainty_uj}), energy_text(figures.least_uj),
      energy_text(figures.most_uj));
  TextTable table(
      {{"window", kRight}, {"answers", kRight}, {"time", kRight}, {"an answer", kRight}, {"a/b", kRight}}, 2);
  for (std::size_t at = 0; at < energy.windows.size(); ++at) {
    const base::EnergyWindow& window = energy.windows[at];
    const double share = 1.0 / std::max(1U, window.generations);
    table.add_row({fmt::format("{}", at + 1), fmt::format("{}", window.generations),
                   time_text(static_cast<double>(window.duration_ns)),
                   with_share({window.net_uj * share, window.expanded_uncertainty_uj * share}),
                   share_of({window.net_uj, window.comparative_uncertainty_uj})});
  }
  return text + table.text();
}

}  // namespace

std::string energy_summary_text(const store::RunData& run) {
  const std::map<std::string, bool> benches = benches_of(run);
  if (benches.empty()) return {};
  const base::Result<std::vector<MeasuredCell>> cells = analyse::measured_cells(run);
  if (!cells) return fmt::format("energy: {}\n", cells.error().text());
  std::string text =
      "energy of an answer: prefill, decode and a token net of idle; a/b: what comparisons on this unit "
      "leave\n";
  Footnotes notes;
  std::vector<std::string> without;
  for (const auto& [bench, met_a_meter] : benches) {
    std::vector<const MeasuredCell*> of_bench;
    for (const MeasuredCell& cell : *cells) {
      if (cell.bench == bench) of_bench.push_back(&cell);
    }
    if (of_bench.empty()) {
      without.push_back(fmt::format("{}: {}\n", bench,
                                    met_a_meter ? "has a meter, but no energy was measured" : "no meter"));
      continue;
    }
    std::stable_sort(of_bench.begin(), of_bench.end(), [](const MeasuredCell* a, const MeasuredCell* b) {
      return std::tie(a->model, a->variant, a->suite) < std::tie(b->model, b->variant, b->suite);
    });
    const MeasuredCell& first = *of_bench.front();
    const std::string supply = first.supply_mv > 0 ? fmt::format(" at {:g} mV", first.supply_mv) : "";
    const bool in_windows = std::any_of(of_bench.begin(), of_bench.end(),
                                        [](const MeasuredCell* cell) { return cell->windows > 0; });
    text += fmt::format("{}, meter {}{}{}\n", bench, first.meter, supply,
                        in_windows ? "; an answer is that of the median window" : "");
    text += bench_table(of_bench, notes).text(120);
  }
  for (const std::string& line : without) text += line;
  return text + notes.text() + "\n";
}

std::string cell_energy_text(const base::Energy& energy) {
  Footnotes notes;
  const std::string supply = energy.supply_mv > 0 ? fmt::format(", {:g} mV", energy.supply_mv) : "";
  std::string text =
      fmt::format("energy   tier {}, meter {}{}, idle {} before and {} after\n", base::to_string(energy.tier),
                  energy.meter, supply, power_text(energy.idle_before_uw), power_text(energy.idle_after_uw));
  text += phase_table(energy, notes);
  text += budget_table(energy);
  Footnotes refusals("");
  text += windows_text(energy);
  text += answers_table(energy, refusals);
  text += refusals.text();
  if (!energy.capture.file.empty()) {
    text += fmt::format("capture  {} ({}, sha256 {})\n", energy.capture.file,
                        bytes_text(static_cast<double>(energy.capture.bytes)), energy.capture.sha256);
  }
  return text + notes.text();
}

}  // namespace slmrig::cli
