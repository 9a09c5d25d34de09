#include "harness/store/internal/open_for_reading.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "harness/store/internal/schema.h"

namespace slmrig::store {

using base::Done;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::chrono::milliseconds kBusyTimeout{10'000};

// SQLite needs a shared-memory file beside a database in WAL mode, also to read it. Where the folder refuses
// that and no log is waiting, nobody can be writing, and the file can be read as it is.
Result<std::unique_ptr<Database>> open_unchanging(const std::string& path) {
  std::error_code ignored;
  const std::string log = path + "-wal";
  if (std::filesystem::exists(log, ignored) && std::filesystem::file_size(log, ignored) > 0) {
    return base::fail(
        ErrorCode::kIo,
        fmt::format("{} holds changes that can only be read where the folder can be written; copy both "
                    "files elsewhere and read them there",
                    log),
        fmt::format("database {}", path));
  }
  return Database::open(path, OpenMode::kReadOnlyImmutable, kBusyTimeout);
}

}  // namespace

Result<std::unique_ptr<Database>> open_for_reading(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    return base::fail(ErrorCode::kBadInput,
                      "there is no such file; `slmrig run` makes it, --db names another",
                      fmt::format("database {}", path));
  }
  SLMRIG_ASSIGN(std::unique_ptr<Database> database, Database::open(path, OpenMode::kReadOnly, kBusyTimeout));
  Done checked = check_schema(*database);
  if (!checked && checked.error().code == ErrorCode::kIo) {
    SLMRIG_ASSIGN(database, open_unchanging(path));
    checked = check_schema(*database);
  }
  SLMRIG_TRY(checked);
  return database;
}

}  // namespace slmrig::store
