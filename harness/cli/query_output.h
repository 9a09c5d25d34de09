// Results of SQL as a table for people, as CSV (RFC 4180) and as JSON. Pure.
#pragma once

#include <span>
#include <string>

#include "harness/store/sql_query.h"

namespace slmrig::cli {

std::string query_table_text(const store::SqlTable& table);

// With its line end. Text is quoted where it needs to be; NULL is an empty field, a blob is hexadecimal.
std::string csv_line(std::span<const std::string> titles);
std::string csv_line(std::span<const store::SqlValue> row);

// One object; columns of the same name keep the last value, as JSON readers do.
std::string json_row(std::span<const std::string> columns, std::span<const store::SqlValue> row);

}  // namespace slmrig::cli
