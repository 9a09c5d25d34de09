#include "harness/rig/bench_lock.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "harness/base/file.h"

namespace slmrig::rig {
namespace {

namespace fs = std::filesystem;

bool is_set(const char* value) { return value != nullptr && *value != 0; }

base::Result<fs::path> lock_directory() {
  if (const char* configured = std::getenv("SLMRIG_LOCK_DIR"); is_set(configured)) {
    SLMRIG_TRY(base::make_directories(configured));
    return fs::path(configured);
  }
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  const bool usable = is_set(runtime) && ::access(runtime, W_OK) == 0;
  const fs::path own =
      usable ? fs::path(runtime) / "slmrig" : fs::path(fmt::format("/tmp/slmrig-{}", ::getuid()));
  SLMRIG_TRY(base::make_directories(own / "locks"));
  // /tmp is everybody's: a folder that somebody else laid there could hold links to our files.
  struct stat status = {};
  if (::stat(own.c_str(), &status) != 0 || status.st_uid != ::getuid()) {
    return base::fail(
        base::ErrorCode::kIo,
        fmt::format("the lock folder {} belongs to another user; set SLMRIG_LOCK_DIR", own.string()));
  }
  return own / "locks";
}

base::Result<base::FileLock> lock_file(std::string name, std::string_view reason) {
  SLMRIG_ASSIGN(const fs::path folder, lock_directory());
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '.'; },
      '_');
  return base::FileLock::acquire(folder / name, reason);
}

}  // namespace

base::Result<BenchLock> BenchLock::acquire(const std::string& bench, std::string_view reason) {
  auto lock = lock_file("bench-" + bench, reason);
  if (lock) return BenchLock(std::move(*lock));
  base::Error error = lock.error();
  if (error.code == base::ErrorCode::kLocked) {
    error.message += "; wait until it has ended, or leave this bench out with --only bench=...";
  }
  return tl::unexpected(base::within("bench " + bench, std::move(error)));
}

base::Result<BenchLock> BenchLock::acquire_instrument(const std::string& address, std::string_view reason) {
  auto lock = lock_file("instrument-" + address, reason);
  if (lock) return BenchLock(std::move(*lock));
  return tl::unexpected(base::within("instrument " + address, lock.error()));
}

}  // namespace slmrig::rig
