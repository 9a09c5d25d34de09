#include "reports/history_json.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "harness/base/metrics.h"
#include "reports/fleet_json.h"
#include "reports/json_values.h"
#include "reports/packed_integers.h"

namespace slmrig::reports {
namespace {

using Json = nlohmann::ordered_json;
using analyse::SeriesJudgement;
using store::FindingRow;
using store::History;

constexpr int64_t kNsPerMs = 1'000'000;
constexpr double kLargestExactInteger = 9'007'199'254'740'992.0;  // 2^53
constexpr double kLeastFloat = 1e-37;
constexpr double kGreatestFloat = 1e38;

// Not finite never comes here: nights_of leaves such points out.
double finite(double value) { return std::isfinite(value) ? value : 0; }

// Nights are runs: a series has one point of each that measured it.
class Nights {
 public:
  explicit Nights(const History& history) : history_(history) {
    for (const store::HistorySession& session : history.sessions) {
      if (indices_.emplace(session.run_id, firsts_.size()).second) firsts_.push_back(&session);
    }
  }

  int64_t index_of(std::size_t session) const {
    return static_cast<int64_t>(indices_.at(history_.sessions[session].run_id));
  }
  std::optional<std::size_t> find(const std::string& run_id) const {
    const auto found = indices_.find(run_id);
    return found == indices_.end() ? std::nullopt : std::optional(found->second);
  }

  Json json(const std::vector<std::string>& inlined) const {
    Json list = Json::array();
    for (const store::HistorySession* session : firsts_) {
      const auto found = std::find(inlined.begin(), inlined.end(), session->run_id);
      list.push_back({{"run_id", session->run_id},
                      {"label", session->label},
                      {"build", session->build},
                      {"commit_sha", session->commit_sha},
                      {"started_at_ms", session->started_at_ns / kNsPerMs},
                      {"inlined", found == inlined.end() ? -1 : found - inlined.begin()}});
    }
    return list;
  }

 private:
  const History& history_;
  std::map<std::string, std::size_t> indices_;
  std::vector<const store::HistorySession*> firsts_;  // [nights]: the session that began first
};

// A chart shows no more than 32 bits hold, and half of the file is numbers; beyond their range 64 are needed.
bool fit_floats(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double value) {
    const double size = std::abs(value);
    return size == 0 || (size > kLeastFloat && size < kGreatestFloat);
  });
}

template <typename Bits>
void append_little_endian(Bits bits, std::vector<uint8_t>& bytes) {
  for (std::size_t i = 0; i < sizeof(Bits); ++i, bits >>= 8U) {
    bytes.push_back(static_cast<uint8_t>(bits & 0xffU));
  }
}

std::string pack_numbers(const std::vector<double>& values) {
  const bool are_integers = std::all_of(values.begin(), values.end(), [](double value) {
    return std::abs(value) < kLargestExactInteger && std::trunc(value) == value;
  });
  if (are_integers) {
    const std::vector<int64_t> integers(values.begin(), values.end());
    return "i" + pack_integers(integers);
  }
  const bool short_ones = fit_floats(values);
  std::vector<uint8_t> bytes;
  bytes.reserve(values.size() * sizeof(double));
  for (const double value : values) {
    if (short_ones)
      append_little_endian(std::bit_cast<uint32_t>(static_cast<float>(value)), bytes);
    else
      append_little_endian(std::bit_cast<uint64_t>(value), bytes);
  }
  return (short_ones ? "f" : "d") + base64(bytes);
}

// Change points are told by index into the last segment; the page counts all points of the series.
Json change_json(const analyse::ChangePoint& change, std::size_t offset) {
  return {{"index", change.index + offset},
          {"onset_low", change.onset_low + offset},
          {"onset_high", change.onset_high + offset},
          {"level", change.level == analyse::ChangeLevel::kAlert ? "alert" : "watch"},
          {"before", finite(change.before)},
          {"after", finite(change.after)},
          {"effect_low", finite(change.effect_low)},
          {"effect_high", finite(change.effect_high)},
          {"p_value", finite(change.p_value)}};
}

