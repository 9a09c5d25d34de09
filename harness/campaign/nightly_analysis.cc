#include "harness/campaign/nightly_analysis.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "harness/analyse/finding_states.h"
#include "harness/store/findings.h"
#include "harness/store/queries.h"

namespace slmrig::campaign {
namespace {

using base::Result;
using store::FindingRow;
using store::FindingState;
using store::FindingUpdate;

// The known findings as the updates leave them; new ones without an id where nothing was kept.
std::vector<FindingRow> after_updates(std::vector<FindingRow> known,
                                      const std::vector<FindingUpdate>& updates) {
  for (const FindingUpdate& update : updates) {
    const auto same = std::find_if(known.begin(), known.end(), [&](const FindingRow& row) {
      return !row.finding_id.empty() && row.finding_id == update.finding.finding_id;
    });
    if (same == known.end()) {
      known.push_back(update.finding);
    } else {
      *same = update.finding;
    }
  }
  return known;
}

void keep_open_ones(const store::History& history, std::vector<FindingRow>& findings) {
  std::set<store::SeriesKey> keys;
  for (const store::Series& series : history.series) keys.insert(series.key);
  std::erase_if(findings, [&](const FindingRow& finding) {
    return finding.state == FindingState::kResolved || !keys.contains(finding.series);
  });
  const auto rank = [](const FindingRow& finding) {
    const bool is_acknowledged = finding.state == FindingState::kAcknowledged;
    const bool is_watch = finding.level == store::FindingLevel::kWatch;
    return std::tuple(is_acknowledged, is_watch, finding.direction, finding.cause, -finding.onset_at_ns);
  };
  std::stable_sort(findings.begin(), findings.end(),
                   [&](const FindingRow& a, const FindingRow& b) { return rank(a) < rank(b); });
}

}  // namespace

Result<NightlyAnalysis> analyse_nights(const NightlyRequest& request) {
  NightlyAnalysis night;
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(request.database));
  SLMRIG_ASSIGN(night.history, reader.history(request.filter));
  if (night.history.sessions.empty()) {
    return base::fail(
        base::ErrorCode::kBadInput,
        fmt::format("{} holds no session that is asked for; measure some nights first: slmrig run "
                    "nightly",
                    request.database));
  }
  SLMRIG_ASSIGN(const std::vector<FindingRow> known, store::read_findings(request.database));
  night.judgement = analyse::judge(night.history);
  std::vector<FindingUpdate> updates = analyse::update_findings(night.judgement, known, request.now_ns);
  if (request.keep) SLMRIG_TRY(store::keep_findings(request.database, updates));
  night.findings = after_updates(known, updates);
  keep_open_ones(night.history, night.findings);
  for (FindingUpdate& update : updates) {
    if (update.finding.state == FindingState::kResolved) night.resolved.push_back(std::move(update));
  }
  night.counts = analyse::count_judgement(night.judgement, night.findings);
  return night;
}

}  // namespace slmrig::campaign
