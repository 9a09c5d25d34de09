#include "harness/cli/finding_text.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/analyse/percentile.h"
#include "harness/base/clock.h"
#include "harness/cli/figures.h"
#include "harness/cli/text_table.h"

namespace slmrig::cli {
namespace {

using store::FindingCause;
using store::FindingDirection;
using store::FindingLevel;
using store::FindingRow;
using store::FindingState;

constexpr std::size_t kDateCharacters = 10;

std::string date_text(int64_t at_ns) { return base::utc_text(at_ns).substr(0, kDateCharacters); }

std::string share_of(double change, double before) {
  return before == 0 ? "from 0" : fmt::format("{:+.3g}%", 100 * change / std::abs(before));
}

// "wrist/int8 intents token_ms_p99": of the bench that is said elsewhere.
std::string series_text(const store::SeriesKey& key) {
  return fmt::format("{}/{}{} {}", key.model, key.variant, key.suite.empty() ? "" : " " + key.suite,
                     key.metric);
}

std::string short_hash(const std::string& text) {
  constexpr std::size_t kLongest = 24;
  return text.size() <= kLongest ? text : text.substr(0, 12) + "…";
}

std::string range_text(const std::string& good, const std::string& bad) {
  if (good.empty() && bad.empty()) return {};
  const auto named = [](const std::string& name) {
    return name.empty() ? std::string("(none given)") : name;
  };
  return good == bad ? "at " + named(bad) : fmt::format("{}..{}", named(good), named(bad));
}

// "2026-03-14" or "between 2026-03-13 and 2026-03-15".
std::string since_text(const FindingRow& finding) {
  const std::string low = date_text(finding.onset_low_at_ns);
  const std::string high = date_text(finding.onset_high_at_ns);
  const std::string onset = date_text(finding.onset_at_ns);
  return low == high ? "since " + onset : fmt::format("since {} ({} to {})", onset, low, high);
}

std::string cause_text(const FindingRow& finding) {
  std::vector<std::string> changes;
  for (const store::ConditionChange& change : finding.changes) {
    if (change.cause != finding.cause) continue;
    changes.push_back(
        fmt::format("{} {} -> {}", change.name, short_hash(change.before), short_hash(change.after)));
  }
  switch (finding.cause) {
    case FindingCause::kRig: return fmt::format("the rig: {}", fmt::join(changes, ", "));
    case FindingCause::kModel: return fmt::format("the model: {}", fmt::join(changes, ", "));
    case FindingCause::kCode: return fmt::format("the code: {}", fmt::join(changes, ", "));
    case FindingCause::kUnknown: break;
  }
  return "nothing that is recorded changed";
}

std::string samples_text(const std::vector<double>& samples) {
  std::vector<std::string> texts;
  for (const double sample : samples) texts.push_back(fmt::format("{:.6g}", sample));
  return fmt::format("{}", fmt::join(texts, " "));
}

std::string group_text(const std::vector<FindingRow>& findings, const analyse::FindingGroup& group) {
  const FindingRow& worst = findings[group.findings.front()];
  std::string text = fmt::format("{} {} on {}: {} {}", to_string(worst.level), to_string(worst.direction),
                                 worst.series.bench, series_text(worst.series),
                                 finding_headline(worst).substr(worst.series.metric.size() + 1));
  if (group.findings.size() > 1) text += fmt::format(", and {} more series", group.findings.size() - 1);
  text += fmt::format("\n    {}, {}", to_string(worst.state), since_text(worst));
  const std::string commits = range_text(worst.last_good_commit, worst.first_bad_commit);
  const std::string builds = range_text(worst.last_good_build, worst.first_bad_build);
  if (!commits.empty()) text += ", commits " + commits;
  if (!builds.empty()) text += ", builds " + builds;
  text += fmt::format("\n    cause: {}", cause_text(worst));
  for (const std::string& note : worst.notes) text += "\n    " + note;
  text += fmt::format("\n    slmrig finding show {}\n", finding_short_id(worst.finding_id));
  return text;
}

}  // namespace

std::string finding_short_id(const std::string& finding_id) {
  constexpr std::size_t kCharacters = 8;
  if (finding_id.size() <= kCharacters) return finding_id.empty() ? "-" : finding_id;
  return finding_id.substr(finding_id.size() - kCharacters);
}

std::string finding_headline(const FindingRow& finding) {
  return fmt::format("{} {} ({:.6g} to {:.6g} {})", finding.series.metric,
                     share_of(finding.effect(), finding.before), finding.before, finding.after, finding.unit);
}

std::string finding_groups_text(const std::vector<FindingRow>& findings) {
  std::string text;
  for (const analyse::FindingGroup& group : analyse::group_findings(findings))
    text += group_text(findings, group);
  return text;
}

std::string finding_card(const FindingRow& finding, const std::vector<store::FindingEvent>& events,
                         const std::string& place_options) {
  std::string text = fmt::format("finding {}\n", finding.finding_id);
  const auto line = [&](const char* name, const std::string& value) {
    if (!value.empty()) text += fmt::format("  {:<11}{}\n", name, value);
  };
  line("what", fmt::format("{} {}, {}, tier {}", to_string(finding.level), to_string(finding.direction),
                           to_string(finding.state), base::to_string(finding.series.tier)));
  line("series", fmt::format("{} ({}), unit {}, engine {}: {}", finding.series.bench, finding.board,
                             finding.unit_id, finding.series.engine, series_text(finding.series)));
  line("settings", finding.series.settings);
  line("effect", finding_headline(finding));
  line("interval",
       fmt::format("95 %: {} to {} ({:.6g} to {:.6g} {})", share_of(finding.effect_low, finding.before),
                   share_of(finding.effect_high, finding.before), finding.effect_low, finding.effect_high,
                   finding.unit));
  line("onset", since_text(finding) + fmt::format(", session {}", finding.onset_session));
  line("commits", range_text(finding.last_good_commit, finding.first_bad_commit));
  line("builds", range_text(finding.last_good_build, finding.first_bad_build));
  line("cause", cause_text(finding));
  for (const store::ConditionChange& change : finding.changes) {
    if (change.cause == finding.cause) continue;
    line("", fmt::format("also {} ({}): {} -> {}", change.name, to_string(change.cause),
                         short_hash(change.before), short_hash(change.after)));
  }
  for (const std::string& note : finding.notes) line("note", note);
  line("evidence", finding.exact
                       ? std::string("exact counts: every change is one")
                       : fmt::format("p {:.3g} of the largest split, q {:.3g} among the board's series",
                                     finding.p_value, finding.q_value));
  line("before", samples_text(finding.samples_before));
  line("after", samples_text(finding.samples_after));
  line("seen", fmt::format("on {} nights, {} nights at the new level; last {}", finding.nights,
                           finding.nights_after, date_text(finding.last_seen_at_ns)));
  const store::SeriesKey& key = finding.series;
  line("again", fmt::format("slmrig analyse{} --look --bench {} --model {} --variant {} --metric {}",
                            place_options, key.bench, key.model, key.variant, key.metric));
  for (const store::FindingEvent& event : events)
    text += fmt::format("  {} {} by {}{}\n", date_text(event.at_ns), event.event, event.who,
                        event.reason.empty() ? "" : ": " + event.reason);
  return text;
}

std::string finding_table(const std::vector<FindingRow>& findings) {
  TextTable table({{"id"},
                   {"state"},
                   {"level"},
                   {"direction"},
                   {"since"},
                   {"bench"},
                   {"series"},
                   {"effect", Align::kRight},
                   {"cause"}});
  for (const FindingRow& finding : findings) {
    table.add_row({finding_short_id(finding.finding_id), std::string(to_string(finding.state)),
                   std::string(to_string(finding.level)), std::string(to_string(finding.direction)),
                   date_text(finding.onset_at_ns), finding.series.bench, series_text(finding.series),
                   share_of(finding.effect(), finding.before), std::string(to_string(finding.cause))});
  }
  return table.text();
}

std::string analysis_text(const campaign::NightlyAnalysis& night) {
  std::string text = finding_groups_text(night.findings);
  if (!text.empty()) text += "\n";
  for (const store::FindingUpdate& update : night.resolved) {
    const std::string reason = update.events.empty() ? "" : update.events.back().reason;
    text += fmt::format("over: {} {}: {}\n", update.finding.series.bench, series_text(update.finding.series),
                        reason);
  }
  // What is learnt or not measured is told by bench: a lab that begins has hundreds of such series.
  std::vector<std::string> notes;
  std::size_t more = 0;
  constexpr std::size_t kMostNotes = 8;
  for (const analyse::SeriesJudgement& series : night.judgement.series) {
    const bool told =
        series.status == analyse::SeriesStatus::kUnmeasured ||
        (series.status != analyse::SeriesStatus::kAbsent && series.note.starts_with("the unit"));
    if (!told) continue;
    if (notes.size() < kMostNotes) {
      notes.push_back(fmt::format("{} {}: {}\n", series.key.bench, series_text(series.key), series.note));
    } else {
      ++more;
    }
  }
  for (const std::string& note : notes) text += note;
  if (more != 0) text += fmt::format("and {} more series; all of them with --json\n", more);
  std::vector<double> detectable;
  for (const analyse::SeriesJudgement& series : night.judgement.series) {
    if (!series.exact && series.detectable && series.level != 0 && std::isfinite(*series.detectable))
      detectable.push_back(*series.detectable / std::abs(series.level));
  }
  if (!detectable.empty()) {
    text += fmt::format(
        "detectable within 5 nights: {:.2g}% (median over {} noisy series), {:.2g}% in nine of ten\n",
        100 * analyse::percentile(detectable, 50).value_or(0), detectable.size(),
        100 * analyse::percentile(detectable, 90).value_or(0));
  }
  const analyse::SentinelReport& sentinels = night.judgement.sentinels;
  if (sentinels.series != 0) {
    text += fmt::format(
        "sentinels: {} series, {:.2f} series-years, {} alarms nothing explains ({:.3g} a hundred "
        "series-years), {} that the rig does\n",
        sentinels.series, sentinels.series_years(), sentinels.alerts, sentinels.realised_rate(),
        sentinels.explained);
  }
  return text + analyse::sentence_of(night.counts) + "\n";
}

}  // namespace slmrig::cli
