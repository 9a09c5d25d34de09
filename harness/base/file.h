// Whole files: read at once, written so that a reader never sees half of one.
//
// Every error names the path and what the operating system said. Safe from many threads; no state.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::base {

// kBadInput where the file does not exist or is a folder, kIo where it cannot be read.
Result<std::string> read_text(const std::filesystem::path& path);
Result<std::vector<uint8_t>> read_bytes(const std::filesystem::path& path);

// Writes beside `path`, syncs, and renames over it: `path` holds the old or the new content at any moment,
// also when the disk is full (kIo, and the piece that was written is removed).
Done write_file_atomically(const std::filesystem::path& path, std::string_view content);
Done write_file_atomically(const std::filesystem::path& path, std::span<const uint8_t> content);

// With parents; no error where it exists.
Done make_directories(const std::filesystem::path& path);

// A folder of this process alone in $TMPDIR (or /tmp), removed with everything in it at the end of life. Its
// path is kept short (at most 80 characters, else /tmp is taken), since unix socket names end at 107.
class TemporaryDirectory {
 public:
  // `purpose` becomes part of the name: "slmrig-<purpose>-<pid>-XXXXXX". What processes that were killed left
  // behind under the same purpose is removed first.
  static Result<TemporaryDirectory> create(std::string_view purpose);

  TemporaryDirectory(TemporaryDirectory&& other) noexcept;
  TemporaryDirectory& operator=(TemporaryDirectory&& other) noexcept;
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

// "reading FILE: No such file or directory" with the code that fits `system_error` (an errno value).
Error file_error(std::string_view doing, const std::filesystem::path& path, int system_error);

}  // namespace slmrig::base
