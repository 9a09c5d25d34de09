#include "harness/store/findings.h"

#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "harness/base/uuid.h"
#include "harness/store/internal/database.h"
#include "harness/store/internal/each_row.h"
#include "harness/store/internal/open_for_reading.h"
#include "harness/store/internal/open_for_writing.h"
#include "harness/store/internal/transaction.h"

namespace slmrig::store {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;
using nlohmann::json;

// What is looked at and never searched for. Text from a database may be anything; from here it is UTF-8 or
// replaced.
std::string detail_text(const FindingRow& finding) {
  json changes = json::array();
  for (const ConditionChange& change : finding.changes) {
    changes.push_back({{"cause", to_string(change.cause)},
                       {"name", change.name},
                       {"before", change.before},
                       {"after", change.after}});
  }
  const json detail = {{"changes", changes},
                       {"notes", finding.notes},
                       {"samples_before", finding.samples_before},
                       {"samples_after", finding.samples_after},
                       {"unit", finding.unit},
                       {"better", base::to_string(finding.better)},
                       {"board", finding.board},
                       {"last_good_build", finding.last_good_build},
                       {"first_bad_build", finding.first_bad_build},
                       {"nights_after", finding.nights_after},
                       {"exact", finding.exact}};
  return detail.dump(-1, ' ', false, json::error_handler_t::replace);
}

void read_detail(const std::string& text, FindingRow& finding) {
  const json detail = json::parse(text, nullptr, false);
  if (!detail.is_object()) return;
  const auto string_at = [](const json& object, const char* key) {
    return object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : std::string();
  };
  const auto numbers_at = [&](const char* key) {
    std::vector<double> numbers;
    if (!detail.contains(key) || !detail[key].is_array()) return numbers;
    for (const json& item : detail[key]) {
      if (item.is_number()) numbers.push_back(item.get<double>());
    }
    return numbers;
  };
  finding.unit = string_at(detail, "unit");
  finding.better = string_at(detail, "better") == "higher" ? base::Better::kHigher : base::Better::kLower;
  finding.board = string_at(detail, "board");
  finding.last_good_build = string_at(detail, "last_good_build");
  finding.first_bad_build = string_at(detail, "first_bad_build");
  finding.samples_before = numbers_at("samples_before");
  finding.samples_after = numbers_at("samples_after");
  finding.exact = detail.contains("exact") && detail["exact"] == true;
  if (detail.contains("nights_after") && detail["nights_after"].is_number_unsigned())
    finding.nights_after = detail["nights_after"].get<uint32_t>();
  if (detail.contains("notes") && detail["notes"].is_array()) {
    for (const json& note : detail["notes"]) {
      if (note.is_string()) finding.notes.push_back(note.get<std::string>());
    }
  }
  if (!detail.contains("changes") || !detail["changes"].is_array()) return;
  for (const json& change : detail["changes"]) {
    if (!change.is_object()) continue;
    finding.changes.push_back(
        {parse_finding_cause(string_at(change, "cause")).value_or(FindingCause::kUnknown),
         string_at(change, "name"), string_at(change, "before"), string_at(change, "after")});
  }
}

const char* const kSelect =
    "select finding_id, bench, engine, model, variant, suite, settings, metric, tier, unit_id, state, level, "
    "direction, cause, onset_session, onset_at_ns, onset_low_at_ns, onset_high_at_ns, last_good_commit, "
    "first_bad_commit, before_value, after_value, effect_low, effect_high, p_value, q_value, nights, "
    "first_seen_at_ns, last_seen_at_ns, detail from finding ";

FindingRow finding_row(const Statement& row) {
  FindingRow finding;
  int at = 0;
  const auto text = [&] { return row.column_text(at++); };
  const auto integer = [&] { return row.column_int64(at++); };
  const auto number = [&] { return row.column_double(at++); };
  finding.finding_id = text();
  finding.series.bench = text();
  finding.series.engine = text();
  finding.series.model = text();
  finding.series.variant = text();
  finding.series.suite = text();
  finding.series.settings = text();
  finding.series.metric = text();
  finding.series.tier = base::parse_tier(text()).value_or(base::Tier::kHardware);
  finding.unit_id = text();
  finding.state = parse_finding_state(text()).value_or(FindingState::kNew);
  finding.level = parse_finding_level(text()).value_or(FindingLevel::kWatch);
  finding.direction = parse_finding_direction(text()).value_or(FindingDirection::kChange);
  finding.cause = parse_finding_cause(text()).value_or(FindingCause::kUnknown);
  finding.onset_session = text();
  finding.onset_at_ns = integer();
  finding.onset_low_at_ns = integer();
  finding.onset_high_at_ns = integer();
  finding.last_good_commit = text();
  finding.first_bad_commit = text();
  finding.before = number();
  finding.after = number();
  finding.effect_low = number();
  finding.effect_high = number();
  finding.p_value = number();
  finding.q_value = number();
  finding.nights = static_cast<uint32_t>(integer());
  finding.first_seen_at_ns = integer();
  finding.last_seen_at_ns = integer();
  read_detail(text(), finding);
  return finding;
}

Result<std::vector<FindingRow>> select_findings(Database& database) {
  std::vector<FindingRow> findings;
  SLMRIG_TRY(each_row(database, std::string(kSelect) + "order by onset_at_ns desc, finding_key",
                      [&](const Statement& row) { findings.push_back(finding_row(row)); }));
  return findings;
}

const char* const kUpsert = R"(
insert into finding (finding_id, bench, engine, model, variant, suite, settings, metric, tier, unit_id, state, level,
                     direction, cause, onset_session, onset_at_ns, onset_low_at_ns, onset_high_at_ns,
                     last_good_commit, first_bad_commit, before_value, after_value, effect_low, effect_high, p_value,
                     q_value, nights, first_seen_at_ns, last_seen_at_ns, detail)
values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
on conflict (finding_id) do update set
  state = case when state = 'acknowledged' and excluded.state <> 'resolved' then state else excluded.state end,
  level = excluded.level, direction = excluded.direction, cause = excluded.cause,
  onset_session = excluded.onset_session, onset_at_ns = excluded.onset_at_ns,
  onset_low_at_ns = excluded.onset_low_at_ns, onset_high_at_ns = excluded.onset_high_at_ns,
  last_good_commit = excluded.last_good_commit, first_bad_commit = excluded.first_bad_commit,
  before_value = excluded.before_value, after_value = excluded.after_value,
  effect_low = excluded.effect_low, effect_high = excluded.effect_high,
  p_value = excluded.p_value, q_value = excluded.q_value, nights = excluded.nights,
  last_seen_at_ns = excluded.last_seen_at_ns, detail = excluded.detail)";

