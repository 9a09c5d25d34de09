#include "harness/store/upkeep.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <system_error>

#include <fmt/format.h>

#include "harness/base/sha256.h"
#include "harness/store/captures.h"
#include "harness/store/internal/database.h"
#include "harness/store/internal/each_row.h"
#include "harness/store/internal/open_for_reading.h"
#include "harness/store/internal/open_for_writing.h"
#include "harness/store/internal/schema.h"
#include "harness/store/releases.h"

namespace slmrig::store {

using base::Done;
using base::ErrorCode;
using base::Result;

namespace {

namespace fs = std::filesystem;

constexpr int64_t kDayNs = 86'400'000'000'000;

Result<uint64_t> count(Database& database, const std::string& from) {
  SLMRIG_ASSIGN(Statement statement, database.prepare("select count(*) from " + from));
  SLMRIG_ASSIGN(const bool row, statement.step());
  return row ? static_cast<uint64_t>(statement.column_int64(0)) : 0;
}

Done check_captures(Database& database, const fs::path& folder, std::vector<Trouble>& troubles) {
  return each_row(
      database, "select sha256, file from capture where removed_at_ns is null order by capture_key",
      [&](const Statement& row) {
        const std::string sha256 = row.column_text(0);
        const fs::path file = folder / row.column_text(1);
        const Result<std::string> found = base::sha256_hex_of_file(file);
        if (!found) {
          troubles.push_back({"capture " + sha256.substr(0, 16), found.error().text()});
        } else if (*found != sha256) {
          troubles.push_back({"capture " + sha256.substr(0, 16),
                              fmt::format("{} has SHA-256 {}, expected {}", file.string(), *found, sha256)});
        }
      });
}

Done check_releases(const std::string& path, std::vector<Trouble>& troubles) {
  SLMRIG_ASSIGN(const std::vector<ReleaseRow> all, releases(path));
  for (const ReleaseRow& release : all) {
    for (const ArtifactRow& artifact : release.artifacts) {
      if (artifact.file.empty()) continue;
      if (const auto content = read_artifact(path, artifact); !content) {
        troubles.push_back({"release " + release.name, content.error().text()});
      }
    }
  }
  return {};
}

}  // namespace

Result<DatabaseInfo> database_info(const std::string& path) {
  SLMRIG_ASSIGN(const std::unique_ptr<Database> database, open_for_reading(path));
  DatabaseInfo info;
  info.path = path;
  SLMRIG_ASSIGN(info.schema_version, database->pragma_int64("user_version"));
  SLMRIG_ASSIGN(const int64_t page_bytes, database->pragma_int64("page_size"));
  SLMRIG_ASSIGN(const int64_t pages, database->pragma_int64("page_count"));
  SLMRIG_ASSIGN(const int64_t free_pages, database->pragma_int64("freelist_count"));
  info.bytes = static_cast<uint64_t>(pages * page_bytes);
  info.free_bytes = static_cast<uint64_t>(free_pages * page_bytes);
  SLMRIG_ASSIGN(info.runs, count(*database, "run"));
  SLMRIG_ASSIGN(info.imported_runs, count(*database, "run where imported_from is not null"));
  SLMRIG_ASSIGN(info.sessions, count(*database, "session"));
  SLMRIG_ASSIGN(info.cells, count(*database, "cell"));
  SLMRIG_ASSIGN(info.generations, count(*database, "generation"));
  SLMRIG_ASSIGN(info.figures, count(*database, "series_value"));
  SLMRIG_ASSIGN(info.releases, count(*database, "release"));
  SLMRIG_ASSIGN(info.findings, count(*database, "finding"));
  SLMRIG_ASSIGN(const CaptureUsage captures, capture_usage(path));
  info.capture_files = captures.files;
  info.capture_bytes = captures.bytes;
  SLMRIG_TRY(each_row(*database, "select min(started_at_ns), max(started_at_ns) from run",
                      [&](const Statement& row) {
                        info.first_run_ns = row.column_optional_int64(0);
                        info.last_run_ns = row.column_optional_int64(1);
                      }));
  SLMRIG_TRY(each_row(*database, "select distinct bench from session order by bench",
                      [&](const Statement& row) { info.benches.push_back(row.column_text(0)); }));
  return info;
}

Result<std::vector<Trouble>> check_database(const std::string& path) {
  SLMRIG_ASSIGN(const std::unique_ptr<Database> database, open_for_reading(path));
  std::vector<Trouble> troubles;
  SLMRIG_TRY(each_row(*database, "pragma integrity_check", [&](const Statement& row) {
    if (row.column_text(0) != "ok") troubles.push_back({"pages", row.column_text(0)});
  }));
  // The tables themselves cannot be trusted then.
  if (!troubles.empty()) return troubles;
  SLMRIG_TRY(each_row(*database, "pragma foreign_key_check", [&](const Statement& row) {
    troubles.push_back(
        {"table " + row.column_text(0),
         fmt::format("row {} names a row of {} that is not there", row.column_text(1), row.column_text(2))});
  }));
  SLMRIG_TRY(check_captures(*database, capture_folder(path), troubles));
  SLMRIG_TRY(check_releases(path, troubles));
  return troubles;
}

Result<Upgraded> upgrade_database(const std::string& path) {
  Upgraded upgraded;
  if (std::error_code ignored; fs::exists(path, ignored)) {
    SLMRIG_ASSIGN(const std::unique_ptr<Database> before,
                  Database::open(path, OpenMode::kReadOnly, kLockPatience));
    SLMRIG_ASSIGN(upgraded.from_version, before->pragma_int64("user_version"));
  }
  SLMRIG_TRY(open_for_writing(path));
  upgraded.to_version = newest_schema_version();
  return upgraded;
}

Result<Thinned> thin_traces(const std::string& path, const ThinOptions& options) {
  SLMRIG_ASSIGN(const std::unique_ptr<Database> database, open_for_writing(path));
  const int64_t before_ns = options.now_ns - options.keep_days * kDayNs;
  Thinned thinned;
  SLMRIG_ASSIGN(
      thinned.kept_pinned,
      count(*database, fmt::format("run where started_at_ns < {} and run_key in (select run_key from "
                                   "release_run)",
                                   before_ns)));
  // By run, so that nobody waits long for the lock.
  std::vector<int64_t> runs;
  SLMRIG_TRY(
      each_row(*database,
               fmt::format("select run_key from run where started_at_ns < {} and ended_at_ns is not null "
                           "and run_key not in (select run_key from release_run) order by run_key",
                           before_ns),
               [&](const Statement& row) { runs.push_back(row.column_int64(0)); }));
  for (const int64_t run : runs) {
    const std::string cells = fmt::format(
        "cell_key in (select cell_key from cell join session using (session_key) where run_key = {} "
        "and traces_removed_at_ns is null)",
        run);
    SLMRIG_TRY(database->execute("begin immediate"));
    Done done =
        database->execute("update generation set token_ticks = '[]', token_ids = null where " + cells);
    const auto changed = static_cast<uint64_t>(database->changed_rows());
    if (done) {
      done = database->execute(
          fmt::format("update cell set traces_removed_at_ns = {} where {}", options.now_ns, cells));
    }
    if (done) done = database->execute("commit");
    if (!done && database->in_transaction()) static_cast<void>(database->execute("rollback"));
    SLMRIG_TRY(done);
    thinned.generations += changed;
  }
  if (options.compact) SLMRIG_TRY(database->execute("vacuum"));
  return thinned;
}

}  // namespace slmrig::store
