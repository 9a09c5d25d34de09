// What `slmrig analyse --self-test` prints of its series. Pure.
#pragma once

#include <string>
#include <vector>

#include "harness/analyse/self_trial.h"
#include "harness/campaign/nightly_analysis.h"

namespace slmrig::cli {

struct TestedSeries {
  std::string name;  // "rack-1 nano int8 intents token_ms_p50"
  std::string unit;  // empty: of somebody's own numbers
  analyse::SelfTrial test;
};

// All series of a judged history that scatter. What is exact needs no test: each of its changes is a finding
// of its first night.
std::vector<TestedSeries> self_test_series(const campaign::NightlyAnalysis& night,
                                           const analyse::SelfTrialOptions& options);

// A line a series: how many of the steps of each height were found, and after how many nights (median).
std::string self_test_text(const std::vector<TestedSeries>& series, const analyse::SelfTrialOptions& options);
// {"within_nights": N, "series": [{"name", "steps": [{"sigma": 4, "tried", "found", "power",
// "median_delay_nights"}], ...}], "together": {...}}
std::string self_test_json(const std::vector<TestedSeries>& series, const analyse::SelfTrialOptions& options);

}  // namespace slmrig::cli
