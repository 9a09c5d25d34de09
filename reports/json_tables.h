// Lists of like objects by column, which is how a report travels: a hundred nights name the same keys and say
// much the same things. Nothing is lost; the page undoes it (web/tables.ts), and what it then has is of the
// form of report.schema.json.
//
// A list of objects with the same keys becomes {"table": rows, "columns": {key: column, ...}}. A column is
//   [value, ...]                              one a row
//   {"always": value}                         the same in each row
//   {"integers": PackedIntegers}              one a row
//   {"distinct": [value, ...], "at": PackedIntegers}   of each row the place of its value
//   {"table": rows, "columns": {...}}         an object a row
// where values may hold tables in turn.
#pragma once

#include <nlohmann/json.hpp>

namespace slmrig::reports {

// No object of `json` may have the key "table".
nlohmann::ordered_json in_tables(nlohmann::ordered_json json);

}  // namespace slmrig::reports
