#include "reports/fleet_json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "reports/sentence.h"

namespace slmrig::reports {
namespace {

using Json = nlohmann::ordered_json;
using analyse::SeriesJudgement;
using analyse::SeriesStatus;
using store::HistorySession;

constexpr int64_t kNsPerMs = 1'000'000;
// A night, and a half for one that began early or ran late.
constexpr int64_t kAwayAfterNs = 36 * 3'600'000'000'000;
constexpr double kMillidegrees = 1000;

struct Bench {
  const HistorySession* newest = nullptr;
  std::set<std::string> units;
  std::set<std::string> runs;
  std::size_t series = 0;
  std::size_t unmeasured = 0;
  std::vector<std::string> rig_findings;  // what changed, by the rig's doing
};

struct Spread {
  double share = 0;
  std::size_t series = 0;
  std::size_t benches = 0;
};

using Benches = std::map<std::string, Bench>;

Benches benches_of(const ReportHistory& input, std::span<const store::FindingRow> findings) {
  Benches benches;
  for (const HistorySession& session : input.history->sessions) {
    Bench& bench = benches[session.bench];
    bench.newest = &session;  // sessions are in the order of time
    if (!session.unit_id.empty()) bench.units.insert(session.unit_id);
    bench.runs.insert(session.run_id);
  }
  for (const SeriesJudgement& judged : input.judgement->series) {
    Bench& bench = benches[judged.key.bench];
    if (judged.status != SeriesStatus::kAbsent) ++bench.series;
    if (judged.status == SeriesStatus::kUnmeasured) ++bench.unmeasured;
  }
  for (const store::FindingRow& finding : findings) {
    const bool open =
        finding.state == store::FindingState::kNew || finding.state == store::FindingState::kOngoing;
    if (open && finding.cause == store::FindingCause::kRig) {
      benches[finding.series.bench].rig_findings.push_back(finding_title(finding));
    }
  }
  return benches;
}

// Boards tell thousandths of a degree, under names of their own ("board.after.temperature_mc").
std::optional<double> temperature_of(const HistorySession& session) {
  std::optional<double> found;
  for (const auto& [name, value] : session.conditions) {
    if (!name.ends_with("temperature_mc") || (found && name.find(".before.") != std::string::npos)) continue;
    double millidegrees = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), millidegrees);
    if (error == std::errc() && end == value.data() + value.size() && std::isfinite(millidegrees)) {
      found = millidegrees / kMillidegrees;
    }
  }
  return found;
}

std::string board_of(const Benches& benches, const std::string& bench) {
  const auto found = benches.find(bench);
  return found == benches.end() || found->second.newest == nullptr ? bench : found->second.newest->board;
}

// By bench: its series in which benches of the same board lie farthest apart.
std::map<std::string, Spread> spreads_of(const ReportHistory& input, const Benches& benches) {
  std::map<std::tuple<std::string, store::SeriesKey>, std::vector<std::size_t>> same;
  const std::vector<SeriesJudgement>& all = input.judgement->series;
  for (std::size_t at = 0; at < all.size(); ++at) {
    if (all[at].nights.segments.empty() || !std::isfinite(all[at].level)) continue;
    store::SeriesKey key = all[at].key;
    key.bench.clear();
    same[{board_of(benches, all[at].key.bench), key}].push_back(at);
  }
  std::map<std::string, Spread> spreads;
  for (const auto& [key, series] : same) {
    if (series.size() < 2) continue;
    std::vector<double> levels;
    for (const std::size_t at : series) levels.push_back(all[at].level);
    std::sort(levels.begin(), levels.end());
    const double median = levels[levels.size() / 2];
    if (median == 0) continue;
    const double share = (levels.back() - levels.front()) / std::abs(median);
    for (const std::size_t at : series) {
      Spread& spread = spreads[all[at].key.bench];
      if (spread.benches == 0 || share > spread.share) spread = {share, at, series.size()};
    }
  }
  return spreads;
}

const store::QuarantineRow* quarantine_of(const ReportHistory& input, const std::string& bench) {
  const auto found = std::find_if(input.quarantined.begin(), input.quarantined.end(),
                                  [&](const store::QuarantineRow& row) { return row.bench == bench; });
  return found == input.quarantined.end() ? nullptr : &*found;
}

// The health of a bench and the reason for it: what somebody decided, then the worst first.
std::pair<const char*, std::string> health_of(const Bench& bench, const store::QuarantineRow* quarantine,
                                              int64_t newest_at_ns) {
  if (quarantine != nullptr) {
    return {"quarantined", fmt::format("out of service since {}, by {}: {}", utc_text(quarantine->since_ns),
                                       quarantine->who, quarantine->reason)};
  }
  if (newest_at_ns - bench.newest->started_at_ns > kAwayAfterNs) {
    return {"away", "not seen since " + utc_text(bench.newest->started_at_ns)};
  }
  if (bench.unmeasured > 0) {
    return {"troubled", fmt::format("{} of its {} series gave no trusted figure on the newest night",
                                    bench.unmeasured, bench.series)};
  }
  if (!bench.rig_findings.empty()) {
    std::string why = "the rig changed here: " + bench.rig_findings.front();
    if (bench.rig_findings.size() > 1) why += fmt::format(", and {} more", bench.rig_findings.size() - 1);
    return {"suspect", why};
  }
  return {"well", ""};
}

}  // namespace

Json fleet_json(const ReportHistory& input) {
  const std::vector<store::FindingRow> findings = findings_of(input);
  const Benches benches = benches_of(input, findings);
  const std::map<std::string, Spread> spreads = spreads_of(input, benches);
  Json list = Json::array();
  for (const auto& [name, bench] : benches) {
    if (bench.newest == nullptr) continue;  // known only by a finding of years ago
    const auto [health, why] =
        health_of(bench, quarantine_of(input, name), input.judgement->last_session_at_ns);
    const std::optional<double> temperature = temperature_of(*bench.newest);
    const auto spread = spreads.find(name);
    list.push_back({{"bench", name},
                    {"board", bench.newest->board},
                    {"unit_id", bench.newest->unit_id},
                    {"units", bench.units.size()},
                    {"nights", bench.runs.size()},
                    {"last_seen_ms", bench.newest->started_at_ns / kNsPerMs},
                    {"health", health},
                    {"why", why},
                    {"series", bench.series},
                    {"unmeasured", bench.unmeasured},
                    {"temperature_c", temperature ? Json(*temperature) : Json(nullptr)},
                    {"spread", spread == spreads.end() ? Json(nullptr)
                                                       : Json({{"share", spread->second.share},
                                                               {"series", spread->second.series},
                                                               {"benches", spread->second.benches}})}});
  }
  return list;
}

}  // namespace slmrig::reports
