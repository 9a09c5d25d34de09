// The newest figures for Prometheus, in its text format 0.0.4. Pure.
//
// A metric of base/metrics.h becomes slmrig_<name> in Prometheus's base units: token_ms_p99 is
// slmrig_token_seconds_p99, energy_uj_... slmrig_energy_joules_...; counts, bytes and ratios stay. Each
// figure has its tier as a label: figures of different tiers are never to be compared, so say
// {tier="hardware"} in a rule.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/store/live.h"
#include "harness/store/rows.h"

namespace slmrig::serve {

struct PrometheusInput {
  std::string version;                       // of slmrig
  std::vector<store::LatestFigure> figures;  // ordered by metric
  std::vector<store::RunRow> runs;           // newest first
  uint64_t database_bytes = 0;
  std::map<std::string, uint64_t> requests;  // answered so far, by page
};

std::string prometheus_text(const PrometheusInput& input);

struct PrometheusName {
  std::string name;
  double scale = 1.0;  // value in Prometheus's unit = value * scale
};
PrometheusName prometheus_name(std::string_view metric);

}  // namespace slmrig::serve
