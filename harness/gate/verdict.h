// What a gate says of a run: one row for each budget and each board, model, variant, suite and settings that
// it applies to. Plain data; evaluate.h makes it, the writers of this room print it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/records/tier.h"
#include "harness/gate/budget.h"

namespace slmrig::gate {

// In the order of severity: the worst of several stands for all.
enum class Verdict {
  kPass,
  kMissing,            // nothing was measured that the limit is about
  kUntrusted,          // it was, and there are reasons to doubt it
  kInconclusive,       // the interval straddles the limit; more sessions would decide
  kUnmeasurable,       // the limit is nearer than any practicable number of sessions could tell
  kSystematicLimited,  // the limit is nearer than the meter is right
  kFail,
};
std::string_view to_string(Verdict verdict);  // "pass", "systematic-limited", ...

// A figure with what is known of it.
struct Estimate {
  double value = 0;
  double low = 0;  // each one-sided at the budget file's confidence; infinite: not known
  double high = 0;
  bool exact = false;             // the same whenever it is measured: low = high = value
  double standard_deviation = 0;  // between sessions
  double degrees_of_freedom = 0;  // of that; 0: nothing tells it
  bool spread_from_history = false;
  uint32_t sessions = 0;
  uint64_t samples = 0;             // tokens, answers, ...: what the sessions' figures were taken over
  double systematic = 0;            // an energy's: what no repetition makes smaller
  std::vector<double> of_sessions;  // [sessions]: one figure each
  std::string method;               // "mean of 5 sessions, Student's t with 4 degrees of freedom", for people
};

// One bench of a row.
struct BenchResult {
  std::string bench;
  std::vector<std::string> units;
  Verdict verdict = Verdict::kMissing;
  std::string reason;  // empty for a plain pass or fail
  std::optional<Estimate> estimate;
  std::optional<Estimate> release;  // of the release that the limit compares with
  double limit = 0;                 // as a value in the metric's unit, where there is an estimate
  double p_value = 1;               // of the measured figure, were the limit met; exact ones: 0 or 1
  uint32_t more_sessions = 0;       // inconclusive: would decide, with a power of 80 %
  uint64_t more_prompts = 0;        // inconclusive, where prompts are a sample: likewise
  double detectable = 0;  // the smallest distance from the limit that so many sessions tell; 0: unknown
  std::vector<std::string> session_ids;
  std::vector<std::string> run_ids;  // each once
};

struct Row {
  std::string id;  // eight hex digits of what names the row: the same every night
  std::size_t budget = 0;
  std::string board;
  std::string model;
  std::string variant;
  std::string suite;     // empty: the metric belongs to the session
  std::string settings;  // canonical text
  const base::Metric* metric = nullptr;
  base::Tier tier = base::Tier::kHardware;
  Verdict verdict = Verdict::kMissing;
  std::string reason;
  std::vector<BenchResult> benches;   // by name
  std::optional<std::size_t> worst;   // index of the bench whose figure is shown
  std::optional<double> q_value;      // false discovery rate over all rows that a statistic decides
  std::optional<std::size_t> waiver;  // that covers the row, whether it holds or has lapsed
  bool waived = false;                // not a pass, and let through
  bool lapsed = false;                // not a pass, and was let through until the waiver's day
  bool excused = false;               // missing or untrusted, and coverage is met all the same

  bool holds_back() const { return verdict != Verdict::kPass && !waived && !excused; }
};

struct Coverage {
  std::size_t budget = 0;
  std::vector<std::string> expected;  // benches
  std::vector<std::string> silent;    // of them: gave no trusted figure for a row
  bool met = false;
};

struct WaiverState {
  bool used = false;
  bool lapsed = false;
  std::string note;
};

enum class Outcome { kPass, kFail, kLapsed, kUndecided };
std::string_view to_string(Outcome outcome);  // "pass", "fail", "waiver lapsed", "undecided"

// A file that is to be shipped.
struct Artifact {
  std::string file;
  std::string sha256;
  std::string what;       // that it was measured as: "agent of bench native"
  bool measured = false;  // false: fails the gate
};

struct GateReport {
  BudgetFile budgets;
  std::vector<Row> rows;             // by budget, board, model, variant, suite, settings
  std::vector<Coverage> coverage;    // [budgets]
  std::vector<WaiverState> waivers;  // [waivers]
  std::vector<std::string> notes;    // what else there is to say
  std::vector<std::string> run_ids;
  std::vector<Artifact> artifacts;
  int64_t judged_at_ns = 0;  // UTC
  Outcome outcome = Outcome::kUndecided;

  std::size_t count(Verdict verdict) const;
};

}  // namespace slmrig::gate
