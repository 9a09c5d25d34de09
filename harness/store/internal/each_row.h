// Every row of a statement, one after the other.
#pragma once

#include <string_view>

#include "harness/base/error.h"
#include "harness/store/internal/database.h"

namespace slmrig::store {

// `take` gets the statement standing on the row; the first error ends it.
template <typename Take>
base::Done each_row(Statement& statement, const Take& take) {
  for (;;) {
    SLMRIG_ASSIGN(const bool more, statement.step());
    if (!more) return {};
    take(statement);
  }
}

template <typename Take>
base::Done each_row(Database& database, std::string_view sql, const Take& take) {
  SLMRIG_ASSIGN(Statement statement, database.prepare(sql));
  return each_row(statement, take);
}

}  // namespace slmrig::store
