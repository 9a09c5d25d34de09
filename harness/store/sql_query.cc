#include "harness/store/sql_query.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "harness/store/internal/open_for_reading.h"

namespace slmrig::store {

using base::Done;
using base::ErrorCode;
using base::Result;

namespace {

// PRAGMAs that only tell.
bool is_telling_pragma(std::string_view name, const char* value) {
  constexpr std::array<std::string_view, 8> kWithArgument = {
      "table_info",  "table_xinfo", "table_list",      "index_info",
      "index_xinfo", "index_list",  "integrity_check", "foreign_key_list"};
  constexpr std::array<std::string_view, 6> kWithout = {"user_version", "application_id", "page_count",
                                                        "page_size",    "freelist_count", "compile_options"};
  const auto has = [&](const auto& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  return has(kWithArgument) || (value == nullptr && has(kWithout));
}

int authorize(void* /*context*/, int action, const char* first, const char* second, const char* /*database*/,
              const char* /*trigger*/) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE: return SQLITE_OK;
    case SQLITE_FUNCTION: return std::string_view(second) == "load_extension" ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA: return is_telling_pragma(first, second) ? SQLITE_OK : SQLITE_DENY;
    default: return SQLITE_DENY;
  }
}

SqlValue value_of(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: return static_cast<int64_t>(sqlite3_column_int64(statement, column));
    case SQLITE_FLOAT: return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
    }
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const uint8_t*>(sqlite3_column_blob(statement, column));
      return Blob{{bytes, bytes + sqlite3_column_bytes(statement, column)}};
    }
    default: return std::monostate{};
  }
}

tl::unexpected<base::Error> sql_error(const Database& database, int code) {
  base::Error error = database.error(code);
  if (code == SQLITE_AUTH) {
    error.message =
        fmt::format("this statement does more than read ({}); queries here are read-only", error.message);
  }
  return tl::unexpected<base::Error>(std::move(error));
}

// A second statement after the first would be ignored in silence.
bool has_more_sql(Database& database, const char* rest) {
  while (rest != nullptr && *rest != '\0') {
    sqlite3_stmt* handle = nullptr;
    const int code = sqlite3_prepare_v2(database.handle(), rest, -1, &handle, &rest);
    const Statement next(&database, handle);
    // No handle and no error: blanks, or a comment.
    if (code != SQLITE_OK || handle != nullptr) return true;
  }
  return false;
}

// A view over millions of rows may think for long before its first row: SQLite asks while it thinks.
constexpr int kStepsBetweenQuestions = 5'000;

int should_stop(void* control) { return static_cast<const QueryControl*>(control)->stop() ? 1 : 0; }

void bind_parameters(Statement& statement, const std::vector<SqlValue>& parameters) {
  struct Binder {
    Statement& statement;
    void operator()(std::monostate) const { statement.bind_null(); }
    void operator()(int64_t value) const { statement.bind(value); }
    void operator()(double value) const { statement.bind(value); }
    void operator()(const std::string& value) const { statement.bind(value); }
    void operator()(const Blob& value) const {
      statement.bind_blob({reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size()});
    }
  };
  for (const SqlValue& value : parameters) std::visit(Binder{statement}, value);
}

Result<bool> step_unless_stopped(Statement& statement, const QueryControl& control) {
  Result<bool> more = statement.step();
  if (!more && control.stop && control.stop())
    return base::fail(ErrorCode::kTimeout, "the query was stopped before its end");
  return more;
}

Result<Statement> prepare_one(Database& database, const std::string& sql) {
  sqlite3_stmt* handle = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v2(database.handle(), sql.c_str(), -1, &handle, &rest);
  if (code != SQLITE_OK) return sql_error(database, code);
  Statement statement(&database, handle);
  if (handle == nullptr) {
    return base::fail(ErrorCode::kBadInput, "there is no SQL statement; try \"select * from v_cell\"");
  }
  if (has_more_sql(database, rest)) {
    return base::fail(ErrorCode::kBadInput, "there is more than one SQL statement; give them one at a time");
  }
  return statement;
}

}  // namespace

Done visit_query(const std::string& path, const std::string& sql, const RowVisitor& visitor,
                 const QueryControl& control) {
  SLMRIG_ASSIGN(std::unique_ptr<Database> database, open_for_reading(path));
  sqlite3_set_authorizer(database->handle(), authorize, nullptr);
  SLMRIG_ASSIGN(Statement statement, prepare_one(*database, sql));
  bind_parameters(statement, control.parameters);
  if (control.stop) {
    // SQLite wants a pointer to what may change; we change nothing.
    sqlite3_progress_handler(database->handle(), kStepsBetweenQuestions, should_stop,
                             const_cast<QueryControl*>(&control));
  }
  const int column_count = sqlite3_column_count(statement.handle());
  std::vector<std::string> columns;
  for (int i = 0; i < column_count; ++i) columns.emplace_back(sqlite3_column_name(statement.handle(), i));
  visitor.on_columns(columns);
  std::vector<SqlValue> row(static_cast<std::size_t>(column_count));
  for (;;) {
    SLMRIG_ASSIGN(const bool more, step_unless_stopped(statement, control));
    if (!more) return {};
    for (int i = 0; i < column_count; ++i) row[static_cast<std::size_t>(i)] = value_of(statement.handle(), i);
    if (!visitor.on_row(row)) return {};
  }
}

Result<SqlTable> run_query(const std::string& path, const std::string& sql, size_t max_rows) {
  SqlTable table;
  RowVisitor visitor;
  visitor.on_columns = [&](std::span<const std::string> columns) {
    table.columns.assign(columns.begin(), columns.end());
  };
  visitor.on_row = [&](std::span<const SqlValue> row) {
    table.truncated = max_rows != 0 && table.rows.size() == max_rows;
    if (!table.truncated) table.rows.emplace_back(row.begin(), row.end());
    return !table.truncated;
  };
  SLMRIG_TRY(visit_query(path, sql, visitor));
  return table;
}

}  // namespace slmrig::store
