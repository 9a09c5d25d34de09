// A user's own SQL over the database: one statement, which can only read.
//
// The connection is read-only, and an authorizer refuses everything but reading (ATTACH and PRAGMA with a
// value included). Errors: kBadInput (SQL error with SQLite's words, more than one statement, a statement
// that writes, no such database), kTimeout (QueryControl::stop), kIo, kCorrupt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::store {

struct Blob {
  std::vector<uint8_t> bytes;
  bool operator==(const Blob&) const = default;
};

// NULL, INTEGER, REAL, TEXT, BLOB.
using SqlValue = std::variant<std::monostate, int64_t, double, std::string, Blob>;

struct SqlTable {
  std::vector<std::string> columns;
  std::vector<std::vector<SqlValue>> rows;  // [rows][columns]
  bool truncated = false;                   // there were more than max_rows
};

// At most `max_rows` rows; 0: all of them.
base::Result<SqlTable> run_query(const std::string& path, const std::string& sql, size_t max_rows = 0);

// Row by row, for results that need not fit in memory. `on_columns` is called once, also when there are no
// rows; `on_row` returns false to stop.
struct RowVisitor {
  std::function<void(std::span<const std::string> columns)> on_columns;
  std::function<bool(std::span<const SqlValue> row)> on_row;
};

struct QueryControl {
  std::vector<SqlValue> parameters;  // for ?1, ?2, ... of the statement
  std::function<bool()> stop = {};  // asked every few thousand steps of SQLite's machine; true ends the query
};
base::Done visit_query(const std::string& path, const std::string& sql, const RowVisitor& visitor,
                       const QueryControl& control = {});

}  // namespace slmrig::store
