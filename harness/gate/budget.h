// Budgets: limits that a release must meet, as a file states them, and waivers of single rows.
//
//   SLMRIG_ASSIGN(const BudgetFile budgets, load_budgets(path));
//
// The format: workloads/plans/budget.schema.json. Errors are kBadInput and name the file and the key: an
// unknown key, metric or unit (with the nearest known one), a limit that no tier could ever meet or that no
// value could, a waiver of more than one row. Pure but for reading the file; safe from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/metrics.h"

namespace slmrig::gate {

enum class Comparison { kAtMost, kAtLeast };
std::string_view to_string(Comparison comparison);  // "<=", ">="

// "<= 80", "<= 35 kB", ">= 93 %", "<= 1.03x release-1.2", "<= 1.05x stable".
struct Limit {
  Comparison comparison = Comparison::kAtMost;
  double value = 0;     // in the metric's unit; of an absolute limit
  std::string release;  // empty: absolute. kBaseline: what --baseline names. kStable: no release, but drift
  double factor = 1;    // of the release's figure, or of the stable level
  std::string text;     // as written

  bool is_of_drift() const;
};
inline constexpr std::string_view kBaseline = "baseline";
// The level that the same bench has had over the last nights (analyse/stable_level.h).
inline constexpr std::string_view kStable = "stable";

// kBadInput for anything else than the above, and for a unit that `metric` does not have.
base::Result<Limit> parse_limit(std::string_view text, const base::Metric& metric);

// Why a limit can hold nothing back: it is on the side on which the metric is good. Empty: it can.
std::string wrong_side(const Limit& limit, const base::Metric& metric);

// Names or wildcards; "*" where the file does not say.
struct Selectors {
  std::string bench = "*";
  std::string board = "*";
  std::string model = "*";
  std::string variant = "*";
  std::string suite = "*";

  bool operator==(const Selectors&) const = default;
};

// Which answers count for a metric of single tokens or answers: the worst case, not the mean of all.
struct AnswerConditions {
  uint32_t tokens = 0;        // metrics of answers: the time of the first so many; 0: of the whole answer
  bool full_context = false;  // that filled the context
  bool no_early_end = false;  // that were not ended by the model before their limit

  bool operator==(const AnswerConditions&) const = default;
  bool any() const { return tokens != 0 || full_context || no_early_end; }
};

struct Budget {
  std::string place;  // "budgets[2]", for messages
  std::string name;   // the file's own; may be empty
  Selectors selectors;
  const base::Metric* metric = nullptr;
  Limit limit;
  std::optional<uint32_t> context_tokens;
  std::optional<int> supply_mv;
  bool lowest_supply = false;  // "supply_mv": "lowest"
  std::optional<double> least_temperature_c;
  std::optional<double> most_temperature_c;
  AnswerConditions answers;
  // Prompts are taken for a sample of all that users might say, and not for the fixed list that they are.
  bool prompts_are_sample = false;
  uint32_t least_units = 1;  // different boards that must have given a figure
  double coverage = 1;       // share of the benches that must have answered

  // What it applies to, for messages: "mps2-an386 int8 intents".
  std::string what() const;
};

// Lets one row through until a day. Every name is exact.
struct Waiver {
  std::string place;  // "waivers[0]"
  std::string board;
  std::string model;
  std::string variant;
  std::string suite;  // empty for metrics of a session
  std::string metric;
  Limit ceiling;        // the row is let through up to here
  std::string expires;  // "2026-03-31": the last day on which it holds, UTC
  int64_t ends_at_ns = 0;
  std::string issue;
  std::string reason;
  std::string owner;
};

// Whether prompts may be taken for a sample: right is right, prompt by prompt.
bool is_share_of_prompts(const base::Metric& metric);

struct BudgetFile {
  std::string file;
  std::string sha256;
  std::string name;
  // That a verdict is right: one-sided, so 0.99 means a two-sided interval of 98 %.
  double confidence = 0.99;
  uint32_t most_sessions = 50;  // what would take more than this is unmeasurable
  std::vector<Budget> budgets;
  std::vector<Waiver> waivers;

  // Names of releases that limits compare with, each once, kBaseline included and kStable not.
  std::vector<std::string> releases() const;
};

base::Result<BudgetFile> load_budgets(const std::filesystem::path& file);
// `file` stands for the text in messages.
base::Result<BudgetFile> parse_budgets(std::string text, const std::string& file);

}  // namespace slmrig::gate
