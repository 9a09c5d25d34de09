// The schema's history: ordered, append-only migrations (migrations/*.sql, embedded at build).
//
// PRAGMA user_version holds the number of the last one that was applied; application_id tells slmrig's
// databases from others. A migration that has been released is never edited: a change is a new file.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "harness/base/error.h"
#include "harness/store/internal/database.h"

namespace slmrig::store {

struct Migration {
  std::string_view name;  // "0001_records"
  const char* sql = nullptr;
};

// In order; the version of migrations()[i] is i + 1.
std::span<const Migration> migrations();

int64_t newest_schema_version();

// Only looks: kBadInput when the file is not slmrig's (or has no schema yet), kUnsupported when it is of
// another version, naming both.
base::Done check_schema(Database& database);

// Creates or updates the schema in one transaction; two processes may do so at once. A database that is newer
// or not slmrig's is refused and left untouched. `up_to_version` is for the tests of migrations.
base::Done migrate(Database& database, int64_t up_to_version = newest_schema_version());

}  // namespace slmrig::store
