#include "harness/analyse/profile.h"

#include <algorithm>
#include <map>

namespace slmrig::analyse {
namespace {

// The least cost of a multiply-accumulate of a kernel; absent, too, where one that counts was not measured.
std::optional<double> cost_of_a_mac(const std::string& kernel, base::Phase phase,
                                    const std::vector<store::RooflineRow>& roofline) {
  std::optional<double> least;
  for (const store::RooflineRow& row : roofline) {
    if (row.kind != base::RooflineKind::kKernel || row.name != kernel) continue;
    if (phase == base::Phase::kDecode && row.tokens != 1) continue;
    if (row.macs == 0 || row.cost <= 0) return std::nullopt;
    const double cost = static_cast<double>(row.cost) / static_cast<double>(row.macs);
    least = least ? std::min(*least, cost) : cost;
  }
  return least;
}

// Adds the limits of an operator's layers up. One whose kernel is not known leaves the whole without.
class LimitSum {
 public:
  explicit LimitSum(const std::vector<store::RooflineRow>& roofline) : roofline_(roofline) {}

  void add(const store::OperatorRow& row) {
    std::optional<double>& sum = sums_.try_emplace(row.name, 0.0).first->second;
    const std::optional<double> cost = cost_of_a_mac(row.kernel, row.phase, roofline_);
    if (sum && cost) {
      *sum += *cost * static_cast<double>(row.macs);
    } else {
      sum.reset();
    }
  }

  std::optional<double> of(const std::string& name) const { return sums_.at(name); }

 private:
  const std::vector<store::RooflineRow>& roofline_;
  std::map<std::string, std::optional<double>> sums_;
};

OperatorSum& sum_named(const std::string& name, std::vector<OperatorSum>& sums) {
  const auto found =
      std::find_if(sums.begin(), sums.end(), [&](const OperatorSum& sum) { return sum.name == name; });
  if (found != sums.end()) return *found;
  sums.push_back({name, 0, 0, 0, 0, std::nullopt});
  return sums.back();
}

}  // namespace

std::vector<PhaseProfile> profile_by_operator(const store::ProfileRows& rows,
                                              const std::vector<store::RooflineRow>& roofline) {
  std::vector<PhaseProfile> phases;
  for (const store::PhaseRow& row : rows.phases) {
    PhaseProfile profile;
    profile.phase = row.phase;
    profile.generations = row.generations;
    profile.tokens = row.tokens;
    profile.subtracted_cost = row.subtracted_cost;
    LimitSum limits(roofline);
    for (const store::OperatorRow& each : rows.operators) {
      if (each.phase != row.phase) continue;
      OperatorSum& sum = sum_named(each.name, profile.operators);
      sum.calls += each.calls;
      sum.cost += each.cost;
      sum.macs += each.macs;
      sum.bytes += each.bytes;
      profile.cost += each.cost;
      limits.add(each);
    }
    for (OperatorSum& sum : profile.operators) sum.limit_cost = limits.of(sum.name);
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
