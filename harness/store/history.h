// Figures of all nights by series, as analyse and gate read them: Reader::history (queries.h). Plain data.
//
// A series is one metric of one (bench, engine, model, variant, suite, settings) in one tier. Its points are
// ordered by the time at which their sessions began. Sessions are the unit of statistical independence:
// points of one session are not independent of each other. A board that was swapped shows in
// HistorySession::unit_id.
//
// Sized for years: 300 series x 3 years read in well under a second (store_bench), so names stand once, in
// `sessions` and `cell_ids`, and points refer to them by index.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/metrics.h"
#include "harness/base/records/tier.h"

namespace slmrig::store {

struct SeriesKey {
  std::string bench;
  std::string engine;
  std::string model;
  std::string variant;
  std::string suite;     // empty: the metric belongs to the session (cold start, memory, sizes)
  std::string settings;  // canonical text; of a session's metric the part that matters: "ctx=256"
  std::string metric;    // of base/metrics.h
  base::Tier tier = base::Tier::kHardware;  // of the figure: an energy's own

  auto operator<=>(const SeriesKey&) const = default;
};

// "native slm wrist-nano/int8 intents token_ms_p99 [ctx=256 ...]", for messages.
std::string to_string(const SeriesKey& key);

struct HistorySession {
  std::string run_id;
  std::string session_id;
  int64_t started_at_ns = 0;  // UTC, since 1970
  std::string bench;
  std::string unit_id;  // empty: not known
  std::string board;
  std::string model;
  std::string variant;
  std::string label;  // --label of the run
  std::string build;  // --build of the run
  std::string commit_sha;
  std::string agent_build_id;
  std::string image_sha256;
  std::string model_sha256;
  std::string engine_version;
  // Provenance that may explain a step, by the names of v_provenance: agent.*, board.*, emulator.*, host.*
  // (not its load), meter.*, deploy.probe, supply.mv, import.*, ... Run's and session's together.
  std::map<std::string, std::string> conditions;
};

struct SeriesPoint {
  uint32_t session = 0;  // index into History::sessions
  int32_t cell = -1;     // index into History::cell_ids; -1: the metric belongs to the session
  uint64_t samples = 0;  // that the value was taken over
  double value = 0.0;
  bool trusted = true;  // false: the cell (or the energy) has doubts
};

struct Series {
  SeriesKey key;
  std::string unit;
  base::Better better = base::Better::kLower;
  std::vector<SeriesPoint> points;  // by time
};

struct History {
  std::vector<HistorySession> sessions;  // by started_at_ns, then session_id; also those without a figure
  std::vector<std::string> cell_ids;
  std::vector<Series> series;  // by key
};

// Everything that is given must hold; an empty list holds for all. Patterns may have '*' and '?'.
struct HistoryFilter {
  std::optional<int64_t> since_ns;   // sessions that began then or later
  std::optional<int64_t> until_ns;   // sessions that began before
  std::vector<std::string> run_ids;  // whole ids
  std::vector<std::string> builds;
  std::vector<std::string> benches;
  std::vector<std::string> boards;
  std::vector<std::string> models;
  std::vector<std::string> variants;
  std::vector<std::string> suites;  // a session's own metrics come whatever is asked for here
  std::vector<std::string> metrics;
  std::optional<base::Tier> tier;
};

}  // namespace slmrig::store
