#include "harness/base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/clock.h"
#include "harness/base/file.h"

namespace slmrig::base {
namespace {

std::string holder_text(const std::filesystem::path& path) {
  const Result<std::string> text = read_text(path);
  const auto json = nlohmann::json::parse(text.value_or(std::string()), nullptr, /*allow_exceptions=*/false);
  const bool complete = json.is_object() && json.contains("pid") && json["pid"].is_number_integer() &&
                        json.contains("reason") && json["reason"].is_string() && json.contains("since") &&
                        json["since"].is_string();
  // The holder writes its name just after it got the lock: for a moment the file is empty.
  if (!complete) return "another process that did not say who it is";
  return fmt::format("process {} ({}) since {}", json["pid"].get<int64_t>(),
                     json["reason"].get<std::string>(), json["since"].get<std::string>());
}

}  // namespace

Result<FileLock> FileLock::acquire(const std::filesystem::path& path, std::string_view reason) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd) return tl::unexpected<Error>(file_error("opening the lock", path, errno));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return fail(ErrorCode::kLocked, "held by " + holder_text(path));
    return tl::unexpected<Error>(file_error("locking", path, errno));
  }
  const nlohmann::json holder = {
      {"pid", ::getpid()}, {"reason", std::string(reason)}, {"since", utc_text(utc_now_ns())}};
  const std::string text = holder.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  // Written in place: a rename would put another, unlocked file under the name.
  if (::ftruncate(fd.get(), 0) != 0 ||
      ::pwrite(fd.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return tl::unexpected<Error>(file_error("writing the lock", path, errno));
  }
  return FileLock(std::move(fd));
}

}  // namespace slmrig::base
