#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/analyse/findings.h"
#include "harness/analyse/internal/joint_judgement.h"

namespace slmrig::analyse {
namespace {

using store::FindingDirection;
using store::FindingRow;
using store::FindingState;

bool is_open(const FindingRow& finding) {
  return finding.state == FindingState::kNew || finding.state == FindingState::kOngoing;
}

bool belongs_to(const FindingRow& finding, const FindingRow& leader) {
  return finding.series.bench == leader.series.bench && finding.direction == leader.direction &&
         finding.cause == leader.cause && finding.level == leader.level && onsets_overlap(finding, leader);
}

}  // namespace

std::vector<FindingGroup> group_findings(const std::vector<FindingRow>& findings) {
  std::vector<FindingGroup> groups;
  for (std::size_t i = 0; i < findings.size(); ++i) {
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const FindingGroup& one) {
      return belongs_to(findings[i], findings[one.findings.front()]);
    });
    if (group == groups.end()) {
      groups.push_back({{i}});
    } else {
      group->findings.push_back(i);
    }
  }
  for (FindingGroup& group : groups) {
    std::stable_sort(group.findings.begin(), group.findings.end(), [&](std::size_t a, std::size_t b) {
      return relative_effect(findings[a]) > relative_effect(findings[b]);
    });
  }
  return groups;
}

JudgementCounts count_judgement(const NightJudgement& judgement, const std::vector<FindingRow>& findings) {
  std::vector<FindingRow> open;
  std::copy_if(findings.begin(), findings.end(), std::back_inserter(open), is_open);
  JudgementCounts counts;
  for (const FindingGroup& group : group_findings(open)) {
    const FindingRow& leader = open[group.findings.front()];
    if (leader.level == store::FindingLevel::kWatch) {
      ++counts.watches;
      continue;
    }
    switch (leader.direction) {
      case FindingDirection::kRegression: ++counts.regressions; break;
      case FindingDirection::kImprovement: ++counts.improvements; break;
      case FindingDirection::kTrade: ++counts.trades; break;
      case FindingDirection::kChange: ++counts.changes; break;
    }
  }
  const auto has_open_finding = [&](const store::SeriesKey& key) {
    return std::any_of(open.begin(), open.end(),
                       [&](const FindingRow& finding) { return finding.series == key; });
  };
  for (std::size_t i = 0; i < judgement.series.size(); ++i) {
    switch (judgement.series[i].status) {
      case SeriesStatus::kAbsent: break;
      case SeriesStatus::kUnmeasured: ++counts.unmeasured; break;
      case SeriesStatus::kLearning: ++counts.learning; break;
      default: counts.unchanged += has_open_finding(judgement.series[i].key) ? 0 : 1;
    }
  }
  return counts;
}

std::string sentence_of(const JudgementCounts& counts) {
  const auto plural = [](std::size_t count, const char* one, const char* many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
  };
  std::vector<std::string> parts = {plural(counts.regressions, "regression", "regressions"),
                                    plural(counts.improvements, "improvement", "improvements")};
  if (counts.trades != 0)
    parts.push_back(plural(counts.trades, "trade", "trades") + " (better, with worse answers)");
  if (counts.changes != 0) parts.push_back(plural(counts.changes, "change of the rig", "changes of the rig"));
  if (counts.watches != 0) parts.push_back(fmt::format("{} to watch", counts.watches));
  parts.push_back(fmt::format("{} unchanged", counts.unchanged));
  if (counts.learning != 0) parts.push_back(fmt::format("{} still learning", counts.learning));
  parts.push_back(fmt::format("{} could not be measured", counts.unmeasured));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace slmrig::analyse
