#include "harness/gate/acceptance.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/suggest.h"
#include "harness/gate/words.h"

namespace slmrig::gate {
namespace {

using base::ErrorCode;
using base::Result;

constexpr const char* kOption = "--accept";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

tl::unexpected<base::Error> refuse(const std::string& message) {
  return base::fail(ErrorCode::kBadInput, message, kOption);
}

Result<Condition> parse_condition(std::string_view text) {
  const std::size_t sign = std::min(text.find("<="), text.find(">="));
  if (sign == std::string_view::npos) {
    return refuse(
        fmt::format("\"{}\" is no condition; expected METRIC<=VALUE or METRIC>=VALUE, for example "
                    "\"accuracy>=0.93, token_ms_p95<=20\"",
                    text));
  }
  const std::string_view name = trimmed(text.substr(0, sign));
  Condition condition;
  condition.metric = base::find_metric(name);
  if (condition.metric == nullptr) {
    std::vector<std::string> known;
    for (const base::Metric& metric : base::metrics()) known.emplace_back(metric.name);
    return refuse(base::unknown_name("metric", name, known));
  }
  Result<Limit> limit = parse_limit(text.substr(sign), *condition.metric);
  if (!limit) return refuse(fmt::format("{}: {}", name, limit.error().message));
  condition.limit = std::move(*limit);
  if (!condition.limit.release.empty()) {
    return refuse(
        fmt::format("{}: \"{}\" compares with {}, which a budget file does (slmrig gate); expected a "
                    "value",
                    name, condition.limit.text, condition.limit.release));
  }
  if (const std::string wrong = wrong_side(condition.limit, *condition.metric); !wrong.empty())
    return refuse(wrong);
  return condition;
}

Budget budget_of(const Candidate& candidate, const Condition& condition) {
  Budget budget;
  budget.place = kOption;
  budget.selectors = {candidate.bench, "*", candidate.model, candidate.variant, candidate.suite};
  budget.metric = condition.metric;
  budget.limit = condition.limit;
  budget.prompts_are_sample = is_share_of_prompts(*condition.metric);
  return budget;
}

AcceptedRow accepted_row(const Condition& condition, const Row& row) {
  AcceptedRow accepted;
  accepted.condition = condition.text();
  accepted.verdict = row.verdict;
  accepted.figure = figure_text(row);
  accepted.distance = distance_text(row, condition.limit);
  accepted.reason = row.reason;
  if (row.worst) {
    accepted.more_sessions = row.benches[*row.worst].more_sessions;
    accepted.more_prompts = row.benches[*row.worst].more_prompts;
  }
  return accepted;
}

Decision decision_of(const std::vector<AcceptedRow>& rows) {
  const auto has = [&](auto condition) { return std::any_of(rows.begin(), rows.end(), condition); };
  if (has([](const AcceptedRow& row) { return row.verdict == Verdict::kFail; })) return Decision::kNo;
  const bool all_pass = !rows.empty() && !has([](const auto& row) { return row.verdict != Verdict::kPass; });
  return all_pass ? Decision::kYes : Decision::kUndecided;
}

// The rows that make the answer what it is.
std::string sentence_of(const CandidateAnswer& answer) {
  std::vector<std::string> parts;
  for (const AcceptedRow& row : answer.rows) {
    const bool decides =
        answer.decision == Decision::kNo ? row.verdict == Verdict::kFail : row.verdict != Verdict::kPass;
    if (!decides) continue;
    std::string part = fmt::format("{} is {}", row.condition, to_string(row.verdict));
    if (row.figure != "-") part += fmt::format(", {}", row.figure);
    if (row.verdict == Verdict::kFail) part += fmt::format(", {} the limit", row.distance);
    if (!row.reason.empty()) part += fmt::format(" ({})", row.reason);
    parts.push_back(std::move(part));
  }
  const std::string_view word = to_string(answer.decision);
  return parts.empty() ? std::string(word) : fmt::format("{}: {}", word, fmt::join(parts, "; "));
}

}  // namespace

std::string_view to_string(Decision decision) {
  switch (decision) {
    case Decision::kYes: return "yes";
    case Decision::kNo: return "no";
    case Decision::kUndecided: return "undecided";
  }
  return "";
}

std::string Condition::text() const {
  return fmt::format("{} {} {}", metric->name, to_string(limit.comparison), value_text(limit.value, *metric));
}

const CandidateAnswer* Acceptance::answer_of(std::string_view name) const {
  const auto found = std::find_if(answers.begin(), answers.end(),
                                  [&](const CandidateAnswer& answer) { return answer.name == name; });
  return found == answers.end() ? nullptr : &*found;
}

Result<std::vector<Condition>> parse_conditions(std::string_view text) {
  std::vector<Condition> conditions;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    SLMRIG_ASSIGN(Condition condition, parse_condition(trimmed(text.substr(at, end - at))));
    const bool is_twice = std::any_of(conditions.begin(), conditions.end(), [&](const Condition& other) {
      return other.metric == condition.metric;
    });
    if (is_twice) return refuse(fmt::format("{} is limited twice; keep one of them", condition.metric->name));
    conditions.push_back(std::move(condition));
    at = end + 1;
  }
  return conditions;
}

BudgetFile acceptance_budgets(const std::vector<Condition>& conditions,
                              const std::vector<Candidate>& candidates) {
  BudgetFile budgets;
  budgets.file = budgets.name = kOption;
  budgets.confidence = kAcceptanceConfidence;
  for (const Candidate& candidate : candidates) {
    for (const Condition& condition : conditions) budgets.budgets.push_back(budget_of(candidate, condition));
  }
  return budgets;
}

Acceptance acceptance_of(const std::vector<Condition>& conditions, const std::vector<Candidate>& candidates,
                         const GateReport& report) {
  Acceptance acceptance;
  for (const Condition& condition : conditions) acceptance.conditions.push_back(condition.text());
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    CandidateAnswer answer;
    answer.name = candidates[i].name;
    for (const Row& row : report.rows) {
      // Budgets stand in the order in which acceptance_budgets made them.
      if (row.budget / conditions.size() != i) continue;
      answer.rows.push_back(accepted_row(conditions[row.budget % conditions.size()], row));
    }
    answer.decision = decision_of(answer.rows);
    answer.sentence = sentence_of(answer);
    acceptance.answers.push_back(std::move(answer));
  }
  return acceptance;
}

}  // namespace slmrig::gate
