// The energies of a run by cell, as means of one answer: what tables, battery life and budgets start from.
// Pure.
//
// Sessions of one cell (same bench, unit, variant, suite and settings) are one figure: the mean of their
// means. Energies in microjoules, powers in microwatts; uncertainties are expanded (95 %) and absolute.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/records/tier.h"
#include "harness/store/rows.h"

namespace slmrig::analyse {

// With the half-width of its interval.
struct Figure {
  double value = 0;
  double half_width = 0;
};

Figure times(const Figure& figure, double factor);
// Of two figures that share their error, as those of one meter do.
Figure plus(const Figure& left, const Figure& right);

// What was measured of one variant, with all sessions of the same cell together.
struct MeasuredCell {
  std::string bench;
  std::string unit_id;
  std::string board;
  std::string model;
  std::string variant;
  std::string suite;
  std::string settings;
  base::Tier tier = base::Tier::kHardware;  // of the energy
  std::string meter;
  double supply_mv = 0;
  uint32_t sessions = 0;
  uint32_t answers = 0;
  Figure idle_uw;     // model loaded, asleep as far as the board does that between answers
  Figure prefill_uj;  // an answer: net of idle
  Figure decode_uj;
  std::optional<Figure> window_uj;  // net of idle, in the median window; absent: no windows were asked for
  uint32_t windows = 0;             // of all sessions
  Figure comparative_uj;            // net_uj(): the half-width for comparisons by the same unit
  double decode_tokens = 0;         // an answer, after the first
  double answer_s = 0;
  double scatter_uj = 0;  // 95 % half-width of an answer's net energy by how sessions differ; 0: one session
  // Of one cold start, gross; absent where none was measured. cold_start_missing then says why.
  std::optional<Figure> boot_uj;
  std::optional<Figure> load_uj;
  double cold_start_s = 0;
  std::string cold_start_missing;
  std::vector<Figure> answers_uj;  // gross, each; empty: the meter could not tell them apart
  std::vector<std::string> doubts;

  // MLPerf Tiny's way, where the plan asks for windows: what counts is the median one. How its answers divide
  // into prefill and decode is that of all answers.
  Figure net_uj() const;
  Figure answer_uj() const;  // gross
};

// Cells that ended ok and have an energy, in the order of the run. kBadInput where sessions of one cell have
// energies of different tiers, which no figure may be made of.
base::Result<std::vector<MeasuredCell>> measured_cells(const store::RunData& run);

}  // namespace slmrig::analyse
