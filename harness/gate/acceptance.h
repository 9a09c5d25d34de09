// "Good enough?" of variants that were compared: conditions as a command line states them, judged as budgets.
//
//   SLMRIG_ASSIGN(const std::vector<Condition> conditions, parse_conditions("accuracy>=0.93,
//   token_ms_p95<=20")); const BudgetFile budgets = acceptance_budgets(conditions, candidates);
//   SLMRIG_ASSIGN(const GateReport report, evaluate(budgets, input));
//   const Acceptance acceptance = acceptance_of(conditions, candidates, report);
//
// Unlike in a budget file, prompts stand for all that people may say: a share of right answers has an
// interval. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/gate/budget.h"
#include "harness/gate/verdict.h"

namespace slmrig::gate {

// One-sided, of each condition; that of the intervals which a comparison shows.
inline constexpr double kAcceptanceConfidence = 0.95;

struct Condition {
  const base::Metric* metric = nullptr;
  Limit limit;

  std::string text() const;  // "intent_accuracy >= 93 %"
};

// Conditions with a comma between them. kBadInput, of "--accept": an unknown metric (with the nearest known
// one) or unit, the same metric twice, a limit on the side where the metric is good or against a release.
base::Result<std::vector<Condition>> parse_conditions(std::string_view text);

// What may be accepted: everything that was measured at one place of one variant.
struct Candidate {
  std::string name;  // as the comparison calls it: a variant, or a build
  std::string bench;
  std::string model;
  std::string variant;
  std::string suite;
};

// A budget for each candidate and condition.
BudgetFile acceptance_budgets(const std::vector<Condition>& conditions,
                              const std::vector<Candidate>& candidates);

enum class Decision { kYes, kNo, kUndecided };
std::string_view to_string(Decision decision);  // "yes", "no", "undecided"

// One condition for one candidate, in the words of a gate.
struct AcceptedRow {
  std::string condition;
  Verdict verdict = Verdict::kMissing;
  std::string figure;    // "87.5 % (64.2 to 97.7)"; "-" where there is none
  std::string distance;  // "3.2 % within"
  std::string reason;
  uint32_t more_sessions = 0;  // would decide; 0: that is not what it takes
  uint64_t more_prompts = 0;
};

struct CandidateAnswer {
  std::string name;
  Decision decision = Decision::kUndecided;  // yes: all rows pass; no: one fails
  std::vector<AcceptedRow> rows;       // [conditions]
  std::string sentence;  // "no: token_ms_p95 24 ms is 20 % beyond <= 20 ms"; what decides, in words
};

struct Acceptance {
  std::vector<std::string> conditions;   // their texts
  std::vector<CandidateAnswer> answers;  // [candidates]

  const CandidateAnswer* answer_of(std::string_view name) const;  // nullptr: it was no candidate
};

// `report`: of acceptance_budgets(conditions, candidates).
Acceptance acceptance_of(const std::vector<Condition>& conditions, const std::vector<Candidate>& candidates,
                         const GateReport& report);

}  // namespace slmrig::gate
