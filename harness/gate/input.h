// What a gate judges: the sessions of the gated runs and of the releases that limits compare with, as plain
// data. campaign/gate_input.h fills it from the database; tests and simulations fill it by hand.
//
// Costs are milliseconds, or instructions where the session's tier is emulated.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/analyse/stable_level.h"
#include "harness/base/records/run_record.h"
#include "harness/base/records/tier.h"

namespace slmrig::gate {

struct MetricValue {
  std::string metric;  // of base/metrics.h
  uint64_t samples = 0;
  double value = 0;
  // Of an energy, which has its own; absent: the session's.
  std::optional<base::Tier> tier{};
  std::vector<std::string> doubts{};
};

// One answer of the timing pass.
struct Answer {
  std::string prompt_id;
  uint32_t repeat = 0;
  std::vector<double> token_costs;  // [generated tokens]; [0] is the time to first token
  bool ended_early = false;         // by the model, before a limit did
  bool filled_context = false;
  std::optional<bool> correct;       // absent: the prompt has no checks
  std::optional<bool> intent_right;  // absent: the prompt asks for no intent
};

// How well a meter knows an energy: shares of it, at 95 %.
struct EnergyUncertainty {
  double absolute = 0;
  double comparative = 0;  // what is left between measurements by the same meter in the same range
  std::string meter;
};

struct GateCell {
  std::string cell_id;
  std::string suite;
  std::string settings;  // canonical text
  base::CellStatus status = base::CellStatus::kOk;
  std::string reason;               // why it is not ok
  std::vector<std::string> doubts;  // empty: trusted
  std::vector<MetricValue> values;
  std::vector<Answer> answers;
  std::optional<EnergyUncertainty> energy;  // of values that are energies
};

struct GateSession {
  std::string run_id;
  std::string session_id;
  std::string bench;
  std::string unit_id;
  std::string board;
  std::string engine;
  std::string model;
  std::string variant;
  base::Tier tier = base::Tier::kHardware;
  uint32_t context_tokens = 0;
  int64_t started_at_ns = 0;
  std::optional<double> temperature_c;
  std::string image_sha256;
  std::string agent_build_id;
  std::vector<MetricValue> values;  // of metrics that belong to the session
  std::vector<GateCell> cells;
};

// Which figure of which board something of the history is about.
struct HistoryNames {
  std::string bench;
  std::string unit_id;
  std::string engine;
  std::string model;
  std::string variant;
  std::string suite;  // empty: of the session
  std::string settings;
  std::string metric;

  bool operator==(const HistoryNames&) const = default;
};

// How much a figure differs from session to session, as earlier nights tell.
struct HistorySpread {
  HistoryNames of;
  double standard_deviation = 0;  // in the metric's unit
  uint32_t nights = 0;
};

// The level that a figure had before the gated runs, for limits of drift.
struct StableFigure {
  HistoryNames of;
  base::Tier tier = base::Tier::kHardware;
  analyse::StableLevel level;  // in the metric's unit
};

struct GateInput {
  std::vector<GateSession> sessions;
  std::map<std::string, std::vector<GateSession>> releases;  // by name, kBaseline included
  std::vector<HistorySpread> spreads;
  std::vector<StableFigure> stable;
  std::vector<std::string> unfinished_runs;  // ids of gated runs that did not end
  int64_t now_ns = 0;                        // UTC: what waivers are held against
};

}  // namespace slmrig::gate
