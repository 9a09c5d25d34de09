#include "harness/rigsim/local_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace slmrig::rigsim {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return fail(
        ErrorCode::kBadInput,
        fmt::format("'{}' is {} characters long; the name of a socket has 1 to {}: take a shorter folder",
                    path, path.size(), sizeof address.sun_path - 1));
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

tl::unexpected<base::Error> io_error(std::string_view doing, const std::string& path) {
  return fail(ErrorCode::kIo, fmt::format("{} {}: {}", doing, path, std::strerror(errno)));
}

bool waits_for(int fd, short events, int timeout_ms) {
  pollfd wait = {fd, events, 0};
  return ::poll(&wait, 1, timeout_ms) > 0;
}

tl::unexpected<base::Error> gone() { return fail(ErrorCode::kLinkLost, "the other end closed the socket"); }

}  // namespace

Result<base::UniqueFd> connect_local(const std::string& path) {
  SLMRIG_ASSIGN(const sockaddr_un address, address_of(path));
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return io_error("opening a socket for", path);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return io_error("connecting to", path);
  }
  ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  return fd;
}

Result<base::UniqueFd> listen_local(const std::string& path) {
  SLMRIG_ASSIGN(const sockaddr_un address, address_of(path));
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return io_error("opening a socket for", path);
  ::unlink(path.c_str());
  constexpr int kWaiting = 8;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.get(), kWaiting) != 0) {
    return io_error("listening at", path);
  }
  return fd;
}

Done send_all(int fd, std::string_view bytes, int timeout_ms) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      return gone();
    } else if (!waits_for(fd, POLLOUT, timeout_ms)) {
      return fail(ErrorCode::kTimeout, fmt::format("the other end took no bytes for {} ms", timeout_ms));
    }
  }
  return {};
}

Result<bool> receive_some(int fd, std::string* received, int timeout_ms) {
  if (!waits_for(fd, POLLIN, timeout_ms)) return false;
  std::array<char, 65536> piece;
  const ssize_t got = ::recv(fd, piece.data(), piece.size(), MSG_DONTWAIT);
  if (got > 0) {
    received->append(piece.data(), static_cast<std::size_t>(got));
    return true;
  }
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  return gone();
}

}  // namespace slmrig::rigsim
