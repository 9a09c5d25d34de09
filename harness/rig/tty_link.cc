#include "harness/rig/tty_link.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <cerrno>
#include <cstring>
#include <map>

#include <fmt/format.h>

#include "harness/base/unique_fd.h"
#include "harness/rig/host_devices.h"

namespace slmrig::rig {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

// B0 where termios has none.
speed_t speed_of(int baud) {
  static const std::map<int, speed_t> speeds = {
      {9600, B9600},       {19200, B19200},     {38400, B38400},     {57600, B57600},    {115200, B115200},
      {230400, B230400},   {460800, B460800},   {500000, B500000},   {921600, B921600},  {1000000, B1000000},
      {1500000, B1500000}, {2000000, B2000000}, {3000000, B3000000}, {4000000, B4000000}};
  const auto found = speeds.find(baud);
  return found == speeds.end() ? B0 : found->second;
}

Done set_speed(int fd, const std::string& path, int baud, int when) {
  termios settings = {};
  if (::tcgetattr(fd, &settings) != 0) {
    return fail(ErrorCode::kBadInput, fmt::format("{} is not a terminal: {}", path, std::strerror(errno)));
  }
  if (speed_of(baud) == B0) {
    return fail(ErrorCode::kBadInput, fmt::format("{} baud is not a rate that a tty link knows", baud));
  }
  ::cfmakeraw(&settings);
  settings.c_cflag |= CLOCAL | CREAD;
  ::cfsetspeed(&settings, speed_of(baud));
  if (::tcsetattr(fd, when, &settings) == 0) return {};
  return fail(ErrorCode::kIo, fmt::format("cannot set up {}: {}", path, std::strerror(errno)));
}

class TtyLink final : public Link {
 public:
  TtyLink(int fd, std::unique_ptr<Link> link, std::string path)
      : fd_(fd), link_(std::move(link)), path_(std::move(path)) {}

  Result<std::size_t> read(std::span<uint8_t> buffer, int64_t timeout_ms) override {
    return link_->read(buffer, timeout_ms);
  }
  Done write(std::span<const uint8_t> bytes) override { return link_->write(bytes); }
  void close() override { link_->close(); }
  const std::string& description() const override { return link_->description(); }
  Done set_baud(int baud) override { return set_speed(fd_, path_, baud, TCSADRAIN); }

 private:
  int fd_;  // of link_
  std::unique_ptr<Link> link_;
  std::string path_;
};

}  // namespace

Result<std::unique_ptr<Link>> open_tty(const std::string& path, int baud) {
  base::UniqueFd fd(::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (!fd) {
    return fail(ErrorCode::kBadInput,
                fmt::format("cannot open the terminal {}: {}", path, std::strerror(errno)));
  }
  // Exclusive mode would outlast us where the terminal's other end keeps it open; the lock goes with us.
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    const std::string holder = lock_holder_of(fd.get());
    return fail(ErrorCode::kLocked, fmt::format("the terminal {} is in use by {}; wait until that has ended",
                                                path, holder.empty() ? "another process" : holder));
  }
  SLMRIG_TRY(set_speed(fd.get(), path, baud, TCSANOW));
  ::tcflush(fd.get(), TCIOFLUSH);
  const int number = fd.get();
  return std::make_unique<TtyLink>(number, descriptor_link(std::move(fd), "terminal " + path), path);
}

}  // namespace slmrig::rig
