// One SQLite connection, its prepared statements, and SQLite's errors in our words.
//
// One thread at a time: whoever shares a Database locks. Statements must not outlive it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace slmrig::store {

enum class OpenMode {
  kReadOnly,
  kReadOnlyImmutable,  // promises SQLite that nobody writes: needs no lock and no file beside the database
  kReadWriteCreate,
};

// How long a command waits for another process's transaction before it says who is in its way.
inline constexpr std::chrono::milliseconds kLockPatience{10'000};

class Database;

// Binds from left to right, steps, reads from left to right. After done() or the last step it can be used
// anew.
class Statement {
 public:
  Statement() = default;
  Statement(Database* database, sqlite3_stmt* handle) : database_(database), handle_(handle) {}
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  // Texts and blobs are bound by reference: they must live until the statement has run.
  Statement& bind(int64_t value);
  Statement& bind(uint64_t value) { return bind(static_cast<int64_t>(value)); }
  Statement& bind(uint32_t value) { return bind(static_cast<int64_t>(value)); }
  Statement& bind(int value) { return bind(static_cast<int64_t>(value)); }
  Statement& bind(bool value) { return bind(static_cast<int64_t>(value)); }
  Statement& bind(double value);
  Statement& bind(std::string_view value);
  Statement& bind(const std::string& value) { return bind(std::string_view(value)); }
  Statement& bind(const char* value) { return bind(std::string_view(value)); }
  Statement& bind_blob(std::string_view bytes);
  Statement& bind_null();
  // Empty becomes NULL.
  Statement& bind_text_or_null(std::string_view value);
  template <typename T>
  Statement& bind(const std::optional<T>& value) {
    return value ? bind(*value) : bind_null();
  }

  // Runs a statement that gives no rows.
  base::Done run();
  // true: a row is there. false: the end; the statement has been reset.
  base::Result<bool> step();
  // Drops what is bound and what is left of the rows.
  void reset();

  bool column_is_null(int column) const;
  int64_t column_int64(int column) const;
  double column_double(int column) const;
  std::string column_text(int column) const;  // "" for NULL
  std::string column_blob(int column) const;
  std::optional<int64_t> column_optional_int64(int column) const;

  sqlite3_stmt* handle() const { return handle_; }

 private:
  Database* database_ = nullptr;
  sqlite3_stmt* handle_ = nullptr;
  int next_parameter_ = 1;
};

class Database {
 public:
  static base::Result<std::unique_ptr<Database>> open(const std::string& path, OpenMode mode,
                                                      std::chrono::milliseconds busy_timeout);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  base::Done execute(const std::string& sql);  // any number of statements, no rows
  // Reading a record asks the same few dozen questions again and again: a statement that nobody uses any more
  // is kept, and handed out to the next who asks for the same text.
  base::Result<Statement> prepare(std::string_view sql);
  // Prepared once for each literal, and reset before it is handed out. `sql` must be a string literal.
  base::Result<Statement*> cached(const char* sql);
  base::Result<int64_t> pragma_int64(const std::string& name);

  int64_t last_insert_key() const;
  int64_t changed_rows() const;
  bool in_transaction() const;

  // What SQLite's last failure means: file, its words, and what to do.
  base::Error error(int sqlite_code) const;

  sqlite3* handle() const { return handle_; }
  const std::string& path() const { return path_; }

 private:
  Database(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}

  friend class Statement;
  void keep(sqlite3_stmt* statement);

  std::string path_;
  sqlite3* handle_ = nullptr;
  std::map<const char*, Statement> cache_;
  std::map<std::string, sqlite3_stmt*, std::less<>> spare_;  // by text; reset, nothing bound
};

}  // namespace slmrig::store
