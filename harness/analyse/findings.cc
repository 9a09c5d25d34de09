#include "harness/analyse/findings.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "harness/analyse/attribution.h"
#include "harness/analyse/false_discovery.h"
#include "harness/analyse/internal/joint_judgement.h"
#include "harness/analyse/internal/last_nights.h"
#include "harness/analyse/internal/night_text.h"
#include "harness/analyse/internal/standing.h"
#include "harness/analyse/noise.h"
#include "harness/analyse/percentile.h"

namespace slmrig::analyse {
namespace {

using store::FindingCause;
using store::FindingDirection;
using store::FindingLevel;
using store::FindingRow;
using store::History;
using store::HistorySession;
using store::Series;

// Older ones were judged on their own nights: they lend this night's changes no credit in the false discovery
// rate, and one that is still only a watch was not borne out.
constexpr std::size_t kRecentNights = 30;
constexpr std::size_t kSamplesShown = 20;

class Judge {
 public:
  Judge(const History& history, const JudgeOptions& options)
      : history_(history), options_(options), last_nights_(history) {}

  NightJudgement make() {
    result_.last_run = last_nights_.last_run();
    result_.last_session_at_ns = last_nights_.last_session_at_ns();
    result_.series.resize(history_.series.size());
    for (std::size_t i = 0; i < history_.series.size(); ++i) prepare(i);
    for (std::size_t i = 0; i < history_.series.size(); ++i) {
      if (result_.series[i].sentinel) judge_sentinel(i);
    }
    for (std::size_t i = 0; i < history_.series.size(); ++i) {
      if (!result_.series[i].sentinel) find_changes(i);
    }
    const std::vector<std::vector<double>> q_values = control_discoveries();
    for (std::size_t i = 0; i < history_.series.size(); ++i) add_findings(i, q_values[i]);
    judge_jointly(result_.findings);
    order_findings();
    for (std::size_t i = 0; i < result_.findings.size(); ++i) note_status(i);
    return std::move(result_);
  }

 private:
  void prepare(std::size_t index);
  static void describe_unit(SeriesJudgement& judged);
  void keep_frozen_nights(std::size_t index);
  void judge_sentinel(std::size_t index);
  void find_changes(std::size_t index);
  double resolution_at(const store::SeriesKey& key, double value) const;
  void measure_level(SeriesJudgement& judged) const;
  std::vector<std::vector<double>> control_discoveries() const;
  void add_findings(std::size_t index, const std::vector<double>& q_values);
  FindingRow finding_of(std::size_t index, const ChangePoint& change, double q_value) const;
  FindingLevel level_of(const SeriesJudgement& judged, const ChangePoint& change, double q_value) const;
  void attribute(std::size_t index, const ChangePoint& change, FindingRow& finding) const;
  void order_findings();
  void note_status(std::size_t finding);

  const UnitSegment& segment(std::size_t index) const { return result_.series[index].nights.segments.back(); }
  const HistorySession& session_of(const Night& night) const { return history_.sessions[night.session]; }
  static bool is_recent(const SeriesJudgement& judged, const ChangePoint& change) {
    return change.index + kRecentNights >= judged.corrected.size();
  }

