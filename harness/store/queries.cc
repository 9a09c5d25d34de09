#include "harness/store/queries.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>

#include "harness/base/suggest.h"
#include "harness/store/internal/codec.h"
#include "harness/store/internal/database.h"
#include "harness/store/internal/open_for_reading.h"
#include "harness/store/internal/reader_rows.h"

namespace slmrig::store {

using base::Done;
using base::ErrorCode;
using base::Result;

namespace {

// All rows of a query with one text parameter (or none), each made by `make`.
template <typename Row, typename Make>
Result<std::vector<Row>> all_rows(Database& database, const std::string& sql, const std::string* parameter,
                                  const Make& make) {
  SLMRIG_ASSIGN(Statement statement, database.prepare(sql));
  if (parameter != nullptr) statement.bind(*parameter);
  std::vector<Row> rows;
  for (;;) {
    SLMRIG_ASSIGN(const bool more, statement.step());
    if (!more) return rows;
    SLMRIG_ASSIGN(Row row, make(statement));
    rows.push_back(std::move(row));
  }
}

Done add_retry_reasons(Database& database, SessionRow& session) {
  SLMRIG_ASSIGN(session.retry_reasons,
                all_rows<std::string>(database,
                                      "select reason from retry join session using (session_key) "
                                      "where session_id = ? order by retry.attempt",
                                      &session.session_id, [](const Statement& row) -> Result<std::string> {
                                        return row.column_text(0);
                                      }));
  return {};
}

Result<base::Provenance> facts(Database& database, const std::string& sql, const std::string& id) {
  using Fact = std::pair<std::string, std::string>;
  SLMRIG_ASSIGN(const std::vector<Fact> rows,
                all_rows<Fact>(database, sql, &id, [](const Statement& row) -> Result<Fact> {
                  return Fact{row.column_text(0), row.column_text(1)};
                }));
  return base::Provenance(rows.begin(), rows.end());
}

// For LIKE ... ESCAPE '\': ids are matched by their beginning, and '%' is not a wildcard.
std::string beginning(const std::string& text) {
  std::string pattern;
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

// A message that lists more than this helps nobody.
constexpr std::size_t kListedIds = 5;

tl::unexpected<base::Error> ambiguous(std::string_view kind, const std::string& selector,
                                      const std::vector<std::string>& ids) {
  const std::vector<std::string> first(
      ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), kListedIds)));
  return base::fail(
      ErrorCode::kBadInput,
      fmt::format("'{}' is the beginning of {} {}s ({}{}); give more of the id", selector, ids.size(), kind,
                  fmt::join(first, ", "), ids.size() > kListedIds ? ", ..." : ""));
}

struct RunName {
  std::string run_id;
  std::string label;
};

tl::unexpected<base::Error> no_such_run(const std::string& selector, const std::vector<RunName>& runs) {
  if (runs.empty()) return base::fail(ErrorCode::kBadInput, "there are no runs in this database yet");
  std::vector<std::string> known = {"latest"};
  for (const RunName& run : runs) {
    const bool listed = std::find(known.begin(), known.end(), run.label) != known.end();
    if (!run.label.empty() && !listed && known.size() < 2 * kListedIds) known.push_back(run.label);
  }
  return base::fail(ErrorCode::kBadInput, base::unknown_name("run", selector, known) +
                                              "; or give the beginning of a run id (slmrig runs)");
}

// `runs` newest first.
Result<std::string> select_run(const std::string& selector, const std::vector<RunName>& runs) {
  if (selector == "latest" && !runs.empty()) return runs.front().run_id;
  for (const RunName& run : runs) {
    if (!selector.empty() && (run.run_id == selector || run.label == selector)) return run.run_id;
  }
  std::vector<std::string> ids;
  for (const RunName& run : runs) {
    if (!selector.empty() && run.run_id.starts_with(selector)) ids.push_back(run.run_id);
  }
  if (ids.empty()) return no_such_run(selector, runs);
  if (ids.size() > 1) return ambiguous("run", selector, ids);
  return ids.front();
}

}  // namespace

Reader::Reader(std::unique_ptr<Database> database) : database_(std::move(database)) {}
Reader::~Reader() = default;
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;

Result<Reader> open_reader(const std::string& path) {
  SLMRIG_ASSIGN(std::unique_ptr<Database> database, open_for_reading(path));
  return Reader(std::move(database));
}

Result<std::vector<RunRow>> Reader::runs() {
  const std::string sql =
      std::string(kSelectRun) + "group by r.run_key order by r.started_at_ns desc, r.run_key desc";
  return all_rows<RunRow>(*database_, sql, nullptr, run_row);
}

