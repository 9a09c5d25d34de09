// The one registry of metric names, units and titles: views, summary, report and gate read it, nobody else
// names a metric. Pure data, safe from any thread.
//
// A name says what, unit and statistic: token_ms_p99. Names are public (v_series.metric, budget files): they
// are only ever added. What each metric means, and how percentiles are taken: harness/analyse/README.md.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/records/tier.h"

namespace slmrig::base {

enum class Better { kLower, kHigher };
std::string_view to_string(Better better);

// What a figure rests on, and so which tiers can have it.
enum class MetricBasis {
  kTime,          // from nanoseconds: tiers hardware and modelled, never emulated
  kInstructions,  // from instruction counts: tier emulated alone
  kEnergy,        // from a power meter: tiers hardware and modelled, the tier being the energy's own
  kAny,           // bytes and answers: every tier
};

// Whether a series has one value for each cell, or one for each session (suite is NULL there).
enum class MetricScope { kCell, kSession };

struct Metric {
  std::string_view name;   // "token_ms_p99"
  std::string_view unit;   // "ms", "instructions", "tokens/s", "bytes", "uj", "uw", "ratio" (0 to 1)
  std::string_view title;  // for people: "token p99"
  Better better = Better::kLower;
  MetricBasis basis = MetricBasis::kAny;
  MetricScope scope = MetricScope::kCell;
};

// All of them, in the order in which tables show them.
std::span<const Metric> metrics();

// nullptr when there is none of that name.
const Metric* find_metric(std::string_view name);

// Whether a figure of this tier can exist at all.
bool has_figures(const Metric& metric, Tier tier);

// The classes of memory that agents report, in the order of tables. `counted` ones add up to
// memory_peak_bytes; the others (text, data, bss, process) overlap with them or are code, and stand beside.
struct MemoryClassInfo {
  std::string_view name;    // "kv"
  std::string_view metric;  // "memory_kv_bytes"
  bool counted = false;
};
std::span<const MemoryClassInfo> memory_classes();

}  // namespace slmrig::base
