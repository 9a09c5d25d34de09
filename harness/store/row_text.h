// Rows of SQL as CSV (RFC 4180) and as JSON. Pure.
#pragma once

#include <span>
#include <string>

#include "harness/store/sql_query.h"

namespace slmrig::store {

// NULL is empty, a blob is hexadecimal.
std::string value_text(const SqlValue& value);

// With its line end. Text is quoted where it needs to be.
std::string csv_line(std::span<const std::string> titles);
std::string csv_line(std::span<const SqlValue> row);

// One object; columns of the same name keep the last value, as JSON readers do. Bytes that are not UTF-8
// become U+FFFD.
std::string json_row(std::span<const std::string> columns, std::span<const SqlValue> row);

}  // namespace slmrig::store
