#include "harness/analyse/internal/joint_judgement.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "harness/analyse/internal/night_text.h"

namespace slmrig::analyse {
namespace {

using store::FindingDirection;
using store::FindingRow;

// What the answers are worth, rather than what they cost: shares of answers.
bool is_of_answers(const FindingRow& finding) { return finding.unit == "ratio"; }

bool is_of_same_variant(const FindingRow& a, const FindingRow& b) {
  const bool same_suite =
      a.series.suite.empty() || b.series.suite.empty() || a.series.suite == b.series.suite;
  return same_suite && a.series.bench == b.series.bench && a.series.engine == b.series.engine &&
         a.series.model == b.series.model && a.series.variant == b.series.variant;
}

}  // namespace

double relative_effect(const FindingRow& finding) {
  if (finding.before == 0) return std::numeric_limits<double>::infinity();
  return std::abs(finding.effect() / finding.before);
}

bool onsets_overlap(const FindingRow& a, const FindingRow& b) {
  return a.onset_low_at_ns <= b.onset_high_at_ns && b.onset_low_at_ns <= a.onset_high_at_ns;
}

void judge_jointly(std::vector<FindingRow>& findings) {
  for (FindingRow& gain : findings) {
    if (gain.direction != FindingDirection::kImprovement || is_of_answers(gain)) continue;
    for (const FindingRow& loss : findings) {
      const bool worse_answers = loss.direction == FindingDirection::kRegression && is_of_answers(loss);
      if (!worse_answers || !is_of_same_variant(gain, loss) || !onsets_overlap(gain, loss)) continue;
      gain.direction = FindingDirection::kTrade;
      gain.notes.push_back(fmt::format("no improvement: at the same time {} of {} got worse ({})",
                                       loss.series.metric, loss.series.suite,
                                       change_text(loss.before, loss.after)));
      break;
    }
  }
}

}  // namespace slmrig::analyse
