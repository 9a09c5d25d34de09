#include "harness/store/internal/schema.h"

#include <fmt/format.h>

#include "harness/store/internal/transaction.h"

namespace slmrig::store {

using base::Done;
using base::ErrorCode;
using base::Result;

namespace {

constexpr int64_t kApplicationId = 0x534c4d52;  // "SLMR"

enum class Kind { kEmpty, kOurs, kForeign };

struct Found {
  Kind kind = Kind::kEmpty;
  int64_t version = 0;
};

Result<Found> look(Database& database) {
  SLMRIG_ASSIGN(const int64_t application, database.pragma_int64("application_id"));
  SLMRIG_ASSIGN(const int64_t version, database.pragma_int64("user_version"));
  if (application == kApplicationId) return Found{Kind::kOurs, version};
  SLMRIG_ASSIGN(Statement count, database.prepare("select count(*) from sqlite_schema"));
  SLMRIG_ASSIGN(const bool row, count.step());
  const bool empty = application == 0 && version == 0 && row && count.column_int64(0) == 0;
  return Found{empty ? Kind::kEmpty : Kind::kForeign, version};
}

std::string place(const Database& database) { return fmt::format("database {}", database.path()); }

tl::unexpected<base::Error> foreign(const Database& database) {
  return base::fail(
      ErrorCode::kBadInput,
      "this is an SQLite database, but not one of slmrig; it was left untouched: name another file",
      place(database));
}

tl::unexpected<base::Error> newer(const Database& database, int64_t version) {
  return base::fail(
      ErrorCode::kUnsupported,
      fmt::format("its schema has version {}, this slmrig knows versions up to {}; it was left untouched: "
                  "use a newer slmrig, or name another database",
                  version, newest_schema_version()),
      place(database));
}

Done apply(Database& database, int64_t up_to_version) {
  // Another process may have migrated while this one waited for the lock.
  SLMRIG_ASSIGN(const Found found, look(database));
  if (found.kind == Kind::kForeign) return foreign(database);
  for (int64_t version = found.version; version < up_to_version; ++version) {
    const Migration& migration = migrations()[static_cast<std::size_t>(version)];
    if (Done done = database.execute(migration.sql); !done) {
      return tl::unexpected<base::Error>(
          base::within(fmt::format("migration {}", migration.name), done.error()));
    }
  }
  return database.execute(
      fmt::format("pragma application_id = {}; pragma user_version = {}", kApplicationId, up_to_version));
}

}  // namespace

int64_t newest_schema_version() { return static_cast<int64_t>(migrations().size()); }

Done check_schema(Database& database) {
  SLMRIG_ASSIGN(const Found found, look(database));
  switch (found.kind) {
    case Kind::kEmpty:
      return base::fail(ErrorCode::kBadInput, "this database is empty; nothing was ever measured into it",
                        place(database));
    case Kind::kForeign: return foreign(database);
    case Kind::kOurs: break;
  }
  if (found.version > newest_schema_version()) return newer(database, found.version);
  if (found.version < newest_schema_version()) {
    return base::fail(
        ErrorCode::kUnsupported,
        fmt::format("its schema has version {}, this slmrig reads version {}; `slmrig db upgrade` brings it "
                    "up to date, and so does the next `slmrig run` into it",
                    found.version, newest_schema_version()),
        place(database));
  }
  return {};
}

Done migrate(Database& database, int64_t up_to_version) {
  SLMRIG_ASSIGN(const Found found, look(database));
  if (found.kind == Kind::kForeign) return foreign(database);
  if (found.version > newest_schema_version()) return newer(database, found.version);
  if (found.kind == Kind::kOurs && found.version >= up_to_version) return {};
  return in_transaction(database, [&] { return apply(database, up_to_version); });
}

}  // namespace slmrig::store