Done write_finding(Database& database, const FindingRow& finding) {
  const std::string detail = detail_text(finding);
  const SeriesKey& key = finding.series;
  SLMRIG_ASSIGN(Statement * upsert, database.cached(kUpsert));
  upsert->bind(finding.finding_id).bind(key.bench).bind(key.engine).bind(key.model).bind(key.variant);
  upsert->bind(key.suite).bind(key.settings).bind(key.metric).bind(base::to_string(key.tier));
  upsert->bind(finding.unit_id).bind(to_string(finding.state)).bind(to_string(finding.level));
  upsert->bind(to_string(finding.direction)).bind(to_string(finding.cause)).bind(finding.onset_session);
  upsert->bind(finding.onset_at_ns).bind(finding.onset_low_at_ns).bind(finding.onset_high_at_ns);
  upsert->bind(finding.last_good_commit).bind(finding.first_bad_commit);
  upsert->bind(finding.before).bind(finding.after).bind(finding.effect_low).bind(finding.effect_high);
  upsert->bind(finding.p_value).bind(finding.q_value).bind(finding.nights);
  upsert->bind(finding.first_seen_at_ns).bind(finding.last_seen_at_ns).bind(detail);
  return upsert->run();
}

Done write_event(Database& database, const std::string& finding_id, const FindingEvent& event) {
  SLMRIG_ASSIGN(
      Statement * insert,
      database.cached("insert into finding_event (finding_key, sequence, at_ns, event, who, reason) "
                      "select finding_key, (select count(*) from finding_event e where e.finding_key = "
                      "f.finding_key) + 1, ?, ?, ?, ? from finding f where finding_id = ?"));
  return insert->bind(event.at_ns)
      .bind(event.event)
      .bind(event.who)
      .bind(event.reason)
      .bind(finding_id)
      .run();
}

