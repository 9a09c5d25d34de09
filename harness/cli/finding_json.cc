#include <cmath>

#include <nlohmann/json.hpp>

#include "harness/analyse/change_points.h"
#include "harness/base/clock.h"
#include "harness/cli/finding_text.h"

namespace slmrig::cli {
namespace {

using nlohmann::json;
using store::FindingRow;

// JSON has no infinity.
json number(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

json series_of(const store::SeriesKey& key) {
  return {{"bench", key.bench},   {"engine", key.engine},
          {"model", key.model},   {"variant", key.variant},
          {"suite", key.suite},   {"settings", key.settings},
          {"metric", key.metric}, {"tier", base::to_string(key.tier)}};
}

json finding_object(const FindingRow& finding) {
  json changes = json::array();
  for (const store::ConditionChange& change : finding.changes) {
    changes.push_back({{"cause", to_string(change.cause)},
                       {"name", change.name},
                       {"before", change.before},
                       {"after", change.after}});
  }
  json object = series_of(finding.series);
  object.update({{"finding_id", finding.finding_id},
                 {"state", to_string(finding.state)},
                 {"level", to_string(finding.level)},
                 {"direction", to_string(finding.direction)},
                 {"cause", to_string(finding.cause)},
                 {"board", finding.board},
                 {"unit_id", finding.unit_id},
                 {"unit", finding.unit},
                 {"better", base::to_string(finding.better)},
                 {"onset_session", finding.onset_session},
                 {"onset_at_ns", finding.onset_at_ns},
                 {"onset_low_at_ns", finding.onset_low_at_ns},
                 {"onset_high_at_ns", finding.onset_high_at_ns},
                 {"last_good_commit", finding.last_good_commit},
                 {"first_bad_commit", finding.first_bad_commit},
                 {"last_good_build", finding.last_good_build},
                 {"first_bad_build", finding.first_bad_build},
                 {"before", number(finding.before)},
                 {"after", number(finding.after)},
                 {"effect", number(finding.effect())},
                 {"effect_low", number(finding.effect_low)},
                 {"effect_high", number(finding.effect_high)},
                 {"p_value", number(finding.p_value)},
                 {"q_value", number(finding.q_value)},
                 {"exact", finding.exact},
                 {"nights", finding.nights},
                 {"nights_after", finding.nights_after},
                 {"first_seen_at_ns", finding.first_seen_at_ns},
                 {"last_seen_at_ns", finding.last_seen_at_ns},
                 {"changes", changes},
                 {"notes", finding.notes},
                 {"samples_before", finding.samples_before},
                 {"samples_after", finding.samples_after}});
  return object;
}

json array_of(const std::vector<FindingRow>& findings) {
  json array = json::array();
  for (const FindingRow& finding : findings) array.push_back(finding_object(finding));
  return array;
}

json series_object(const analyse::SeriesJudgement& series) {
  json object = series_of(series.key);
  json changes = json::array();
  for (const analyse::ChangePoint& change : series.changes) {
    const analyse::Night& night = series.nights.segments.back().nights[change.index];
    changes.push_back({{"index", change.index},
                       {"at_ns", night.at_ns},
                       {"level", change.level == analyse::ChangeLevel::kAlert ? "alert" : "watch"},
                       {"before", number(change.before)},
                       {"after", number(change.after)},
                       {"p_value", number(change.p_value)}});
  }
  object.update({{"status", analyse::to_string(series.status)},
                 {"note", series.note},
                 {"nights", series.corrected.size()},
                 {"stable_nights", series.stable_nights},
                 {"untrusted", series.nights.untrusted},
                 {"missing", series.nights.missing},
                 {"units", series.nights.segments.size()},
                 {"level", number(series.level)},
                 {"exact", series.exact},
                 {"sentinel", series.sentinel},
                 {"change_points", changes}});
  object["sigma"] = series.sigma ? number(*series.sigma) : json(nullptr);
  object["detectable"] = series.detectable ? number(*series.detectable) : json(nullptr);
  object["unit_spread"] = series.unit_spread ? number(*series.unit_spread) : json(nullptr);
  return object;
}

// Names may come from a board: what is no UTF-8 is replaced.
std::string text_of(const json& value) {
  return value.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string findings_json(const std::vector<FindingRow>& findings) { return text_of(array_of(findings)); }

std::string finding_json(const FindingRow& finding, const std::vector<store::FindingEvent>& events) {
  json object = finding_object(finding);
  object["events"] = json::array();
  for (const store::FindingEvent& event : events) {
    object["events"].push_back({{"sequence", event.sequence},
                                {"at_ns", event.at_ns},
                                {"event", event.event},
                                {"who", event.who},
                                {"reason", event.reason}});
  }
  return text_of(object);
}

std::string analysis_json(const campaign::NightlyAnalysis& night) {
  const analyse::JudgementCounts& counts = night.counts;
  const analyse::SentinelReport& sentinels = night.judgement.sentinels;
  json series = json::array();
  for (const analyse::SeriesJudgement& one : night.judgement.series) series.push_back(series_object(one));
  json resolved = json::array();
  for (const store::FindingUpdate& update : night.resolved) {
    resolved.push_back({{"finding_id", update.finding.finding_id},
                        {"reason", update.events.empty() ? "" : update.events.back().reason}});
  }
  return text_of({{"sentence", analyse::sentence_of(counts)},
                  {"last_run", night.judgement.last_run},
                  {"counts",
                   {{"regressions", counts.regressions},
                    {"improvements", counts.improvements},
                    {"trades", counts.trades},
                    {"changes", counts.changes},
                    {"watches", counts.watches},
                    {"unchanged", counts.unchanged},
                    {"learning", counts.learning},
                    {"unmeasured", counts.unmeasured}}},
                  {"findings", array_of(night.findings)},
                  {"resolved", resolved},
                  {"sentinels",
                   {{"series", sentinels.series},
                    {"series_years", sentinels.series_years()},
                    {"alerts", sentinels.alerts},
                    {"explained", sentinels.explained},
                    {"alerts_per_100_series_years", sentinels.realised_rate()},
                    {"not_frozen", sentinels.not_frozen}}},
                  {"series", series}});
}

}  // namespace slmrig::cli
