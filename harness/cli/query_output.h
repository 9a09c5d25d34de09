// Results of SQL as a table for people. Pure.
#pragma once

#include <string>

#include "harness/store/sql_query.h"

namespace slmrig::cli {

std::string query_table_text(const store::SqlTable& table);

}  // namespace slmrig::cli
