#include "harness/analyse/finding_states.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "harness/analyse/internal/night_text.h"

namespace slmrig::analyse {
namespace {

using store::FindingDirection;
using store::FindingLevel;
using store::FindingRow;
using store::FindingState;
using store::FindingUpdate;

constexpr const char* kByAnalysis = "slmrig analyse";

// Place of a time among the nights of a series: the number of nights that began before it.
std::size_t place_of(const std::vector<Night>& nights, int64_t at_ns) {
  const auto found = std::lower_bound(nights.begin(), nights.end(), at_ns,
                                      [](const Night& night, int64_t time) { return night.at_ns < time; });
  return static_cast<std::size_t>(found - nights.begin());
}

std::size_t distance(std::size_t a, std::size_t b) { return a > b ? a - b : b - a; }

class Updater {
 public:
  Updater(const NightJudgement& judgement, const std::vector<FindingRow>& known, int64_t now_ns,
          const StateOptions& options)
      : judgement_(judgement), known_(known), now_ns_(now_ns), options_(options) {
    for (const SeriesJudgement& series : judgement.series) series_[series.key] = &series;
  }

  std::vector<FindingUpdate> make() {
    std::vector<bool> seen(known_.size(), false);
    for (const FindingRow& finding : judgement_.findings) {
      const std::optional<std::size_t> match = find_known(finding, seen);
      if (!match) {
        add_new(finding);
      } else {
        seen[*match] = true;
        confirm(known_[*match], finding);
      }
    }
    for (std::size_t i = 0; i < known_.size(); ++i) {
      if (!seen[i] && known_[i].state != FindingState::kResolved) end(known_[i]);
    }
    return std::move(updates_);
  }

 private:
  std::optional<std::size_t> find_known(const FindingRow& finding, const std::vector<bool>& seen) const;
  void add_new(const FindingRow& finding);
  void confirm(const FindingRow& known, const FindingRow& found);
  void end(const FindingRow& known);
  bool settles(const FindingRow& finding) const;

  void note(FindingUpdate& update, const char* event, std::string reason) const {
    update.events.push_back({0, now_ns_, event, kByAnalysis, std::move(reason)});
  }

  const NightJudgement& judgement_;
  const std::vector<FindingRow>& known_;
  int64_t now_ns_;
  const StateOptions& options_;
  std::map<store::SeriesKey, const SeriesJudgement*> series_;
  std::vector<FindingUpdate> updates_;
};

// The nearest in time of the same series, unit and sign that is not taken.
std::optional<std::size_t> Updater::find_known(const FindingRow& finding,
                                               const std::vector<bool>& seen) const {
  const std::vector<Night>& nights = series_.at(finding.series)->nights.segments.back().nights;
  const std::size_t place = place_of(nights, finding.onset_at_ns);
  std::optional<std::size_t> best;
  std::size_t best_distance = options_.nights_apart + 1;
  for (std::size_t i = 0; i < known_.size(); ++i) {
    const FindingRow& known = known_[i];
    if (seen[i] || known.series != finding.series || known.unit_id != finding.unit_id) continue;
    if ((known.effect() > 0) != (finding.effect() > 0)) continue;
    const std::size_t apart = distance(place_of(nights, known.onset_at_ns), place);
    if (apart >= best_distance) continue;
    best = i;
    best_distance = apart;
  }
  return best;
}

bool Updater::settles(const FindingRow& finding) const {
  const bool is_harmless =
      finding.direction == FindingDirection::kImprovement || finding.direction == FindingDirection::kChange ||
      (finding.cause == store::FindingCause::kRig && finding.direction != FindingDirection::kTrade);
  return is_harmless && finding.nights_after > options_.settling_nights;
}

void Updater::add_new(const FindingRow& finding) {
  if (settles(finding)) return;  // it was there before anybody looked
  FindingUpdate update{finding, {}};
  update.finding.state = FindingState::kNew;
  update.finding.nights = 1;
  note(update, "found",
       fmt::format("{} since {}", change_text(finding.before, finding.after),
                   night_text(finding.onset_at_ns)));
  updates_.push_back(std::move(update));
}

void Updater::confirm(const FindingRow& known, const FindingRow& found) {
  const bool is_later = found.last_seen_at_ns > known.last_seen_at_ns;
  if (!is_later) return;
  const bool was_resolved = known.state == FindingState::kResolved;
  if (was_resolved && (settles(found) || found.level != FindingLevel::kAlert)) return;
  FindingUpdate update{found, {}};
  update.finding.finding_id = known.finding_id;
  update.finding.first_seen_at_ns = known.first_seen_at_ns;
  update.finding.nights = known.nights + 1;
  const bool is_acknowledged = known.state == FindingState::kAcknowledged;
  update.finding.state = is_acknowledged ? FindingState::kAcknowledged : FindingState::kOngoing;
  if (was_resolved) note(update, "reopened", "with more nights the statistics support it again");
  if (known.nights == 1) note(update, "confirmed", "seen on a second night");
  const bool alerted = known.level == FindingLevel::kWatch && found.level == FindingLevel::kAlert;
  if (alerted) note(update, "alerted", fmt::format("p {:.2g}, q {:.2g}", found.p_value, found.q_value));
  // What was an alert stays one: tomorrow's other series cannot make it less true.
  if (known.level == FindingLevel::kAlert) update.finding.level = FindingLevel::kAlert;
  if (known.onset_at_ns != found.onset_at_ns)
    note(update, "moved",
         fmt::format("onset from {} to {}", night_text(known.onset_at_ns), night_text(found.onset_at_ns)));
  if (settles(found)) {
    update.finding.state = FindingState::kResolved;
    note(update, "resolved",
         fmt::format("the new level has held for {} nights and is the normal one", found.nights_after));
  }
  updates_.push_back(std::move(update));
}

void Updater::end(const FindingRow& known) {
  const auto found = series_.find(known.series);
  if (found == series_.end()) return;
  const SeriesJudgement& series = *found->second;
  if (series.status == SeriesStatus::kAbsent || series.status == SeriesStatus::kUnmeasured) return;
  const UnitSegment& nights = series.nights.segments.back();
  FindingUpdate update{known, {}};
  update.finding.state = FindingState::kResolved;
  if (nights.unit_id != known.unit_id) {
    note(update, "resolved", fmt::format("the unit was swapped: {} is there now", nights.unit_id));
  } else if (std::abs(series.level - known.before) < std::abs(series.level - known.after)) {
    note(update, "resolved", fmt::format("the level returned to {:.6g}", series.level));
  } else {
    note(update, "resolved", "with more nights the statistics do not support it");
  }
  updates_.push_back(std::move(update));
}

}  // namespace

std::vector<FindingUpdate> update_findings(const NightJudgement& judgement,
                                           const std::vector<FindingRow>& known, int64_t now_ns,
                                           const StateOptions& options) {
  return Updater(judgement, known, now_ns, options).make();
}

}  // namespace slmrig::analyse
