#include "harness/store/live.h"

#include <map>

#include <fmt/format.h>

#include "harness/store/internal/database.h"
#include "harness/store/internal/open_for_reading.h"
#include "harness/store/internal/reader_rows.h"

namespace slmrig::store {

using base::Result;

namespace {

constexpr const char* kSoFar =
    "select count(*), count(correct), sum(correct), avg(ttft_ticks), sum(decode_ticks), "
    "sum(max(generated_tokens - 1, 0)), max(started_at_ns) from generation "
    "where cell_key = (select cell_key from cell where cell_id = ?)";

Result<CellSoFar> so_far(Database& database, const std::string& cell_id, const base::TickScale& ticks) {
  SLMRIG_ASSIGN(Statement * row, database.cached(kSoFar));
  row->bind(cell_id);
  SLMRIG_ASSIGN(const bool found, row->step());
  SLMRIG_CHECK(found);  // an aggregate always has a row
  const double scale = static_cast<double>(ticks.numerator) / static_cast<double>(ticks.denominator);
  CellSoFar sums;
  sums.generations = static_cast<uint64_t>(row->column_int64(0));
  sums.checked = static_cast<uint64_t>(row->column_int64(1));
  sums.correct = static_cast<uint64_t>(row->column_int64(2));
  if (!row->column_is_null(3)) sums.ttft_cost_mean = row->column_double(3) * scale;
  if (row->column_int64(5) > 0) sums.token_cost_mean = row->column_double(4) * scale / row->column_double(5);
  sums.newest_at_ns = row->column_optional_int64(6);
  return sums;
}

// Sums of all cells of a large run would be read anew at every look.
enum class Sums { kOfAll, kOfUnended };

// `where_and_order` follows kSelectCell and has one parameter.
template <typename Parameter>
Result<std::vector<LiveCell>> cells_of(Database& database, const std::string& where_and_order,
                                       const Parameter& parameter, Sums sums) {
  SLMRIG_ASSIGN(Statement rows, database.prepare(kSelectCell + where_and_order));
  rows.bind(parameter);
  std::map<std::string, SessionRow> sessions;
  std::vector<LiveCell> cells;
  for (;;) {
    SLMRIG_ASSIGN(const bool more, rows.step());
    if (!more) return cells;
    LiveCell live;
    SLMRIG_ASSIGN(live.cell, cell_row(rows));
    const auto [session, is_new] = sessions.try_emplace(live.cell.session_id);
    if (is_new) {
      SLMRIG_ASSIGN(Statement owner,
                    database.prepare(std::string(kSelectSession) + "where s.session_id = ?"));
      owner.bind(live.cell.session_id);
      SLMRIG_ASSIGN(const bool found, owner.step());
      SLMRIG_CHECK(found);  // a foreign key
      SLMRIG_ASSIGN(session->second, session_row(owner));
    }
    live.session = session->second;
    if (sums == Sums::kOfAll || !live.cell.ended_at_ns) {
      SLMRIG_ASSIGN(live.so_far, so_far(database, live.cell.cell_id, live.session.ticks));
    }
    cells.push_back(std::move(live));
  }
}

// A session that goes on has no values yet: then the one before is still the newest.
constexpr const char* kLatestFigures =
    "with cells as ("
    "  select c.cell_key, s.session_key, max(s.started_at_ns) from cell c join session s using (session_key) "
    "  where s.started_at_ns >= ?1 and exists (select 1 from series_value v where v.cell_key = c.cell_key) "
    "  group by s.bench, s.engine, s.model, s.variant, s.tier, c.suite, c.settings), "
    "sessions as ("
    "  select s.session_key, max(s.started_at_ns) from session s where s.started_at_ns >= ?1 and exists "
    "  (select 1 from series_value v where v.session_key = s.session_key and v.cell_key is null) "
    "  group by s.bench, s.engine, s.model, s.variant, s.tier, s.context_tokens), "
    "latest as ("
    "  select v.* from cells k join series_value v using (cell_key) "
    "  union all "
    "  select v.* from sessions k join series_value v using (session_key) where v.cell_key is null) "
    "select s.bench, s.board, coalesce(s.engine, ''), s.model, s.variant, coalesce(c.suite, ''), "
    "coalesce(c.settings, case when s.context_tokens > 0 then 'ctx=' || s.context_tokens else '' end), "
    "coalesce(r.build, ''), s.tier, m.name, l.samples, l.value, s.started_at_ns "
    "from latest l join metric m using (metric_key) join session s using (session_key) "
    "join run r using (run_key) left join cell c using (cell_key) "
    "order by 10, 1, 3, 4, 5, 6, 7, 9";

}  // namespace

Result<std::vector<LiveCell>> live_cells(const std::string& path, const std::string& run_id) {
  SLMRIG_ASSIGN(const std::unique_ptr<Database> database, open_for_reading(path));
  return cells_of(*database, "where r.run_id = ? order by s.session_key, c.cell_key", run_id,
                  Sums::kOfUnended);
}

Result<std::vector<LiveCell>> newest_cells(const std::string& path, std::size_t count) {
  SLMRIG_ASSIGN(const std::unique_ptr<Database> database, open_for_reading(path));
  return cells_of(
      *database,
      "where c.cell_key in (select cell_key from cell where ended_at_ns is not null "
      "order by ended_at_ns desc, cell_key desc limit ?) order by c.ended_at_ns desc, c.cell_key desc",
      static_cast<int64_t>(count), Sums::kOfAll);
}

Result<std::vector<LatestFigure>> latest_figures(const std::string& path, int64_t since_ns) {
  SLMRIG_ASSIGN(const std::unique_ptr<Database> database, open_for_reading(path));
  SLMRIG_ASSIGN(Statement row, database->prepare(kLatestFigures));
  row.bind(since_ns);
  std::vector<LatestFigure> figures;
  for (;;) {
    SLMRIG_ASSIGN(const bool more, row.step());
    if (!more) return figures;
    LatestFigure figure;
    figure.bench = row.column_text(0);
    figure.board = row.column_text(1);
    figure.engine = row.column_text(2);
    figure.model = row.column_text(3);
    figure.variant = row.column_text(4);
    figure.suite = row.column_text(5);
    figure.settings = row.column_text(6);
    figure.build = row.column_text(7);
    const std::string tier = row.column_text(8);
    const std::optional<base::Tier> known_tier = base::parse_tier(tier);
    if (!known_tier)
      return base::fail(base::ErrorCode::kCorrupt, fmt::format("a session has the unknown tier '{}'", tier));
    figure.tier = *known_tier;
    figure.metric = row.column_text(9);
    figure.samples = static_cast<uint64_t>(row.column_int64(10));
    figure.value = row.column_double(11);
    figure.started_at_ns = row.column_int64(12);
    figures.push_back(std::move(figure));
  }
}

}  // namespace slmrig::store
