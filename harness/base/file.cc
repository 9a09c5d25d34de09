#include "harness/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "harness/base/unique_fd.h"

namespace slmrig::base {
namespace {

constexpr std::size_t kMaxTemporaryPath = 80;

Result<UniqueFd> open_for_reading(const std::filesystem::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return tl::unexpected<Error>(file_error("reading", path, errno));
  struct stat status = {};
  if (::fstat(fd.get(), &status) == 0 && S_ISDIR(status.st_mode)) {
    return tl::unexpected<Error>(file_error("reading", path, EISDIR));
  }
  return fd;
}

template <typename Container>
Result<Container> read_all(const std::filesystem::path& path) {
  SLMRIG_ASSIGN(UniqueFd fd, open_for_reading(path));
  Container content;
  struct stat status = {};
  std::size_t capacity = 65536;
  if (::fstat(fd.get(), &status) == 0 && status.st_size > 0)
    capacity = static_cast<std::size_t>(status.st_size) + 1;
  std::size_t used = 0;
  for (;;) {
    if (content.size() < used + 1) content.resize(used + capacity);
    const ssize_t got = ::read(fd.get(), content.data() + used, content.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::unexpected<Error>(file_error("reading", path, errno));
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  content.resize(used);
  return content;
}

// 0, or an errno value.
int write_and_sync(int fd, const char* data, std::size_t size_bytes) {
  while (size_bytes > 0) {
    const ssize_t written = ::write(fd, data, size_bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    data += written;
    size_bytes -= static_cast<std::size_t>(written);
  }
  return ::fsync(fd) == 0 ? 0 : errno;
}

// Folders of processes that were killed before they could clean up: "<prefix><pid>-XXXXXX" with no such
// process.
void remove_orphans(const std::filesystem::path& parent, const std::string& prefix) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(parent, ignored)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(prefix)) continue;
    char* end = nullptr;
    const long pid = std::strtol(name.c_str() + prefix.size(), &end, 10);
    const bool orphaned = pid > 0 && *end == '-' && ::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH;
    struct stat status = {};
    const bool ours = ::lstat(entry.path().c_str(), &status) == 0 && status.st_uid == ::getuid();
    if (orphaned && ours) std::filesystem::remove_all(entry.path(), ignored);
  }
}

}  // namespace

Error file_error(std::string_view doing, const std::filesystem::path& path, int system_error) {
  const bool user_can_mend = system_error == ENOENT || system_error == EISDIR || system_error == ENOTDIR;
  std::string hint;
  if (system_error == ENOSPC || system_error == EFBIG || system_error == EDQUOT)
    hint = "; free some space and try again";
  return Error{user_can_mend ? ErrorCode::kBadInput : ErrorCode::kIo,
               fmt::format("{} {}: {}{}", doing, path.string(), std::strerror(system_error), hint),
               {}};
}

Result<std::string> read_text(const std::filesystem::path& path) { return read_all<std::string>(path); }

Result<std::vector<uint8_t>> read_bytes(const std::filesystem::path& path) {
  return read_all<std::vector<uint8_t>>(path);
}

Done write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  std::string temporary = path.string() + ".XXXXXX";
  UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return tl::unexpected<Error>(file_error("writing", path, errno));
  int problem = ::fchmod(fd.get(), 0644) == 0 ? 0 : errno;
  if (problem == 0) problem = write_and_sync(fd.get(), content.data(), content.size());
  if (problem == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) problem = errno;
  if (problem != 0) {
    ::unlink(temporary.c_str());
    return tl::unexpected<Error>(file_error("writing", path, problem));
  }
  return {};
}

Done write_file_atomically(const std::filesystem::path& path, std::span<const uint8_t> content) {
  return write_file_atomically(
      path, std::string_view(reinterpret_cast<const char*>(content.data()), content.size()));
}

Done make_directories(const std::filesystem::path& path) {
  std::error_code problem;
  std::filesystem::create_directories(path, problem);
  if (problem && !std::filesystem::is_directory(path)) {
    return tl::unexpected<Error>(file_error("creating folder", path, problem.value()));
  }
  return {};
}

Result<TemporaryDirectory> TemporaryDirectory::create(std::string_view purpose) {
  const char* configured = std::getenv("TMPDIR");
  const std::string name = fmt::format("slmrig-{}-{}-XXXXXX", purpose, ::getpid());
  std::filesystem::path parent = configured != nullptr && *configured != 0 ? configured : "/tmp";
  if ((parent / name).string().size() > kMaxTemporaryPath) parent = "/tmp";
  remove_orphans(parent, fmt::format("slmrig-{}-", purpose));
  std::string path = parent / name;
  if (::mkdtemp(path.data()) == nullptr) {
    return tl::unexpected<Error>(file_error("creating folder", path, errno));
  }
  return TemporaryDirectory(path);
}

TemporaryDirectory::TemporaryDirectory(TemporaryDirectory&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

TemporaryDirectory& TemporaryDirectory::operator=(TemporaryDirectory&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

TemporaryDirectory::~TemporaryDirectory() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace slmrig::base