Json budget_json(const ReportHistory& input, const store::SeriesKey& key) {
  const auto found = input.budgets.find(key);
  if (found == input.budgets.end()) return nullptr;
  return {{"row", found->second.row},
          {"comparison", found->second.comparison},
          {"limit", finite(found->second.limit)},
          {"verdict", found->second.verdict}};
}

Json series_json(const ReportHistory& input, const SeriesJudgement& judged, const Nights& nights) {
  std::vector<int64_t> runs;
  std::vector<double> values;
  Json segments = Json::array();
  std::size_t last_segment = 0;
  std::string board;
  for (const analyse::UnitSegment& segment : judged.nights.segments) {
    last_segment = values.size();
    segments.push_back({{"unit_id", segment.unit_id}, {"from", last_segment}});
    for (const analyse::Night& night : segment.nights) {
      runs.push_back(nights.index_of(night.session));
      values.push_back(night.value);
      board = input.history->sessions[night.session].board;
    }
  }
  Json changes = Json::array();
  for (const analyse::ChangePoint& change : judged.changes) {
    changes.push_back(change_json(change, last_segment));
  }
  const bool has_level = !values.empty();
  return {{"bench", judged.key.bench},
          {"board", board},
          {"engine", judged.key.engine},
          {"model", judged.key.model},
          {"variant", judged.key.variant},
          {"suite", judged.key.suite},
          {"settings", judged.key.settings},
          {"metric", judged.key.metric},
          {"tier", base::to_string(judged.key.tier)},
          {"status", analyse::to_string(judged.status)},
          {"note", judged.note},
          {"exact", judged.exact},
          {"sentinel", judged.sentinel},
          {"level", has_level ? number_or_null(judged.level) : Json(nullptr)},
          {"sigma", number_or_null(judged.sigma)},
          {"detectable", number_or_null(judged.detectable)},
          {"run", pack_integers(runs)},
          {"values", pack_numbers(values)},
          {"segments", std::move(segments)},
          {"changes", std::move(changes)},
          {"budget", budget_json(input, judged.key)}};
}

// Shares are told in points, everything else as a share of what was before.
std::string effect_text(const FindingRow& finding, double effect) {
  if (finding.unit == "ratio") return fmt::format("{:+.1f} points", 100 * effect);
  if (finding.before == 0) return fmt::format("{:+.3g} {}", effect, finding.unit);
  const double percent = 100 * effect / std::abs(finding.before);
  return fmt::format("{:+.{}f} %", percent, std::abs(percent) < 1 ? 2 : 1);
}

std::string reproduce_text(const FindingRow& finding) {
  if (!finding.finding_id.empty()) return "slmrig finding show " + finding.finding_id;
  const store::SeriesKey& key = finding.series;
  return fmt::format("slmrig analyse --look --bench {} --model {} --variant {} --metric {}", key.bench,
                     key.model, key.variant, key.metric);
}

Json samples_json(const std::vector<double>& samples) {
  Json list = Json::array();
  for (const double sample : samples) list.push_back(finite(sample));
  return list;
}

Json finding_json(const FindingRow& finding, int64_t series) {
  Json changes = Json::array();
  for (const store::ConditionChange& change : finding.changes) {
    changes.push_back({{"cause", store::to_string(change.cause)},
                       {"name", change.name},
                       {"before", change.before},
                       {"after", change.after}});
  }
  return {{"finding_id", finding.finding_id},
          {"series", series},
          {"title", finding_title(finding)},
          {"what", finding_place(finding)},
          {"state", store::to_string(finding.state)},
          {"level", store::to_string(finding.level)},
          {"direction", store::to_string(finding.direction)},
          {"cause", store::to_string(finding.cause)},
          {"unit_id", finding.unit_id},
          {"onset_ms", finding.onset_at_ns / kNsPerMs},
          {"onset_low_ms", finding.onset_low_at_ns / kNsPerMs},
          {"onset_high_ms", finding.onset_high_at_ns / kNsPerMs},
          {"last_good_commit", finding.last_good_commit},
          {"first_bad_commit", finding.first_bad_commit},
          {"last_good_build", finding.last_good_build},
          {"first_bad_build", finding.first_bad_build},
          {"before", finite(finding.before)},
          {"after", finite(finding.after)},
          {"effect_low", finite(finding.effect_low)},
          {"effect_high", finite(finding.effect_high)},
          {"p_value", finite(finding.p_value)},
          {"q_value", finite(finding.q_value)},
          {"nights", finding.nights},
          {"exact", finding.exact},
          {"changes", std::move(changes)},
          {"notes", finding.notes},
          {"samples_before", samples_json(finding.samples_before)},
          {"samples_after", samples_json(finding.samples_after)},
          {"reproduce", reproduce_text(finding)}};
}

