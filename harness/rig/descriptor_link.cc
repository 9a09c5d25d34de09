// Links over file descriptors: sockets, terminals, pipes of a child.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "harness/base/unique_fd.h"
#include "harness/rig/link.h"

namespace slmrig::rig {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr int kWriteStallMs = 5000;

void set_nonblocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

// A peer that went away is an error of write(), not a signal.
void ignore_broken_pipes() { [[maybe_unused]] static const auto earlier = std::signal(SIGPIPE, SIG_IGN); }

// EIO is what a terminal says whose other end is closed.
bool means_gone(int problem) {
  return problem == EPIPE || problem == ECONNRESET || problem == EIO || problem == ENXIO || problem == ENODEV;
}

class DescriptorLink : public Link {
 public:
  DescriptorLink(int read_fd, int write_fd, base::UniqueFd owned, std::string description)
      : owned_(std::move(owned)),
        read_fd_(read_fd),
        write_fd_(write_fd),
        description_(std::move(description)) {
    ignore_broken_pipes();
    set_nonblocking(read_fd_);
    set_nonblocking(write_fd_);
  }

  Result<std::size_t> read(std::span<uint8_t> buffer, int64_t timeout_ms) override {
    if (read_fd_ < 0) return lost("it was closed");
    pollfd wait = {read_fd_, POLLIN, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(std::clamp<int64_t>(timeout_ms, 0, INT_MAX)));
    if (ready < 0 && errno != EINTR) return system_error("reading", errno);
    if (ready <= 0) return std::size_t{0};
    const ssize_t got = ::read(read_fd_, buffer.data(), buffer.size());
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) return lost("the other end closed it");
    if (errno == EAGAIN || errno == EINTR) return std::size_t{0};
    return system_error("reading", errno);
  }

  Done write(std::span<const uint8_t> bytes) override {
    if (write_fd_ < 0) return tl::unexpected(lost("it was closed").error());
    while (!bytes.empty()) {
      const ssize_t written = ::write(write_fd_, bytes.data(), bytes.size());
      if (written > 0) {
        bytes = bytes.subspan(static_cast<std::size_t>(written));
        continue;
      }
      if (errno != EAGAIN && errno != EINTR) return tl::unexpected(system_error("writing", errno).error());
      pollfd wait = {write_fd_, POLLOUT, 0};
      if (::poll(&wait, 1, kWriteStallMs) == 0) {
        return fail(ErrorCode::kTimeout,
                    fmt::format("{} took no bytes for {} ms", description_, kWriteStallMs));
      }
    }
    return {};
  }

  void close() override {
    read_fd_ = -1;
    write_fd_ = -1;
    owned_.reset();
  }

  const std::string& description() const override { return description_; }

 protected:
  // Why the stream ended, in the words of whoever knows more.
  virtual std::string end_reason(std::string_view seen) { return std::string(seen); }

 private:
  Result<std::size_t> lost(std::string_view seen) {
    return fail(ErrorCode::kLinkLost, fmt::format("{} is gone: {}", description_, end_reason(seen)));
  }
  Result<std::size_t> system_error(std::string_view doing, int problem) {
    if (means_gone(problem)) return lost(std::strerror(problem));
    return fail(ErrorCode::kIo, fmt::format("{} {}: {}", doing, description_, std::strerror(problem)));
  }

  base::UniqueFd owned_;
  int read_fd_;
  int write_fd_;
  std::string description_;
};

class ChildLink final : public DescriptorLink {
 public:
  ChildLink(base::ChildProcess& child, std::string description)
      : DescriptorLink(child.output(), child.input(), base::UniqueFd(), std::move(description)),
        child_(child) {}

  void close() override {
    DescriptorLink::close();
    child_.close_input();
  }

 private:
  std::string end_reason(std::string_view seen) override {
    // Its streams close a moment before the process can be reaped.
    constexpr int64_t kReapMs = 500;
    const auto state = child_.wait(kReapMs);
    return state ? fmt::format("the process ended ({})", state->text()) : std::string(seen);
  }

  base::ChildProcess& child_;
};

}  // namespace

Done Link::set_baud(int) {
  return fail(ErrorCode::kUnsupported, description() + " has no line rate; leave fast_baud out of the rig file");
}

Done Link::set_line(std::string_view line, bool) {
  return fail(ErrorCode::kUnsupported,
              fmt::format("{} has no line {}; leave reset_line out of the rig file", description(), line));
}

std::unique_ptr<Link> child_link(base::ChildProcess& child, std::string description) {
  return std::make_unique<ChildLink>(child, std::move(description));
}

std::unique_ptr<Link> descriptor_link(base::UniqueFd fd, std::string description) {
  const int number = fd.get();
  return std::make_unique<DescriptorLink>(number, number, std::move(fd), std::move(description));
}

}  // namespace slmrig::rig