Result<RunRow> Reader::find_run(const std::string& selector) {
  SLMRIG_ASSIGN(
      const std::vector<RunName> names,
      all_rows<RunName>(*database_, "select run_id, label from run order by started_at_ns desc, run_key desc",
                        nullptr, [](const Statement& row) -> Result<RunName> {
                          return RunName{row.column_text(0), row.column_text(1)};
                        }));
  SLMRIG_ASSIGN(const std::string run_id, select_run(selector, names));
  SLMRIG_ASSIGN(
      std::vector<RunRow> found,
      all_rows<RunRow>(*database_, std::string(kSelectRun) + "where r.run_id = ? group by r.run_key", &run_id,
                       run_row));
  SLMRIG_CHECK(found.size() == 1);  // runs are never removed
  return std::move(found.front());
}

Result<CellRow> Reader::find_cell(const std::string& selector) {
  const std::string pattern = beginning(selector);
  SLMRIG_ASSIGN(
      const std::vector<CellRow> found,
      all_rows<CellRow>(*database_,
                        std::string(kSelectCell) + "where c.cell_id like ? escape '\\' order by c.cell_key",
                        &pattern, cell_row));
  if (found.size() == 1) return found.front();
  if (selector.empty() || found.empty()) {
    return base::fail(
        ErrorCode::kBadInput,
        fmt::format("no cell's id begins with '{}'; slmrig show RUN lists the cells of a run", selector));
  }
  std::vector<std::string> ids;
  for (const CellRow& cell : found) ids.push_back(cell.cell_id);
  return ambiguous("cell", selector, ids);
}

Result<std::vector<SessionRow>> Reader::sessions(const std::string& run_id) {
  SLMRIG_ASSIGN(std::vector<SessionRow> rows,
                all_rows<SessionRow>(
                    *database_, std::string(kSelectSession) + "where r.run_id = ? order by s.session_key",
                    &run_id, session_row));
  for (SessionRow& row : rows) SLMRIG_TRY(add_retry_reasons(*database_, row));
  return rows;
}

Result<SessionRow> Reader::session(const std::string& session_id) {
  SLMRIG_ASSIGN(std::vector<SessionRow> rows,
                all_rows<SessionRow>(*database_, std::string(kSelectSession) + "where s.session_id = ?",
                                     &session_id, session_row));
  if (rows.empty())
    return base::fail(ErrorCode::kBadInput, fmt::format("there is no session '{}'", session_id));
  SLMRIG_TRY(add_retry_reasons(*database_, rows.front()));
  return std::move(rows.front());
}

Result<std::vector<CellRow>> Reader::cells(const std::string& run_id) {
  return all_rows<CellRow>(*database_, std::string(kSelectCell) + "where r.run_id = ? order by c.cell_key",
                           &run_id, cell_row);
}

Result<std::vector<CellRow>> Reader::cells_of_session(const std::string& session_id) {
  return all_rows<CellRow>(*database_,
                           std::string(kSelectCell) + "where s.session_id = ? order by c.cell_key",
                           &session_id, cell_row);
}

Result<std::vector<GenerationRow>> Reader::generations(const std::string& cell_id) {
  SLMRIG_ASSIGN(
      const std::vector<SessionRow> owner,
      all_rows<SessionRow>(*database_,
                           std::string(kSelectSession) +
                               "where s.session_key = (select session_key from cell where cell_id = ?)",
                           &cell_id, session_row));
  if (owner.empty()) return base::fail(ErrorCode::kBadInput, fmt::format("there is no cell '{}'", cell_id));
  const base::TickScale ticks = owner.front().ticks;
  return all_rows<GenerationRow>(*database_,
                                 std::string(kSelectGeneration) +
                                     "where g.cell_key = (select cell_key from cell where cell_id = ?) "
                                     "order by g.generation_key",
                                 &cell_id, [&](const Statement& row) { return generation_row(row, ticks); });
}

Result<std::vector<ColdStartRow>> Reader::cold_starts(const std::string& session_id) {
  SLMRIG_ASSIGN(const SessionRow owner, session(session_id));
  const auto make = [&](const Statement& row) -> Result<ColdStartRow> {
    const auto cost = [&](int column) {
      return owner.ticks.convert(static_cast<uint64_t>(row.column_int64(column)));
    };
    return ColdStartRow{static_cast<uint32_t>(row.column_int64(0)),
                        row.column_text(1),
                        cost(2),
                        cost(3),
                        cost(4),
                        cost(5),
                        cost(6)};
  };
  return all_rows<ColdStartRow>(
      *database_,
      "select repeat, origin, boot_ticks, load_ticks, first_prefill_ticks, "
      "first_token_ticks, boot_ticks + load_ticks + first_prefill_ticks + first_token_ticks "
      "from cold_start join session using (session_key) where session_id = ? order by repeat",
      &session_id, make);
}

