// Histories whose truth is known, night by night.
#pragma once

#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "harness/store/history.h"

namespace slmrig::analyse {

inline constexpr int64_t kDayNs = 86'400'000'000'000;

// Normal noise, the same on every host (std::normal_distribution is not).
class NoiseForTest {
 public:
  explicit NoiseForTest(uint32_t seed) : engine_(seed) {}
  double next() {
    double sum = 0;  // Irwin-Hall of 12
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(engine_()) / 4294967296.0;
    return sum - 6;
  }

 private:
  std::mt19937 engine_;
};

class HistoryForTest {
 public:
  // What is the same on every night; changed from night to night by the test.
  store::HistorySession session = {};
  std::string plan = "nightly.json";

  HistoryForTest() {
    session.bench = "desk-1";
    session.unit_id = "unit-a";
    session.board = "board-x";
    session.model = "wrist";
    session.variant = "int8";
    session.agent_build_id = "agent-1";
    session.model_sha256 = "model-1";
    session.image_sha256 = "image-1";
    session.commit_sha = "c0";
  }

  // A session of the night (run) with that number; figures follow by add().
  void night(int day) {
    session.run_id = "run-" + std::to_string(1000 + day);
    session.session_id = session.run_id + "-" + std::to_string(history_.sessions.size());
    session.started_at_ns = day * kDayNs + static_cast<int64_t>(history_.sessions.size());
    session.conditions["plan.file"] = plan;
    history_.sessions.push_back(session);
  }

  // A figure of the session that began last.
  void add(const std::string& metric, double value, base::Tier tier = base::Tier::kHardware,
           const std::string& suite = "intents", bool trusted = true) {
    const base::Metric* known = base::find_metric(metric);
    const store::SeriesKey key{session.bench, "slm",     session.model, session.variant,
                               suite,         "ctx=256", metric,        tier};
    auto found = std::find_if(history_.series.begin(), history_.series.end(),
                              [&](const auto& series) { return series.key == key; });
    if (found == history_.series.end()) {
      history_.series.push_back({key, std::string(known->unit), known->better, {}});
      found = std::prev(history_.series.end());
    }
    const auto index = static_cast<uint32_t>(history_.sessions.size() - 1);
    found->points.push_back({index, -1, 1, value, trusted});
  }

  const store::History& history() const { return history_; }
  store::History& history() { return history_; }

 private:
  store::History history_;
};

}  // namespace slmrig::analyse