// -1: the series is not in this history any more.
int64_t series_of(const FindingRow& finding, const std::vector<SeriesJudgement>& series) {
  const auto found = std::find_if(series.begin(), series.end(), [&](const SeriesJudgement& judged) {
    return judged.key == finding.series;
  });
  return found == series.end() ? -1 : found - series.begin();
}

Json groups_json(const std::vector<FindingRow>& findings) {
  Json list = Json::array();
  for (const analyse::FindingGroup& group : analyse::group_findings(findings)) {
    list.push_back({{"findings", group.findings}});
  }
  return list;
}

// What benches that never change say of the rig; empty where there are none.
std::string sentinels_text(const analyse::SentinelReport& sentinels) {
  if (sentinels.series == 0) return {};
  return fmt::format(
      "{} sentinel series over {:.1f} series-years: {} false alarms, {:.1f} a hundred series-years",
      sentinels.series, sentinels.series_years(), sentinels.alerts, sentinels.realised_rate());
}

Json releases_json(const ReportHistory& input, const Nights& nights) {
  Json list = Json::array();
  for (const PinnedRun& pinned : input.releases) {
    if (const auto night = nights.find(pinned.run_id)) {
      list.push_back({{"name", pinned.name}, {"night", *night}});
    }
  }
  return list;
}

}  // namespace

std::string finding_title(const FindingRow& finding) {
  const base::Metric* metric = base::find_metric(finding.series.metric);
  const std::string name(metric == nullptr ? std::string_view(finding.series.metric) : metric->title);
  if (finding.exact) return fmt::format("{} {}", name, effect_text(finding, finding.effect()));
  return fmt::format("{} {} (95 %: {} to {})", name, effect_text(finding, finding.effect()),
                     effect_text(finding, finding.effect_low), effect_text(finding, finding.effect_high));
}

std::string finding_place(const FindingRow& finding) {
  std::string place =
      fmt::format("{}, {} {}", finding.series.bench, finding.series.model, finding.series.variant);
  if (!finding.series.suite.empty()) place += ", " + finding.series.suite;
  return place;
}

std::vector<FindingRow> findings_of(const ReportHistory& input) {
  if (input.findings.empty()) return input.judgement->findings;
  return {input.findings.begin(), input.findings.end()};
}

std::string history_sentence(const ReportHistory& input) {
  return analyse::sentence_of(analyse::count_judgement(*input.judgement, findings_of(input)));
}

Json history_json(const ReportHistory& input, const std::vector<std::string>& inlined) {
  const Nights nights(*input.history);
  const analyse::NightJudgement& judgement = *input.judgement;
  const std::vector<FindingRow> findings = findings_of(input);
  Json series = Json::array();
  for (const SeriesJudgement& judged : judgement.series) series.push_back(series_json(input, judged, nights));
  Json finding_list = Json::array();
  for (const FindingRow& finding : findings) {
    finding_list.push_back(finding_json(finding, series_of(finding, judgement.series)));
  }
  return {{"sentence", history_sentence(input)}, {"sentinels", sentinels_text(judgement.sentinels)},
          {"nights", nights.json(inlined)},      {"releases", releases_json(input, nights)},
          {"series", std::move(series)},         {"findings", std::move(finding_list)},
          {"groups", groups_json(findings)},     {"fleet", fleet_json(input)}};
}

}  // namespace slmrig::reports
