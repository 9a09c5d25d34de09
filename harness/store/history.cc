#include "harness/store/history.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "harness/base/wildcard.h"
#include "harness/store/internal/database.h"
#include "harness/store/internal/each_row.h"
#include "harness/store/queries.h"

namespace slmrig::store {

using base::Done;
using base::Result;

namespace {

// What else is in provenance (durations, loads, ways of writing) differs every night and explains nothing.
constexpr std::array kConditions = {"agent.arena_bytes",
                                    "agent.compiler*",
                                    "agent.protocol_version",
                                    "agent.sha256",
                                    "board.*",
                                    "deploy.flasher",
                                    "deploy.probe*",
                                    "deploy.target",
                                    "deploy.tool",
                                    "emulator.*",
                                    "harness.*",
                                    "host.cores",
                                    "host.cpu",
                                    "host.governor",
                                    "host.hypervisor",
                                    "host.kernel",
                                    "host.memory",
                                    "host.name",
                                    "import.*",
                                    "meter.address",
                                    "meter.clock",
                                    "meter.kind",
                                    "meter.model",
                                    "meter.serial",
                                    "meter.setting.*",
                                    "meter.version",
                                    "plan.*",
                                    "rig.*",
                                    "run.campaign",
                                    "suite.*",
                                    "supply.*",
                                    "ticks.*"};

bool is_condition(std::string_view name) {
  return std::any_of(kConditions.begin(), kConditions.end(),
                     [&](const char* pattern) { return base::matches_wildcard(pattern, name); });
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view name) {
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
           return base::matches_wildcard(pattern, name);
         });
}

const char* const kSessions =
    "select s.session_key, r.run_id, s.session_id, s.started_at_ns, s.bench, s.unit_id, s.board, s.model, "
    "s.variant, r.label, r.build, r.commit_sha, s.agent_build_id, s.image_sha256, s.model_sha256, "
    "s.engine_version, s.engine, k.settings, s.tier, s.kernel_isa "
    "from session s join run r using (run_key) join session_columns k using (session_key) "
    "order by s.started_at_ns, s.session_id";

// Reads the tables that have a row a session, then one pass over the figures without any join: names were
// interned before, so a figure costs two look-ups by number.
class HistoryMaker {
 public:
  HistoryMaker(Database& database, const HistoryFilter& filter) : database_(database), filter_(filter) {}

  Result<History> make() {
    SLMRIG_TRY(each_row(database_, kSessions, [this](const Statement& row) { add_session(row); }));
    SLMRIG_TRY(
        add_conditions("select s.session_key, x.fact_key from session s join run_fact x using (run_key)"));
    SLMRIG_TRY(add_conditions("select session_key, fact_key from session_fact"));
    SLMRIG_TRY(each_row(database_,
                        "select cell_key, session_key, cell_id, suite, settings, doubts is null from cell "
                        "order by cell_key",
                        [this](const Statement& row) { add_cell(row); }));
    SLMRIG_TRY(each_row(database_, "select metric_key, name, unit, better = 'lower' from metric",
                        [this](const Statement& row) { add_metric(row); }));
    SLMRIG_TRY(each_row(database_,
                        "select session_key, cell_key, metric_key, samples, value, tier, doubts is not null "
                        "from series_value",
                        [this](const Statement& row) { add_value(row); }));
    sort();
    return std::move(history_);
  }

 private:
  // What figures of a session have in common with those of other nights.
  struct Origin {
    uint32_t index = 0;   // in History::sessions
    uint32_t series = 0;  // an index into origins_: what tells the series of one bench and variant apart
  };
  struct CellOrigin {
    int32_t index = -1;  // in History::cell_ids
    uint32_t suite_and_settings = 0;
    bool trusted = true;
    bool wanted = true;
  };
  struct MetricName {
    std::string name;
    std::string unit;
    base::Better better = base::Better::kLower;
  };
  // Origin, suite and settings + 1 (0: none), metric, tier.
  using SeriesId = std::tuple<uint32_t, uint32_t, int64_t, base::Tier>;

