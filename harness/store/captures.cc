#include "harness/store/captures.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/base/uuid.h"
#include "harness/store/internal/database.h"
#include "harness/store/internal/schema.h"

namespace slmrig::store {

using base::Done;
using base::ErrorCode;
using base::Result;

namespace {

namespace fs = std::filesystem;

constexpr const char* kEnding = ".power";
constexpr int64_t kDayNs = 86'400'000'000'000;
constexpr double kBytesOfGigabyte = 1e9;

struct Kept {
  int64_t key = 0;
  std::string file;
  int64_t started_at_ns = 0;
  uint64_t bytes = 0;
  bool pinned = false;  // a release names its run
};

Result<std::vector<Kept>> kept_captures(Database& database) {
  SLMRIG_ASSIGN(
      Statement row,
      database.prepare("select capture_key, file, started_at_ns, bytes, capture_key in (select e.capture_key "
                       "from energy e join session using (session_key) join release_run using (run_key) "
                       "where e.capture_key is not null) from capture "
                       "where removed_at_ns is null order by started_at_ns, capture_key"));
  std::vector<Kept> kept;
  for (;;) {
    SLMRIG_ASSIGN(const bool more, row.step());
    if (!more) return kept;
    kept.push_back({row.column_int64(0), row.column_text(1), row.column_int64(2),
                    static_cast<uint64_t>(row.column_int64(3)), row.column_int64(4) != 0});
  }
}

Done remove_file(const fs::path& file) {
  std::error_code error;
  fs::remove(file, error);
  if (!error) return {};
  return base::fail(ErrorCode::kIo, fmt::format("removing {}: {}", file.string(), error.message()));
}

Done mark_removed(Database& database, int64_t key, int64_t now_ns) {
  SLMRIG_ASSIGN(Statement * update,
                database.cached("update capture set removed_at_ns = ? where capture_key = ?"));
  return update->bind(now_ns).bind(key).run();
}

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code none;
    if (at->is_regular_file(none)) files.push_back(at->path());
  }
  return files;
}

Result<CaptureUsage> remove_strays(const fs::path& folder, const std::vector<Kept>& kept) {
  std::set<fs::path> known;
  for (const Kept& each : kept) known.insert(folder / each.file);
  CaptureUsage removed;
  for (const fs::path& file : files_of(folder)) {
    std::error_code error;
    const auto age = fs::file_time_type::clock::now() - fs::last_write_time(file, error);
    if (error || known.contains(file) || age < std::chrono::hours(24)) continue;
    const uint64_t bytes = fs::file_size(file, error);
    SLMRIG_TRY(remove_file(file));
    ++removed.files;
    removed.bytes += error ? 0 : bytes;
  }
  return removed;
}

}  // namespace

fs::path capture_folder(const std::string& database) { return database + ".captures"; }

Result<fs::path> new_capture_file(const std::string& database) {
  const fs::path folder = capture_folder(database);
  SLMRIG_TRY(base::make_directories(folder));
  return folder / (base::uuid_v7() + ".part");
}

Result<std::string> keep_capture(const std::string& database, const fs::path& file,
                                 const std::string& sha256) {
  SLMRIG_CHECK(sha256.size() > 2);
  const fs::path name = fs::path(sha256.substr(0, 2)) / (sha256 + kEnding);
  const fs::path place = capture_folder(database) / name;
  SLMRIG_TRY(base::make_directories(place.parent_path()));
  std::error_code error;
  fs::rename(file, place, error);
  if (!error) return name.string();
  return base::fail(ErrorCode::kIo,
                    fmt::format("moving {} to {}: {}", file.string(), place.string(), error.message()));
}

Result<CaptureUsage> capture_usage(const std::string& database) {
  CaptureUsage usage;
  for (const fs::path& file : files_of(capture_folder(database))) {
    std::error_code error;
    const uint64_t bytes = fs::file_size(file, error);
    if (error) continue;  // another process removed it meanwhile
    ++usage.files;
    usage.bytes += bytes;
  }
  return usage;
}

Done check_capture_room(const std::string& database, const CaptureLimits& limits, uint64_t expected_bytes) {
  const fs::path folder = capture_folder(database);
  SLMRIG_TRY(base::make_directories(folder));
  SLMRIG_ASSIGN(const CaptureUsage usage, capture_usage(database));
  const auto gigabytes = [](uint64_t bytes) { return static_cast<double>(bytes) / kBytesOfGigabyte; };
  if (usage.bytes + expected_bytes > limits.most_bytes) {
    return base::fail(
        ErrorCode::kIo,
        fmt::format(
            "{} holds {:.3f} GB of captures and {:.3f} GB would come, {:.3f} GB is the most: make room with "
            "`slmrig db prune`",
            folder.string(), gigabytes(usage.bytes), gigabytes(expected_bytes),
            gigabytes(limits.most_bytes)));
  }
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  if (!error && space.available < limits.least_free_bytes + expected_bytes) {
    return base::fail(
        ErrorCode::kIo,
        fmt::format("the disk of {} has {:.3f} GB free, captures need {:.3f} GB and {:.3f} GB are to "
                    "stay free: make room on it",
                    folder.string(), gigabytes(space.available), gigabytes(expected_bytes),
                    gigabytes(limits.least_free_bytes)));
  }
  return {};
}

Result<uint64_t> capture_room(const std::string& database, const CaptureLimits& limits) {
  constexpr uint64_t kLeastBytes = 1'000'000;
  SLMRIG_TRY(check_capture_room(database, limits, kLeastBytes));
  SLMRIG_ASSIGN(const CaptureUsage usage, capture_usage(database));
  uint64_t room = limits.most_bytes - std::min(limits.most_bytes, usage.bytes);
  std::error_code error;
  const fs::space_info space = fs::space(capture_folder(database), error);
  if (!error) room = std::min(room, space.available - std::min(space.available, limits.least_free_bytes));
  return room;
}

Result<CaptureUsage> prune_captures(const std::string& path, const CaptureLimits& limits, int64_t now_ns) {
  if (!fs::exists(path)) {
    return base::fail(ErrorCode::kBadInput, fmt::format("{}: no such file; --db names the database", path));
  }
  SLMRIG_ASSIGN(const std::unique_ptr<Database> database,
                Database::open(path, OpenMode::kReadWriteCreate, kLockPatience));
  SLMRIG_TRY(migrate(*database));
  const fs::path folder = capture_folder(path);
  SLMRIG_ASSIGN(const std::vector<Kept> kept, kept_captures(*database));
  uint64_t total = 0;
  for (const Kept& each : kept) total += each.bytes;
  CaptureUsage removed;
  for (const Kept& each : kept) {
    const bool old = limits.most_days > 0 && now_ns - each.started_at_ns > limits.most_days * kDayNs;
    if (each.pinned || (!old && total <= limits.most_bytes)) continue;
    SLMRIG_TRY(remove_file(folder / each.file));
    SLMRIG_TRY(mark_removed(*database, each.key, now_ns));
    total -= each.bytes;
    ++removed.files;
    removed.bytes += each.bytes;
  }
  SLMRIG_ASSIGN(const CaptureUsage strays, remove_strays(folder, kept));
  return CaptureUsage{removed.files + strays.files, removed.bytes + strays.bytes};
}

}  // namespace slmrig::store
