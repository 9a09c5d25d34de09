// From sessions to what was measured of one budget, by row and bench. Private to this room.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/gate/budget.h"
#include "harness/gate/input.h"

namespace slmrig::gate {

struct RowKey {
  std::string board;
  std::string model;
  std::string variant;
  std::string suite;
  std::string settings;

  auto operator<=>(const RowKey&) const = default;
};

// One session's figure.
struct Reading {
  const GateSession* session = nullptr;
  double value = 0;
  uint64_t samples = 0;
  std::vector<double> singles;                                   // of a percentile: what it was taken of
  std::map<std::string, std::pair<uint64_t, uint64_t>> prompts;  // right, of; where prompts are a sample
  std::optional<EnergyUncertainty> energy;
};

struct BenchReadings {
  std::vector<Reading> readings;        // trusted, by time
  std::vector<std::string> doubts;      // of sessions that are not trusted
  std::vector<std::string> absences;    // why sessions gave no figure
  std::vector<const GateSession*> all;  // that should have given one
};

using RowReadings = std::map<std::string, BenchReadings>;  // by bench
using BudgetReadings = std::map<RowKey, RowReadings>;

// `sessions` in an order of their own (by time, then id), each once.
BudgetReadings read_budget_rows(const Budget& budget, const std::vector<const GateSession*>& sessions);

// The same for one row and bench of a release; nothing where it has no such cell.
std::optional<BenchReadings> read_release(const Budget& budget, const RowKey& row, const std::string& bench,
                                          const std::vector<const GateSession*>& sessions);

// Why no row is there: the first name that nothing has, or the tier.
std::string why_nothing(const Budget& budget, const std::vector<const GateSession*>& sessions);

// 0.99 of "token_ms_p99", and 1 of "..._max"; nothing for what is no quantile of single costs.
std::optional<double> quantile_of_singles(const base::Metric& metric);

}  // namespace slmrig::gate
