// For those who watch a database while it is written: what a run has so far, the cells that ended last, and
// the newest figure of each series.
//
// Each function opens a read-only connection of its own; safe from any thread. Errors as of open_reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/store/rows.h"

namespace slmrig::store {

// Sums over the generations that a cell has by now. Costs: see rows.h.
struct CellSoFar {
  uint64_t generations = 0;
  uint64_t checked = 0;  // whose prompts have checks
  uint64_t correct = 0;
  std::optional<double> ttft_cost_mean;
  std::optional<double> token_cost_mean;  // decode tokens: index 1 and later
  std::optional<int64_t> newest_at_ns;    // when the newest one began
};

struct LiveCell {
  SessionRow session;  // without retry_reasons
  CellRow cell;
  CellSoFar so_far;
};

// Every cell that the run has begun, in the order in which sessions began; `so_far` is empty for those that
// have ended.
base::Result<std::vector<LiveCell>> live_cells(const std::string& path, const std::string& run_id);

// The cells that ended last, of all runs, newest first.
base::Result<std::vector<LiveCell>> newest_cells(const std::string& path, std::size_t count);

// The newest value of a series.
struct LatestFigure {
  std::string bench;
  std::string board;
  std::string engine;
  std::string model;
  std::string variant;
  std::string suite;  // empty: the metric belongs to the session
  std::string settings;
  std::string build;
  base::Tier tier = base::Tier::kHardware;
  std::string metric;  // of base/metrics.h
  uint64_t samples = 0;
  double value = 0.0;
  int64_t started_at_ns = 0;  // of its session
};

// Of sessions that began at `since_ns` or later; ordered by metric, then by the names above.
base::Result<std::vector<LatestFigure>> latest_figures(const std::string& path, int64_t since_ns);

}  // namespace slmrig::store