Result<std::vector<MemoryRow>> Reader::memory(const std::string& session_id) {
  return all_rows<MemoryRow>(
      *database_,
      "select class, bytes from memory join session using (session_key) "
      "where session_id = ? order by class",
      &session_id, [](const Statement& row) -> Result<MemoryRow> {
        return MemoryRow{row.column_text(0), static_cast<uint64_t>(row.column_int64(1))};
      });
}

Result<base::Provenance> Reader::run_provenance(const std::string& run_id) {
  return facts(
      *database_,
      "select name, value from run_fact join run using (run_key) join fact using (fact_key) where run_id = ?",
      run_id);
}

Result<base::Provenance> Reader::session_provenance(const std::string& session_id) {
  return facts(
      *database_,
      "select name, value from session_fact join session using (session_key) join fact using (fact_key) "
      "where session_id = ?",
      session_id);
}

Result<std::vector<LogRow>> Reader::logs(const std::string& session_id) {
  const auto make = [](const Statement& row) -> Result<LogRow> {
    SLMRIG_ASSIGN(std::string text, unpack(row.column_blob(3), static_cast<uint64_t>(row.column_int64(2))));
    return LogRow{row.column_text(0), static_cast<uint32_t>(row.column_int64(1)), std::move(text)};
  };
  return all_rows<LogRow>(
      *database_,
      "select name, log.attempt, text_bytes, zstd from log join session using (session_key) "
      "where session_id = ? order by log_key",
      &session_id, make);
}

Result<std::vector<SeriesValue>> Reader::series_values(const std::string& session_id) {
  return all_rows<SeriesValue>(
      *database_,
      "select c.cell_id, m.name, v.samples, v.value, v.tier, v.doubts from series_value v "
      "join session s using (session_key) join metric m using (metric_key) "
      "left join cell c using (cell_key) where s.session_id = ? order by v.series_value_key",
      &session_id, [](const Statement& row) -> Result<SeriesValue> {
        SeriesValue value{row.column_text(0), row.column_text(1), static_cast<uint64_t>(row.column_int64(2)),
                          row.column_double(3)};
        value.tier = base::parse_tier(row.column_text(4));
        if (!row.column_is_null(5)) {
          SLMRIG_ASSIGN(value.doubts, texts_of(row.column_text(5)));
        }
        return value;
      });
}

Result<SessionData> Reader::session_data(const std::string& session_id) {
  SessionData data;
  SLMRIG_ASSIGN(data.session, session(session_id));
  SLMRIG_ASSIGN(data.cold_starts, cold_starts(session_id));
  SLMRIG_ASSIGN(data.memory, memory(session_id));
  SLMRIG_ASSIGN(data.roofline, roofline(session_id));
  SLMRIG_ASSIGN(data.cold_start_energy, cold_start_energy(session_id));
  SLMRIG_ASSIGN(data.provenance, session_provenance(session_id));
  SLMRIG_ASSIGN(const std::vector<CellRow> rows, cells_of_session(session_id));
  for (const CellRow& cell : rows) {
    SLMRIG_ASSIGN(std::vector<GenerationRow> measured, generations(cell.cell_id));
    SLMRIG_ASSIGN(ProfileRows profiled, profile(cell.cell_id));
    SLMRIG_ASSIGN(std::optional<base::Energy> metered, energy(cell.cell_id));
    data.cells.push_back({cell, std::move(measured), std::move(profiled), std::move(metered)});
  }
  return data;
}

Result<RunData> Reader::run_data(const std::string& run_id) {
  RunData data;
  SLMRIG_ASSIGN(data.run, find_run(run_id));
  SLMRIG_ASSIGN(data.provenance, run_provenance(data.run.run_id));
  SLMRIG_ASSIGN(const std::vector<SessionRow> rows, sessions(data.run.run_id));
  for (const SessionRow& row : rows) {
    SLMRIG_ASSIGN(SessionData each, session_data(row.session_id));
    data.sessions.push_back(std::move(each));
  }
  return data;
}

}  // namespace slmrig::store
