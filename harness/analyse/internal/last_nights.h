// Which runs are the last night's, and what they gave of a series. Part of findings.cc.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "harness/analyse/findings.h"
#include "harness/store/history.h"

namespace slmrig::analyse::internal {

// Refers to the history, which outlives it.
class LastNights {
 public:
  explicit LastNights(const store::History& history);

  // Of all benches and plans: the run that began last, and when its newest session did.
  const std::string& last_run() const { return last_run_; }
  int64_t last_session_at_ns() const { return last_session_at_ns_; }

  // When the first session of a night's run began: all series of the night have one onset.
  int64_t began_ns(const std::string& run_id) const { return began_ns_.at(run_id); }

  struct Status {
    SeriesStatus status = SeriesStatus::kUnchanged;
    std::string note;  // empty where it was measured
  };
  // kUnchanged: measured in the newest run of its plan on its bench. kUnmeasured: its variant was reached
  // there, and gave no figure, or a doubtful one. kAbsent: neither.
  Status status_of(const store::Series& series) const;

 private:
  const store::History& history_;
  std::string last_run_;
  int64_t last_session_at_ns_ = 0;
  std::map<std::string, int64_t> began_ns_;                                 // by run
  std::map<std::pair<std::string, std::string>, std::string> run_of_plan_;  // by bench and plan
  std::set<std::tuple<std::string, std::string, std::string, std::string>>
      reached_;  // run, bench, model, variant
};

}  // namespace slmrig::analyse::internal