  void add_session(const Statement& row);
  Done add_conditions(std::string_view sql);
  void add_cell(const Statement& row);
  void add_metric(const Statement& row);
  void add_value(const Statement& row);
  bool wants(const HistorySession& session) const;
  void sort();

  Database& database_;
  const HistoryFilter& filter_;
  History history_;
  std::vector<SeriesKey> origins_;  // suite, metric empty; settings: the session's
  std::map<SeriesKey, uint32_t> origin_ids_;
  std::vector<std::pair<std::string, std::string>> suites_;  // suite, settings of a cell
  std::map<std::pair<std::string, std::string>, uint32_t> suite_ids_;
  std::unordered_map<int64_t, Origin> sessions_;  // only those that are wanted, as in the next two
  std::unordered_map<int64_t, CellOrigin> cells_;
  std::unordered_map<int64_t, MetricName> metrics_;
  std::map<SeriesId, std::size_t> series_ids_;
};

bool HistoryMaker::wants(const HistorySession& session) const {
  const auto& runs = filter_.run_ids;
  if (filter_.since_ns && session.started_at_ns < *filter_.since_ns) return false;
  if (filter_.until_ns && session.started_at_ns >= *filter_.until_ns) return false;
  if (!runs.empty() && std::find(runs.begin(), runs.end(), session.run_id) == runs.end()) return false;
  return matches_any(filter_.builds, session.build) && matches_any(filter_.benches, session.bench) &&
         matches_any(filter_.boards, session.board) && matches_any(filter_.models, session.model) &&
         matches_any(filter_.variants, session.variant);
}

template <typename Known, typename Name, typename List>
uint32_t intern(Known& known, List& list, const Name& name) {
  const auto [found, is_new] = known.try_emplace(name, static_cast<uint32_t>(list.size()));
  if (is_new) list.push_back(name);
  return found->second;
}

void HistoryMaker::add_session(const Statement& row) {
  HistorySession session;
  session.run_id = row.column_text(1);
  session.session_id = row.column_text(2);
  session.started_at_ns = row.column_int64(3);
  session.bench = row.column_text(4);
  session.unit_id = row.column_text(5);
  session.board = row.column_text(6);
  session.model = row.column_text(7);
  session.variant = row.column_text(8);
  session.label = row.column_text(9);
  session.build = row.column_text(10);
  session.commit_sha = row.column_text(11);
  session.agent_build_id = row.column_text(12);
  session.image_sha256 = row.column_text(13);
  session.model_sha256 = row.column_text(14);
  session.engine_version = row.column_text(15);
  if (!wants(session)) return;
  if (!row.column_is_null(19)) session.conditions["agent.kernel_isa"] = row.column_text(19);
  SeriesKey origin;
  origin.bench = session.bench;
  origin.engine = row.column_text(16);
  origin.model = session.model;
  origin.variant = session.variant;
  origin.settings = row.column_text(17);
  origin.tier = base::parse_tier(row.column_text(18)).value_or(base::Tier::kHardware);
  sessions_[row.column_int64(0)] = {static_cast<uint32_t>(history_.sessions.size()),
                                    intern(origin_ids_, origins_, origin)};
  history_.sessions.push_back(std::move(session));
}

Done HistoryMaker::add_conditions(std::string_view sql) {
  std::unordered_map<int64_t, std::pair<std::string, std::string>> facts;
  SLMRIG_TRY(each_row(database_, "select fact_key, name, value from fact", [&](const Statement& row) {
    std::string name = row.column_text(1);
    if (is_condition(name)) facts[row.column_int64(0)] = {std::move(name), row.column_text(2)};
  }));
  return each_row(database_, sql, [&](const Statement& row) {
    const auto session = sessions_.find(row.column_int64(0));
    const auto fact = facts.find(row.column_int64(1));
    if (session == sessions_.end() || fact == facts.end()) return;
    history_.sessions[session->second.index].conditions.insert_or_assign(fact->second.first,
                                                                         fact->second.second);
  });
}

