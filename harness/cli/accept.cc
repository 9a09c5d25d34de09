#include "harness/cli/accept.h"

#include <algorithm>
#include <utility>

#include "harness/base/clock.h"
#include "harness/campaign/gate_input.h"
#include "harness/gate/evaluate.h"

namespace slmrig::cli {

using base::Result;

void keep_place(const analyse::ComparedPlace& place, gate::GateInput& input) {
  std::erase_if(input.sessions, [&](gate::GateSession& session) {
    std::erase_if(session.cells, [&](const gate::GateCell& cell) {
      return cell.suite != place.suite || cell.settings != place.settings;
    });
    return session.bench != place.bench || session.model != place.model || session.cells.empty();
  });
}

std::vector<gate::Candidate> candidates_of(const std::vector<analyse::Subject>& variants,
                                           const analyse::ComparedPlace& place) {
  std::vector<gate::Candidate> candidates;
  for (const analyse::Subject& variant : variants)
    candidates.push_back({variant.name, place.bench, place.model, variant.name, place.suite});
  return candidates;
}

Result<gate::Acceptance> accept(store::Reader& reader, const std::vector<gate::Condition>& conditions,
                                const AcceptQuestion& question) {
  const gate::BudgetFile budgets = gate::acceptance_budgets(conditions, question.candidates);
  campaign::GateQuestion asked;
  asked.database = question.database;
  asked.runs = {question.run_id};
  asked.now_ns = base::utc_now_ns();
  SLMRIG_ASSIGN(gate::GateInput input, campaign::read_gate_input(reader, budgets, asked));
  keep_place(question.place, input);
  SLMRIG_ASSIGN(const gate::GateReport report, gate::evaluate(budgets, input));
  return gate::acceptance_of(conditions, question.candidates, report);
}

Result<std::map<analyse::ComparedPlace, gate::Acceptance>> accept_variants(
    store::Reader& reader, const std::vector<gate::Condition>& conditions, const std::string& database,
    const store::RunData& run) {
  std::map<analyse::ComparedPlace, gate::Acceptance> acceptances;
  for (const analyse::ComparedPlace& place : analyse::places_of(run)) {
    SLMRIG_ASSIGN(acceptances[place], accept(reader, conditions,
                                             {database, run.run.run_id, place,
                                              candidates_of(analyse::variants_at(run, place), place)}));
  }
  return acceptances;
}

ExitCode exit_code_of(const gate::Acceptance& acceptance, const std::string& reference) {
  std::vector<ExitCode> codes;
  for (const gate::CandidateAnswer& answer : acceptance.answers) {
    if (answer.name == reference) continue;
    if (answer.decision == gate::Decision::kNo) codes.push_back(ExitCode::kBadResult);
    if (answer.decision == gate::Decision::kUndecided) codes.push_back(ExitCode::kUndecided);
  }
  return worst_of(codes);
}

}  // namespace slmrig::cli
