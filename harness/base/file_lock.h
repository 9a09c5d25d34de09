// One holder at a time, over processes: a kernel flock on a file that says who holds it, why and since when.
//
// The kernel drops the lock when the process ends, however it ends; the text left in the file is then stale
// and is not believed. Nobody waits: who comes second is told at once who holds it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "harness/base/unique_fd.h"

namespace slmrig::base {

class FileLock {
 public:
  // Creates `path` (its folder must exist) and locks it. kLocked: "held by process 123 (slmrig run demo)
  // since 2026-..."; the caller adds what the lock stands for.
  static Result<FileLock> acquire(const std::filesystem::path& path, std::string_view reason);

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace slmrig::base