  const History& history_;
  const JudgeOptions& options_;
  internal::LastNights last_nights_;
  NightJudgement result_;
  RigDrift drift_;
  std::map<store::SeriesKey, std::size_t> places_;  // in History::series
};

void Judge::describe_unit(SeriesJudgement& judged) {
  const auto& segments = judged.nights.segments;
  judged.unit_spread = spread_between_units(judged.nights);
  if (segments.size() < 2) return;
  const UnitSegment& before = segments[segments.size() - 2];
  const UnitSegment& now = segments.back();
  const double level_before = percentile(before.values(), 50).value_or(0);
  const double level_now = percentile(now.values(), 50).value_or(0);
  judged.note = fmt::format("the unit was swapped on {} ({} to {}): {}, a new segment",
                            night_text(now.nights.front().at_ns), before.unit_id, now.unit_id,
                            change_text(level_before, level_now));
}

void Judge::prepare(std::size_t index) {
  SeriesJudgement& judged = result_.series[index];
  const Series& series = history_.series[index];
  places_[series.key] = index;
  judged.key = series.key;
  judged.sentinel = is_sentinel(series.key);
  judged.nights = nights_of(series, history_);
  auto [status, note] = last_nights_.status_of(series);
  judged.status = status;
  judged.note = std::move(note);
  if (judged.nights.segments.empty()) return;
  describe_unit(judged);
  if (judged.sentinel) keep_frozen_nights(index);
  judged.corrected = segment(index).values();
  judged.exact = is_exact(series.key, judged.corrected);
}

// A sentinel whose agent or model is another than the night before is none until then.
void Judge::keep_frozen_nights(std::size_t index) {
  UnitSegment& nights = result_.series[index].nights.segments.back();
  const auto same = [&](const Night& a, const Night& b) {
    const HistorySession& one = session_of(a);
    const HistorySession& other = session_of(b);
    return one.agent_build_id == other.agent_build_id && one.model_sha256 == other.model_sha256 &&
           one.image_sha256 == other.image_sha256;
  };
  std::size_t from = 0;
  for (std::size_t i = 1; i < nights.nights.size(); ++i) {
    if (!same(nights.nights[i], nights.nights[i - 1])) from = i;
  }
  if (from == 0) return;
  nights.nights.erase(nights.nights.begin(), nights.nights.begin() + static_cast<std::ptrdiff_t>(from));
  const store::SeriesKey& key = history_.series[index].key;
  result_.sentinels.not_frozen.push_back(fmt::format("{} {}", key.bench, key.metric));
}

void Judge::judge_sentinel(std::size_t index) {
  SeriesJudgement& judged = result_.series[index];
  find_changes(index);
  SentinelReport& report = result_.sentinels;
  ++report.series;
  report.nights += judged.corrected.size();
  for (const ChangePoint& change : judged.changes) {
    if (change.level != ChangeLevel::kAlert) continue;
    const auto reasons = changes_at(segment(index), {change.index, change.onset_low, change.onset_high},
                                    history_.series[index].key, history_);
    ++(cause_of(reasons) == FindingCause::kRig ? report.explained : report.alerts);
  }
  // Exact counts do not drift: what an emulator's new version does to one model is not what it does to
  // another.
  if (!judged.exact && !judged.nights.segments.empty())
    drift_.add(history_.series[index].key, DriftCurve(segment(index), judged.changes));
}

void Judge::find_changes(std::size_t index) {
  SeriesJudgement& judged = result_.series[index];
  if (judged.nights.segments.empty()) return;
  const store::SeriesKey& key = history_.series[index].key;
  const UnitSegment& nights = segment(index);
  if (!judged.sentinel && !judged.exact && drift_.moves(key)) {
    for (std::size_t i = 0; i < nights.nights.size(); ++i)
      judged.corrected[i] /= drift_.at(key, nights.nights[i].at_ns);
  }
  const std::size_t least = judged.exact ? 2 : options_.least_nights;
  if (nights.nights.size() < least) {
    if (judged.status == SeriesStatus::kUnchanged) judged.status = SeriesStatus::kLearning;
    const std::string learning = fmt::format("learning, {} of {} nights", nights.nights.size(), least);
    judged.note = judged.note.empty() ? learning : judged.note + "; " + learning;
  } else {
    ChangePointOptions look;
    look.seed = options_.seed;
    look.exact = judged.exact;
    look.min_points = least;
    judged.changes = find_change_points(judged.corrected, look);
    std::erase_if(judged.changes, [&](const ChangePoint& change) {
      return std::abs(change.effect) <
             resolution_at(key, std::max(std::abs(change.before), std::abs(change.after)));
    });
  }
  measure_level(judged);
}

// What the instrument behind a figure of this size cannot tell apart; 0 where that is a clock or a count.
double Judge::resolution_at(const store::SeriesKey& key, double value) const {
  const base::Metric* metric = base::find_metric(key.metric);
  const bool is_metered = metric != nullptr && metric->basis == base::MetricBasis::kEnergy;
  return is_metered ? options_.meter_repeats_share * value : 0;
}

void Judge::measure_level(SeriesJudgement& judged) const {
  const std::size_t from = judged.changes.empty() ? 0 : judged.changes.back().index;
  const std::span<const double> stable = std::span<const double>(judged.corrected).subspan(from);
  judged.stable_nights = stable.size();
  judged.level = percentile(stable, 50).value_or(0);
  if (judged.corrected.size() < options_.least_nights && !judged.exact) return;
  judged.sigma = judged.exact ? 0
                              : std::max(estimate_noise(judged.corrected).sigma_long_run,
                                         resolution_at(judged.key, std::abs(judged.level)));
  Detection detection;
  detection.nights_before = judged.stable_nights;
  detection.nights_after = options_.detectable_within_nights;
  detection.alpha = options_.detectable_alpha;
  detection.power = options_.detectable_power;
  judged.detectable = judged.exact ? 0 : minimum_detectable_effect(*judged.sigma, detection);
}

// [series][changes]: over the recent changes of all series of a board; one without any counts, too.
std::vector<std::vector<double>> Judge::control_discoveries() const {
  std::vector<double> p_values;
  std::vector<std::string> boards;
  std::vector<std::pair<std::size_t, std::size_t>> places;  // series, change
  std::vector<std::vector<double>> q_values(result_.series.size());
  for (std::size_t i = 0; i < result_.series.size(); ++i) {
    const SeriesJudgement& judged = result_.series[i];
    if (judged.nights.segments.empty()) continue;
    const std::string board = session_of(segment(i).nights.back()).board;
    bool any = false;
    for (std::size_t k = 0; k < judged.changes.size(); ++k) {
      q_values[i].push_back(judged.changes[k].p_value);
      if (judged.sentinel || judged.exact || !is_recent(judged, judged.changes[k])) continue;
      any = true;
      p_values.push_back(judged.changes[k].p_value);
      boards.push_back(board);
      places.emplace_back(i, k);
    }
    // Exact counts and sentinels are no members of the family: they are not tested by chance.
    if (any || judged.sentinel || judged.exact || judged.status == SeriesStatus::kLearning) continue;
    p_values.push_back(1);
    boards.push_back(board);
    places.emplace_back(i, judged.changes.size());
  }
  const std::vector<double> adjusted = adjusted_p_values_by_group(p_values, boards);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto [series, change] = places[i];
    if (change < q_values[series].size()) q_values[series][change] = adjusted[i];
  }
  return q_values;
}

FindingLevel Judge::level_of(const SeriesJudgement& judged, const ChangePoint& change, double q_value) const {
  if (judged.exact) {
    const double scale = std::max(std::abs(change.before), std::abs(change.after));
    return std::abs(change.effect) >= options_.negligible_share * scale ? FindingLevel::kAlert
                                                                        : FindingLevel::kWatch;
  }
  const bool stands = q_value <= options_.false_discovery_rate;
  return change.level == ChangeLevel::kAlert && stands ? FindingLevel::kAlert : FindingLevel::kWatch;
}

void Judge::attribute(std::size_t index, const ChangePoint& change, FindingRow& finding) const {
  const UnitSegment& nights = segment(index);
  const Onset onset{change.index, change.onset_low, change.onset_high};
  finding.changes = changes_at(nights, onset, history_.series[index].key, history_);
  if (result_.series[index].sentinel)  // whose agent is frozen, whatever the others' is
    std::erase_if(finding.changes, [](const auto& fact) { return fact.cause == FindingCause::kCode; });
  finding.cause = cause_of(finding.changes);
  const HistorySession& good = session_of(nights.nights[std::max<std::size_t>(change.onset_low, 1) - 1]);
  const HistorySession& bad = session_of(nights.nights[std::max(change.onset_high, change.index)]);
  finding.last_good_commit = good.commit_sha;
  finding.first_bad_commit = bad.commit_sha;
  finding.last_good_build = good.build;
  finding.first_bad_build = bad.build;
  if (finding.cause == FindingCause::kUnknown && result_.series[index].sentinel)
    finding.cause = FindingCause::kRig;
}

FindingRow Judge::finding_of(std::size_t index, const ChangePoint& change, double q_value) const {
  const SeriesJudgement& judged = result_.series[index];
  const Series& series = history_.series[index];
  const std::vector<Night>& nights = segment(index).nights;
  FindingRow finding;
  finding.series = series.key;
  finding.unit = series.unit;
  finding.better = series.better;
  finding.unit_id = segment(index).unit_id;
  finding.board = session_of(nights.back()).board;
  finding.level = level_of(judged, change, q_value);
  const bool worse = (change.effect > 0) == (series.better == base::Better::kLower);
  finding.direction = worse ? FindingDirection::kRegression : FindingDirection::kImprovement;
  attribute(index, change, finding);
  if (judged.sentinel) {
    finding.direction = FindingDirection::kChange;
    finding.notes.emplace_back("a sentinel: agent and model are frozen, so the rig itself moved");
  }
  finding.onset_session = session_of(nights[change.index]).session_id;
  const auto night_at = [&](std::size_t place) {
    return last_nights_.began_ns(session_of(nights[place]).run_id);
  };
  finding.onset_at_ns = night_at(change.index);
  finding.onset_low_at_ns = night_at(std::min(change.onset_low, change.index));
  finding.onset_high_at_ns = night_at(std::max(change.onset_high, change.index));
  finding.before = change.before;
  finding.after = change.after;
  finding.effect_low = change.effect_low;
  finding.effect_high = change.effect_high;
  finding.p_value = change.p_value;
  finding.q_value = q_value;
  finding.exact = judged.exact;
  finding.nights_after = static_cast<uint32_t>(nights.size() - change.index);
  finding.last_seen_at_ns = nights.back().at_ns;
  finding.first_seen_at_ns = finding.last_seen_at_ns;
  const std::vector<double>& values = judged.corrected;
  const std::size_t from = change.index > kSamplesShown ? change.index - kSamplesShown : 0;
  const std::size_t to = std::min(values.size(), change.index + kSamplesShown);
  const auto at = [&](std::size_t place) { return values.begin() + static_cast<std::ptrdiff_t>(place); };
  finding.samples_before.assign(at(from), at(change.index));
  finding.samples_after.assign(at(change.index), at(to));
  if (!judged.sentinel && !judged.exact && drift_.moves(series.key))
    finding.notes.emplace_back("values are less the drift that the bench's sentinels show");
  return finding;
}

// Of the changes whose level still stands.
void Judge::add_findings(std::size_t index, const std::vector<double>& q_values) {
  const SeriesJudgement& judged = result_.series[index];
  if (judged.status == SeriesStatus::kAbsent) return;
  for (std::size_t i = 0; i < judged.changes.size(); ++i) {
    const ChangePoint& change = judged.changes[i];
    const bool is_over = !stands(judged.changes, i, judged.level);
    if (is_over || is_mended(judged.changes, i, history_.series[index].better)) continue;
    FindingRow finding = finding_of(index, change, q_values[i]);
    const bool borne_out = finding.level == FindingLevel::kAlert || judged.exact || is_recent(judged, change);
    if (borne_out) result_.findings.push_back(std::move(finding));
  }
}

void Judge::order_findings() {
  const auto rank = [](const FindingRow& finding) {
    return std::tuple(finding.level == FindingLevel::kAlert ? 0 : 1, finding.direction, finding.cause,
                      -relative_effect(finding));
  };
  std::stable_sort(result_.findings.begin(), result_.findings.end(),
                   [&](const FindingRow& a, const FindingRow& b) { return rank(a) < rank(b); });
}

void Judge::note_status(std::size_t index) {
  const FindingRow& finding = result_.findings[index];
  SeriesJudgement& judged = result_.series[places_.at(finding.series)];
  judged.findings.push_back(index);
  if (judged.status != SeriesStatus::kUnchanged) return;  // the first is the most important
  switch (finding.direction) {
    case FindingDirection::kRegression: judged.status = SeriesStatus::kRegression; break;
    case FindingDirection::kImprovement: judged.status = SeriesStatus::kImprovement; break;
    case FindingDirection::kTrade: judged.status = SeriesStatus::kTrade; break;
    case FindingDirection::kChange: judged.status = SeriesStatus::kChange; break;
  }
}

}  // namespace

std::string_view to_string(SeriesStatus status) {
  switch (status) {
    case SeriesStatus::kUnchanged: return "unchanged";
    case SeriesStatus::kLearning: return "learning";
    case SeriesStatus::kRegression: return "regression";
    case SeriesStatus::kImprovement: return "improvement";
    case SeriesStatus::kTrade: return "trade";
    case SeriesStatus::kChange: return "change";
    case SeriesStatus::kUnmeasured: return "unmeasured";
    case SeriesStatus::kAbsent: return "absent";
  }
  return "unchanged";
}

NightJudgement judge(const History& history, const JudgeOptions& options) {
  return Judge(history, options).make();
}

}  // namespace slmrig::analyse
