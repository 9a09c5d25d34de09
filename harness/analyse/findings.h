// A night's judgement over all series of a history: what changed, since when, by how much, and why. Pure.
//
//   auto judged = analyse::judge(*reader.history(filter));
//   auto updates = analyse::update_findings(judged, known, now_ns);   // finding_states.h
//
// Each series is looked at on the physical unit that is there now, a night a point (nights.h), less what the
// sentinels of its bench say of the rig (sentinels.h). Change points (change_points.h) become findings when
// they stand among all series of the same board (Benjamini-Hochberg); what is seen for one night only, or by
// one of two methods, is a watch. A finding is attributed (attribution.h), and judged together with the
// answers of the same variant.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/analyse/change_points.h"
#include "harness/analyse/nights.h"
#include "harness/analyse/sentinels.h"
#include "harness/store/finding_rows.h"
#include "harness/store/history.h"

namespace slmrig::analyse {

struct JudgeOptions {
  std::size_t least_nights = 8;        // before that a series is being learnt
  double false_discovery_rate = 0.05;  // of a night, over the series of one board
  // A change of an exact count below this share of it is a watch, never an alert.
  double negligible_share = 0.001;
  // No meter repeats itself better than this from night to night, whatever its samples scatter: a smaller
  // change of an energy is none.
  double meter_repeats_share = 0.001;
  // For the detectable effect that is told beside a series: nights after a step, one-sided alpha, power.
  std::size_t detectable_within_nights = 5;
  double detectable_alpha = 1e-3;
  double detectable_power = 0.8;
  uint64_t seed = 1;
};

enum class SeriesStatus {
  kUnchanged,
  kLearning,    // too few nights on this unit
  kRegression,  // has an open finding of that direction
  kImprovement,
  kTrade,
  kChange,
  kUnmeasured,  // its variant was reached on the last night, and gave no figure, or a doubtful one
  kAbsent,      // not in the last night's run of its plan
};
std::string_view to_string(SeriesStatus status);

// What is known of one series; History::series[i] is judged in NightJudgement::series[i].
struct SeriesJudgement {
  store::SeriesKey key;
  SeriesStatus status = SeriesStatus::kUnchanged;
  std::string note;  // "learning, 3 of 8 nights"; "the unit was swapped on ...: ..."
  SeriesNights nights;
  std::vector<ChangePoint> changes;   // of the last segment, by index into its nights
  std::vector<double> corrected;      // the last segment's values, less the drift of the rig
  double level = 0;                   // robust, since the last change
  std::size_t stable_nights = 0;      // since the last change
  std::optional<double> sigma;        // of a night, long-run; absent while learning
  std::optional<double> detectable;   // effect that would be found, in the series' unit
  std::optional<double> unit_spread;  // sigma between physical units
  bool exact = false;
  bool sentinel = false;
  std::vector<std::size_t> findings;  // indices into NightJudgement::findings
};

struct NightJudgement {
  // Open ones: the level that they brought still stands. Without ids and states; most important first.
  std::vector<store::FindingRow> findings;
  std::vector<SeriesJudgement> series;
  SentinelReport sentinels;
  std::string last_run;  // the night that is judged
  int64_t last_session_at_ns = 0;
};

NightJudgement judge(const store::History& history, const JudgeOptions& options = {});

// Findings that began together: same bench, direction and cause, and onsets that overlap. A slower kernel
// moves a score of series, and is one regression.
struct FindingGroup {
  std::vector<std::size_t> findings;  // indices into the list; the one with the largest relative effect first
};
std::vector<FindingGroup> group_findings(const std::vector<store::FindingRow>& findings);

struct JudgementCounts {
  std::size_t regressions = 0;  // groups of findings
  std::size_t improvements = 0;
  std::size_t trades = 0;
  std::size_t changes = 0;    // of the rig, or that are neither better nor worse
  std::size_t watches = 0;    // groups in which nothing is an alert
  std::size_t unchanged = 0;  // series
  std::size_t learning = 0;
  std::size_t unmeasured = 0;
};

// Only findings that are neither acknowledged nor resolved count.
JudgementCounts count_judgement(const NightJudgement& judgement,
                                const std::vector<store::FindingRow>& findings);

// "2 regressions, 1 improvement, 41 unchanged, 3 could not be measured".
std::string sentence_of(const JudgementCounts& counts);

}  // namespace slmrig::analyse