void HistoryMaker::add_cell(const Statement& row) {
  if (!sessions_.contains(row.column_int64(1))) return;
  CellOrigin cell;
  const std::string suite = row.column_text(3);
  cell.wanted = matches_any(filter_.suites, suite);
  cell.suite_and_settings = intern(suite_ids_, suites_, std::pair(suite, row.column_text(4)));
  cell.trusted = row.column_int64(5) != 0;
  cell.index = static_cast<int32_t>(history_.cell_ids.size());
  history_.cell_ids.push_back(row.column_text(2));
  cells_[row.column_int64(0)] = cell;
}

void HistoryMaker::add_metric(const Statement& row) {
  MetricName metric{row.column_text(1), row.column_text(2),
                    row.column_int64(3) != 0 ? base::Better::kLower : base::Better::kHigher};
  if (matches_any(filter_.metrics, metric.name)) metrics_[row.column_int64(0)] = std::move(metric);
}

void HistoryMaker::add_value(const Statement& row) {
  const auto session = sessions_.find(row.column_int64(0));
  const auto metric = metrics_.find(row.column_int64(2));
  if (session == sessions_.end() || metric == metrics_.end()) return;
  const CellOrigin* cell = nullptr;
  if (!row.column_is_null(1)) {
    const auto found = cells_.find(row.column_int64(1));
    if (found == cells_.end() || !found->second.wanted) return;
    cell = &found->second;
  }
  const SeriesKey& origin = origins_[session->second.series];
  const bool has_own_tier = !row.column_is_null(5);
  const base::Tier tier =
      has_own_tier ? base::parse_tier(row.column_text(5)).value_or(origin.tier) : origin.tier;
  if (filter_.tier && tier != *filter_.tier) return;
  const SeriesId id{session->second.series, cell == nullptr ? 0 : cell->suite_and_settings + 1, metric->first,
                    tier};
  const auto [known, is_new] = series_ids_.try_emplace(id, history_.series.size());
  if (is_new) {
    Series series{origin, metric->second.unit, metric->second.better, {}};
    series.key.metric = metric->second.name;
    series.key.tier = tier;
    if (cell != nullptr) {
      std::tie(series.key.suite, series.key.settings) = suites_[cell->suite_and_settings];
    }
    history_.series.push_back(std::move(series));
  }
  SeriesPoint point;
  point.session = session->second.index;
  point.samples = static_cast<uint64_t>(row.column_int64(3));
  point.value = row.column_double(4);
  if (cell != nullptr) point.cell = cell->index;
  // An energy is doubted for reasons of its own.
  point.trusted = has_own_tier || cell == nullptr ? row.column_int64(6) == 0 : cell->trusted;
  history_.series[known->second].points.push_back(point);
}

// Figures come in the order in which they were written, which is nearly that of time.
void HistoryMaker::sort() {
  const auto by_time = [](const SeriesPoint& left, const SeriesPoint& right) {
    return std::pair(left.session, left.cell) < std::pair(right.session, right.cell);
  };
  for (Series& series : history_.series) {
    if (!std::is_sorted(series.points.begin(), series.points.end(), by_time)) {
      std::sort(series.points.begin(), series.points.end(), by_time);
    }
  }
  std::sort(history_.series.begin(), history_.series.end(),
            [](const Series& left, const Series& right) { return left.key < right.key; });
}

}  // namespace

std::string to_string(const SeriesKey& key) {
  return fmt::format("{} {} {}/{}{} {} ({}{}{})", key.bench, key.engine, key.model, key.variant,
                     key.suite.empty() ? "" : " " + key.suite, key.metric, base::to_string(key.tier),
                     key.settings.empty() ? "" : ", ", key.settings);
}

Result<History> Reader::history(const HistoryFilter& filter) {
  return HistoryMaker(*database_, filter).make();
}

}  // namespace slmrig::store
