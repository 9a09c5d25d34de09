#include "harness/store/internal/open_for_writing.h"

#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "harness/store/internal/schema.h"
#include "harness/store/store.h"

namespace slmrig::store {

base::Result<std::unique_ptr<Database>> open_for_writing(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    return base::fail(base::ErrorCode::kBadInput,
                      fmt::format("{}: no such file; --db names the database", path));
  }
  SLMRIG_ASSIGN(std::unique_ptr<Database> database,
                Database::open(path, OpenMode::kReadWriteCreate, kLockPatience));
  SLMRIG_TRY(migrate(*database));
  SLMRIG_TRY(database->execute("pragma foreign_keys = on"));
  return database;
}

}  // namespace slmrig::store
