#include "harness/analyse/profile.h"

#include <algorithm>

namespace slmrig::analyse {
namespace {

OperatorSum& sum_named(const std::string& name, std::vector<OperatorSum>& sums) {
  const auto found =
      std::find_if(sums.begin(), sums.end(), [&](const OperatorSum& sum) { return sum.name == name; });
  if (found != sums.end()) return *found;
  sums.push_back({name, 0, 0, 0, 0});
  return sums.back();
}

}  // namespace

std::vector<PhaseProfile> profile_by_operator(const store::ProfileRows& rows) {
  std::vector<PhaseProfile> phases;
  for (const store::PhaseRow& row : rows.phases) {
    PhaseProfile profile;
    profile.phase = row.phase;
    profile.generations = row.generations;
    profile.tokens = row.tokens;
    profile.subtracted_cost = row.subtracted_cost;
    for (const store::OperatorRow& each : rows.operators) {
      if (each.phase != row.phase) continue;
      OperatorSum& sum = sum_named(each.name, profile.operators);
      sum.calls += each.calls;
      sum.cost += each.cost;
      sum.macs += each.macs;
      sum.bytes += each.bytes;
      profile.cost += each.cost;
    }
    if (profile.tokens == 0 || profile.operators.empty()) continue;
    std::stable_sort(profile.operators.begin(), profile.operators.end(),
                     [](const OperatorSum& a, const OperatorSum& b) { return a.cost > b.cost; });
    phases.push_back(std::move(profile));
  }
  std::stable_sort(phases.begin(), phases.end(),
                   [](const PhaseProfile& a, const PhaseProfile& b) { return a.phase > b.phase; });
  return phases;
}

}  // namespace slmrig::analyse
