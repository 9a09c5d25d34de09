#include "harness/rigsim/virtual_terminal.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

namespace slmrig::rigsim {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;

tl::unexpected<base::Error> io_error(const std::string& doing) {
  return fail(ErrorCode::kIo, fmt::format("{}: {}", doing, std::strerror(errno)));
}

bool make_raw(int fd) {
  termios settings = {};
  if (::tcgetattr(fd, &settings) != 0) return false;
  ::cfmakeraw(&settings);
  return ::tcsetattr(fd, TCSANOW, &settings) == 0;
}

}  // namespace

VirtualTerminal::~VirtualTerminal() {
  std::error_code ignored;
  if (!link_.empty()) fs::remove(link_, ignored);
}

base::Result<VirtualTerminal> VirtualTerminal::open(const std::string& link) {
  VirtualTerminal terminal;
  terminal.master_ = base::UniqueFd(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  std::array<char, 128> name = {};
  const int master = terminal.master_.get();
  if (!terminal.master_ || ::grantpt(master) != 0 || ::unlockpt(master) != 0 ||
      ::ptsname_r(master, name.data(), name.size()) != 0) {
    return io_error("making a pseudo-terminal");
  }
  terminal.slave_ = base::UniqueFd(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!terminal.slave_ || !make_raw(terminal.slave_.get())) return io_error("opening a pseudo-terminal");
  terminal.watch_ = base::UniqueFd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (::inotify_add_watch(terminal.watch_.get(), name.data(), IN_OPEN | IN_CLOSE) < 0)
    return io_error("watching a pseudo-terminal");
  std::error_code problem;
  if (fs::is_symlink(fs::symlink_status(link, problem))) fs::remove(link, problem);
  fs::create_symlink(name.data(), link, problem);
  if (problem) {
    return fail(ErrorCode::kBadInput, fmt::format("cannot lay the link {}: {}", link, problem.message()));
  }
  terminal.link_ = link;
  return terminal;
}

void VirtualTerminal::hang_up() {
  std::error_code ignored;
  fs::remove(link_, ignored);
  link_.clear();
  watch_.reset();
  slave_.reset();
  master_.reset();
  users_ = 0;
}

std::vector<uint8_t> VirtualTerminal::receive() {
  std::array<uint8_t, 4096> piece;
  std::vector<uint8_t> bytes;
  for (;;) {
    const ssize_t got = master_ ? ::read(master_.get(), piece.data(), piece.size()) : 0;
    if (got <= 0) return bytes;
    bytes.insert(bytes.end(), piece.begin(), piece.begin() + got);
  }
}

std::size_t VirtualTerminal::send(std::span<const uint8_t> bytes) {
  std::size_t sent = 0;
  while (master_ && sent < bytes.size()) {
    const ssize_t taken = ::write(master_.get(), bytes.data() + sent, bytes.size() - sent);
    if (taken <= 0) break;
    sent += static_cast<std::size_t>(taken);
  }
  return sent;
}

int VirtualTerminal::users() {
  alignas(inotify_event) std::array<char, 4096> events;
  for (;;) {
    const ssize_t got = watch_ ? ::read(watch_.get(), events.data(), events.size()) : 0;
    if (got <= 0) return users_;
    for (ssize_t at = 0; at < got;) {
      inotify_event event = {};
      std::memcpy(&event, events.data() + at, sizeof event);
      users_ += (event.mask & IN_OPEN) != 0 ? 1 : -1;
      at += static_cast<ssize_t>(sizeof event) + event.len;
    }
    users_ = std::max(users_, 0);
  }
}

void VirtualTerminal::add_descriptors(std::vector<pollfd>* wait, bool wants_to_send) const {
  if (!master_) return;
  wait->push_back({master_.get(), static_cast<short>(POLLIN | (wants_to_send ? POLLOUT : 0)), 0});
  wait->push_back({watch_.get(), POLLIN, 0});
}

}  // namespace slmrig::rigsim