// A new finding that another analysis kept meanwhile gets that one's id.
Result<std::string> id_of_same(Database& database, const FindingRow& finding) {
  SLMRIG_ASSIGN(
      Statement * select,
      database.cached("select finding_id from finding where bench = ? and engine = ? and model = ? and "
                      "variant = ? and suite = ? and settings = ? and metric = ? and tier = ? and "
                      "unit_id = ? and onset_at_ns = ? and state <> 'resolved'"));
  const SeriesKey& key = finding.series;
  select->bind(key.bench).bind(key.engine).bind(key.model).bind(key.variant).bind(key.suite);
  select->bind(key.settings).bind(key.metric).bind(base::to_string(key.tier));
  SLMRIG_ASSIGN(const bool found, select->bind(finding.unit_id).bind(finding.onset_at_ns).step());
  std::string id = found ? select->column_text(0) : std::string();
  select->reset();
  return id;
}

Done write_update(Database& database, FindingUpdate& update) {
  if (update.finding.finding_id.empty()) {
    SLMRIG_ASSIGN(update.finding.finding_id, id_of_same(database, update.finding));
    if (!update.finding.finding_id.empty()) return {};
    update.finding.finding_id = base::uuid_v7();
  }
  SLMRIG_TRY(write_finding(database, update.finding));
  for (const FindingEvent& event : update.events)
    SLMRIG_TRY(write_event(database, update.finding.finding_id, event));
  return {};
}

}  // namespace

Result<std::vector<FindingRow>> read_findings(const std::string& path) {
  SLMRIG_ASSIGN(const std::unique_ptr<Database> database, open_for_reading(path));
  return select_findings(*database);
}

Result<FindingRow> find_finding(const std::string& path, const std::string& selector) {
  SLMRIG_ASSIGN(const std::vector<FindingRow> findings, read_findings(path));
  std::vector<FindingRow> found;
  for (const FindingRow& finding : findings) {
    const std::string& id = finding.finding_id;
    const bool fits = !selector.empty() && (id.starts_with(selector) || id.ends_with(selector));
    if (fits) found.push_back(finding);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return fail(
        ErrorCode::kBadInput,
        fmt::format("no finding's id begins or ends with '{}'; slmrig finding list shows them", selector));
  }
  std::vector<std::string> ids;
  for (const FindingRow& finding : found) ids.push_back(finding.finding_id);
  return fail(ErrorCode::kBadInput, fmt::format("'{}' fits {} findings: {}; say more of one", selector,
                                                ids.size(), fmt::join(ids, ", ")));
}

Result<std::vector<FindingEvent>> finding_events(const std::string& path, const std::string& finding_id) {
  SLMRIG_ASSIGN(const std::unique_ptr<Database> database, open_for_reading(path));
  SLMRIG_ASSIGN(
      Statement select,
      database->prepare("select sequence, at_ns, event, who, reason from finding_event e join finding "
                        "f using (finding_key) where f.finding_id = ? order by sequence"));
  select.bind(finding_id);
  std::vector<FindingEvent> events;
  SLMRIG_TRY(each_row(select, [&](const Statement& row) {
    events.push_back({static_cast<uint32_t>(row.column_int64(0)), row.column_int64(1), row.column_text(2),
                      row.column_text(3), row.column_text(4)});
  }));
  return events;
}

Done keep_findings(const std::string& path, std::vector<FindingUpdate>& updates) {
  if (updates.empty()) return {};
  SLMRIG_ASSIGN(const std::unique_ptr<Database> database, open_for_writing(path));
  return in_transaction(*database, [&]() -> Done {
    for (FindingUpdate& update : updates) SLMRIG_TRY(write_update(*database, update));
    return {};
  });
}

Done decide_finding(const std::string& path, const std::string& finding_id, const FindingDecision& decision) {
  SLMRIG_ASSIGN(const std::unique_ptr<Database> database, open_for_writing(path));
  return in_transaction(*database, [&]() -> Done {
    SLMRIG_ASSIGN(Statement * update,
                  database->cached("update finding set state = ? where finding_id = ? and state <> ?"));
    const std::string_view state = to_string(decision.state);
    SLMRIG_TRY(update->bind(state).bind(finding_id).bind(state).run());
    if (database->changed_rows() == 0) {
      return fail(
          ErrorCode::kBadInput,
          fmt::format("finding {} is {} already, or there is none of that id; slmrig finding show tells "
                      "what happened to it",
                      finding_id, state));
    }
    const char* event = decision.state == FindingState::kAcknowledged ? "acknowledged" : "reopened";
    return write_event(*database, finding_id, {0, decision.at_ns, event, decision.who, decision.reason});
  });
}

}  // namespace slmrig::store
