// The folder of captures: raw samples of power meters beside the database, "<database>.captures", each file
// named by its SHA-256. They are large (24 meters at 100,000 samples a second: about 35 GB an hour before
// they are packed), so they have a quota and an age; figures in the database stay when they go.
//
// Safe from any thread and process: files appear by renaming, and who removes one says so in the database.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "harness/base/error.h"

namespace slmrig::store {

struct CaptureLimits {
  uint64_t most_bytes = 20'000'000'000;       // of all captures together
  int64_t most_days = 90;                     // since they were taken; 0: for ever
  uint64_t least_free_bytes = 2'000'000'000;  // that stay free on the disk
};

struct CaptureUsage {
  uint64_t files = 0;
  uint64_t bytes = 0;
};

std::filesystem::path capture_folder(const std::string& database);

// A new file for a capture in the making, in the folder (which is made): rename it with keep_capture.
base::Result<std::filesystem::path> new_capture_file(const std::string& database);

// Puts a finished capture in its place; the name to store (CaptureFacts::file). The same samples twice are
// one file.
base::Result<std::string> keep_capture(const std::string& database, const std::filesystem::path& file,
                                       const std::string& sha256);

// What is there.
base::Result<CaptureUsage> capture_usage(const std::string& database);

// Before a run that may write `expected_bytes`: kIo, naming the folder, what there is room for and what to
// do, where they would break a limit.
base::Done check_capture_room(const std::string& database, const CaptureLimits& limits,
                              uint64_t expected_bytes);

// What a capture that begins now may grow to within the limits; kIo as above where that is next to nothing.
base::Result<uint64_t> capture_room(const std::string& database, const CaptureLimits& limits);

// Removes what is too old, then the oldest until the rest keeps within most_bytes; what was removed. What
// belongs to a pinned release stays. The database remembers when. Files that no row names (a run was killed)
// go once they are a day old.
base::Result<CaptureUsage> prune_captures(const std::string& database, const CaptureLimits& limits,
                                          int64_t now_ns);

}  // namespace slmrig::store
