// Findings as they are kept over the nights: plain rows, made by analyse, stored and handed out by
// findings.h.
//
// A finding is a change in one series that statistics support. Its identity is the series, the physical unit
// and the onset, which may move by some nights as more of them come in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/metrics.h"
#include "harness/store/history.h"

namespace slmrig::store {

// new: found on the last night that was looked at. ongoing: seen again since. acknowledged: somebody said why
// it is all right (or known). resolved: it is over, or it was not borne out.
enum class FindingState { kNew, kOngoing, kAcknowledged, kResolved };
// watch: one of two methods sees it, or only one night does. alert: both do, and it stands among all of the
// night's series (false discovery rate).
enum class FindingLevel { kWatch, kAlert };
// trade: better by this metric, while answers of the same variant got worse.
// change: of a metric or a cause that is neither (a sentinel: the rig itself moved).
enum class FindingDirection { kRegression, kImprovement, kTrade, kChange };
// What changed at the onset, the first of these that did.
enum class FindingCause { kRig, kModel, kCode, kUnknown };

std::string_view to_string(FindingState state);
std::string_view to_string(FindingLevel level);
std::string_view to_string(FindingDirection direction);
std::string_view to_string(FindingCause cause);
// Nothing when there is none of that name.
std::optional<FindingState> parse_finding_state(std::string_view name);
std::optional<FindingLevel> parse_finding_level(std::string_view name);
std::optional<FindingDirection> parse_finding_direction(std::string_view name);
std::optional<FindingCause> parse_finding_cause(std::string_view name);

// A fact of provenance that was something else before the onset.
struct ConditionChange {
  FindingCause cause = FindingCause::kRig;  // what it speaks for
  std::string name;                         // "meter.serial"
  std::string before;
  std::string after;
};

struct FindingRow {
  std::string finding_id;  // UUIDv7; empty until it is kept
  SeriesKey series;
  std::string unit;  // of the metric: "ms"
  base::Better better = base::Better::kLower;
  std::string board;
  std::string unit_id;
  FindingState state = FindingState::kNew;
  FindingLevel level = FindingLevel::kWatch;
  FindingDirection direction = FindingDirection::kRegression;
  FindingCause cause = FindingCause::kUnknown;

  std::string onset_session;  // of the first point of the new level
  int64_t onset_at_ns = 0;
  int64_t onset_low_at_ns = 0;  // the onset lies between these (95 %)
  int64_t onset_high_at_ns = 0;
  std::string last_good_commit;  // of the night before the earliest onset; empty: none was given
  std::string first_bad_commit;  // of the latest onset
  std::string last_good_build;
  std::string first_bad_build;

  double before = 0;  // robust levels
  double after = 0;
  double effect_low = 0;  // of after - before, 95 %
  double effect_high = 0;
  double p_value = 1;  // of the maximum over all splits
  double q_value = 1;  // after all of the night's series of the board (Benjamini-Hochberg)

  uint32_t nights_after = 0;     // with the new level
  uint32_t nights = 0;           // on which it was seen
  int64_t first_seen_at_ns = 0;  // the newest session of the history when it was found,
  int64_t last_seen_at_ns = 0;   // and when it was last confirmed

  std::vector<ConditionChange> changes;  // what coincides with the onset
  std::vector<std::string> notes;        // sentences for people
  std::vector<double> samples_before;    // the last ones before the onset,
  std::vector<double> samples_after;     // and the first ones from it on
  bool exact = false;                    // counts that do not scatter: any change is one

  double effect() const { return after - before; }
};

// One thing that happened to a finding.
struct FindingEvent {
  uint32_t sequence = 0;  // 1, 2, ...
  int64_t at_ns = 0;
  std::string event;  // "found", "confirmed", "alerted", "moved", "acknowledged", "reopened", "resolved"
  std::string who;
  std::string reason;
};

// A finding as it is to be kept, with what is new about it. An empty finding_id: it is a new one.
struct FindingUpdate {
  FindingRow finding;
  std::vector<FindingEvent> events;  // appended; their `sequence` is given by the store
};

}  // namespace slmrig::store
