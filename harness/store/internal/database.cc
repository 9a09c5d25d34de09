#include "harness/store/internal/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cctype>
#include <filesystem>
#include <system_error>
#include <utility>

namespace slmrig::store {

using base::Done;
using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::size_t kMostSpare = 128;  // texts that hold a number or a name are not asked again

Error error_of(const std::string& path, int code, int system_error, std::string_view words) {
  const std::string place = fmt::format("database {}", path);
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {
          ErrorCode::kIo,
          fmt::format("the disk is full ({}); what was committed before is kept: free some space and go on",
                      words),
          place};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {
          ErrorCode::kLocked,
          fmt::format("another process held the write lock too long ({}); end it or name another database",
                      words),
          place};
    case SQLITE_NOTADB:
      return {ErrorCode::kBadInput, "the file is not a database; name another one, or move it away", place};
    case SQLITE_CORRUPT:
      return {ErrorCode::kCorrupt,
              fmt::format(
                  "the file is damaged ({}); keep a copy, and recover what there is with sqlite3's .recover",
                  words),
              place};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR: {
      const std::string system = system_error == 0
                                     ? std::string()
                                     : ": " + std::error_code(system_error, std::system_category()).message();
      return {ErrorCode::kIo,
              fmt::format("cannot read or write the file ({}{}); check permissions and free space", words,
                          system),
              place};
    }
    default: return {ErrorCode::kBadInput, std::string(words), place};
  }
}

// As a URI any file name means itself, also ":memory:" and "file:x".
std::string uri_of(const std::string& path, bool immutable) {
  std::string uri = "file:";
  for (const char c : path) {
    const bool plain =
        c == '/' || c == '.' || c == '-' || c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0;
    uri += plain ? std::string(1, c) : fmt::format("%{:02x}", static_cast<unsigned char>(c));
  }
  return uri + (immutable ? "?immutable=1" : "");
}

}  // namespace

Statement::Statement(Statement&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)),
      handle_(std::exchange(other.handle_, nullptr)),
      next_parameter_(std::exchange(other.next_parameter_, 1)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(database_, other.database_);
  std::swap(handle_, other.handle_);
  std::swap(next_parameter_, other.next_parameter_);
  return *this;
}

Statement::~Statement() {
  if (handle_ != nullptr) database_->keep(handle_);
}

// A bind fails only for a parameter that is not there, which is our own mistake.
Statement& Statement::bind(int64_t value) {
  SLMRIG_CHECK(sqlite3_bind_int64(handle_, next_parameter_++, value) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(double value) {
  SLMRIG_CHECK(sqlite3_bind_double(handle_, next_parameter_++, value) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(std::string_view value) {
  // A null pointer would bind NULL.
  const char* data = value.data() == nullptr ? "" : value.data();
  SLMRIG_CHECK(sqlite3_bind_text64(handle_, next_parameter_++, data, value.size(), SQLITE_STATIC,
                                   SQLITE_UTF8) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind_blob(std::string_view bytes) {
  const char* data = bytes.data() == nullptr ? "" : bytes.data();
  SLMRIG_CHECK(sqlite3_bind_blob64(handle_, next_parameter_++, data, bytes.size(), SQLITE_STATIC) ==
               SQLITE_OK);
  return *this;
}

Statement& Statement::bind_null() {
  SLMRIG_CHECK(sqlite3_bind_null(handle_, next_parameter_++) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind_text_or_null(std::string_view value) {
  return value.empty() ? bind_null() : bind(value);
}

Done Statement::run() {
  SLMRIG_ASSIGN(const bool row, step());
  SLMRIG_CHECK(!row);
  return {};
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) {
    Error error = database_->error(code);
    reset();
    return tl::unexpected<Error>(std::move(error));
  }
  reset();
  return false;
}

void Statement::reset() {
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
  next_parameter_ = 1;
}

bool Statement::column_is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

int64_t Statement::column_int64(int column) const { return sqlite3_column_int64(handle_, column); }

double Statement::column_double(int column) const { return sqlite3_column_double(handle_, column); }

std::string Statement::column_text(int column) const {
  const unsigned char* text = sqlite3_column_text(handle_, column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

std::string Statement::column_blob(int column) const {
  const void* bytes = sqlite3_column_blob(handle_, column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

std::optional<int64_t> Statement::column_optional_int64(int column) const {
  if (column_is_null(column)) return std::nullopt;
  return column_int64(column);
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, OpenMode mode,
                                                 std::chrono::milliseconds busy_timeout) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return base::fail(ErrorCode::kBadInput, "this is a folder; name a database file",
                      fmt::format("database {}", path));
  }
  // Callers lock; SQLite's own mutexes would only cost.
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_URI |
                    (mode == OpenMode::kReadWriteCreate ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                                        : SQLITE_OPEN_READONLY);
  const std::string file = uri_of(path, mode == OpenMode::kReadOnlyImmutable);
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
  if (code != SQLITE_OK) {
    Error error =
        error_of(path, code, handle == nullptr ? 0 : sqlite3_system_errno(handle), sqlite3_errstr(code));
    sqlite3_close(handle);
    return tl::unexpected<Error>(std::move(error));
  }
  std::unique_ptr<Database> database(new Database(path, handle));
  sqlite3_busy_timeout(handle, static_cast<int>(busy_timeout.count()));
  return database;
}

Database::~Database() {
  cache_.clear();
  for (const auto& [sql, statement] : spare_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

Done Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return tl::unexpected<Error>(error(code));
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  if (const auto spare = spare_.find(sql); spare != spare_.end()) {
    return Statement(this, spare_.extract(spare).mapped());
  }
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &handle, nullptr);
  if (code != SQLITE_OK) return tl::unexpected<Error>(error(code));
  return Statement(this, handle);
}

void Database::keep(sqlite3_stmt* statement) {
  // An unfinished one would hold its transaction open.
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  const char* sql = sqlite3_sql(statement);
  const bool kept = sql != nullptr && spare_.size() < kMostSpare && spare_.emplace(sql, statement).second;
  if (!kept) sqlite3_finalize(statement);
}

Result<Statement*> Database::cached(const char* sql) {
  auto found = cache_.find(sql);
  if (found == cache_.end()) {
    SLMRIG_ASSIGN(Statement statement, prepare(sql));
    found = cache_.emplace(sql, std::move(statement)).first;
  }
  found->second.reset();
  return &found->second;
}

Result<int64_t> Database::pragma_int64(const std::string& name) {
  SLMRIG_ASSIGN(Statement statement, prepare("pragma " + name));
  SLMRIG_ASSIGN(const bool row, statement.step());
  return row ? statement.column_int64(0) : 0;
}

int64_t Database::last_insert_key() const { return sqlite3_last_insert_rowid(handle_); }

int64_t Database::changed_rows() const { return sqlite3_changes64(handle_); }

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

Error Database::error(int sqlite_code) const {
  return error_of(path_, sqlite_code, sqlite3_system_errno(handle_), sqlite3_errmsg(handle_));
}

}  // namespace slmrig::store
