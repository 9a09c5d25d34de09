// Opening what a rig file names.
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/unique_fd.h"
#include "harness/rig/link.h"
#include "harness/rig/rfc2217_link.h"
#include "harness/rig/serial_link.h"
#include "harness/rig/tty_link.h"

namespace slmrig::rig {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;
using base::UniqueFd;
using LinkResult = Result<std::unique_ptr<Link>>;

constexpr auto kRetryInterval = std::chrono::milliseconds(10);

// Calls try_once(left_ms), which leaves an errno value in *problem, until it gives a descriptor or time is
// up.
template <typename TryOnce>
UniqueFd with_patience(int64_t patience_ms, int* problem, const TryOnce& try_once) {
  const int64_t deadline_ns = base::monotonic_now_ns() + patience_ms * 1'000'000;
  for (;;) {
    const int64_t left_ms = std::max<int64_t>(0, (deadline_ns - base::monotonic_now_ns()) / 1'000'000);
    UniqueFd fd = try_once(left_ms);
    const bool may_come =
        *problem == ENOENT || *problem == ECONNREFUSED || *problem == EAGAIN || *problem == EINTR;
    if (fd || !may_come || left_ms == 0) return fd;
    std::this_thread::sleep_for(kRetryInterval);
  }
}

LinkResult open_unix(const std::string& path, int64_t patience_ms) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail(ErrorCode::kBadInput, fmt::format("the unix socket path {} is longer than {} characters",
                                                  path, sizeof address.sun_path - 1));
  }
  std::copy(path.begin(), path.end(), address.sun_path);
  int problem = 0;
  UniqueFd fd = with_patience(patience_ms, &problem, [&](int64_t) {
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      return socket;
    problem = errno;
    return UniqueFd();
  });
  if (fd) return descriptor_link(std::move(fd), "unix socket " + path);
  return fail(ErrorCode::kLinkLost, fmt::format("nobody serves the unix socket {} after {} ms: {}", path,
                                                patience_ms, std::strerror(problem)));
}

// A connected socket, or an errno value in *problem.
UniqueFd connect_within(const addrinfo& address, int64_t timeout_ms, int* problem) {
  UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  *problem = 0;
  if (!fd) {
    *problem = errno;
  } else if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) != 0) {
    *problem = errno;
    pollfd wait = {fd.get(), POLLOUT, 0};
    if (*problem == EINPROGRESS) {
      socklen_t size = sizeof *problem;
      if (::poll(&wait, 1, static_cast<int>(std::max<int64_t>(timeout_ms, 100))) == 1) {
        ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, problem, &size);
      } else {
        *problem = ETIMEDOUT;
      }
    }
  }
  if (*problem != 0) return UniqueFd();
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

LinkResult open_tcp(const std::string& address, int64_t patience_ms) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == address.size()) {
    return fail(ErrorCode::kBadInput, fmt::format("a tcp address is host:port, found '{}'", address));
  }
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int lookup =
      ::getaddrinfo(address.substr(0, colon).c_str(), address.substr(colon + 1).c_str(), &hints, &found);
  if (lookup != 0) {
    return fail(ErrorCode::kBadInput,
                fmt::format("cannot resolve '{}': {}", address, ::gai_strerror(lookup)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, &::freeaddrinfo);
  int problem = 0;
  UniqueFd fd = with_patience(patience_ms, &problem, [&](int64_t left_ms) {
    UniqueFd connected;
    for (const addrinfo* one = found; one != nullptr && !connected; one = one->ai_next) {
      connected = connect_within(*one, left_ms, &problem);
    }
    return connected;
  });
  if (fd) return descriptor_link(std::move(fd), "tcp " + address);
  return fail(ErrorCode::kLinkLost, fmt::format("cannot connect to tcp {} within {} ms: {}", address,
                                                patience_ms, std::strerror(problem)));
}

}  // namespace

LinkResult open_link(const base::LinkSpec& spec, int64_t patience_ms) {
  if (spec.kind == "unix") return open_unix(spec.address, patience_ms);
  if (spec.kind == "tcp") return open_tcp(spec.address, patience_ms);
  if (spec.kind == "rfc2217") {
    SLMRIG_ASSIGN(std::unique_ptr<Link> stream, open_tcp(spec.address, patience_ms));
    return start_rfc2217(std::move(stream), spec);
  }
  if (spec.kind == "tty") return open_tty(spec.address, spec.baud);
  if (spec.kind == "serial") return open_serial(spec, patience_ms);
  return fail(ErrorCode::kBadInput, fmt::format("a link of kind '{}' cannot be opened by itself", spec.kind));
}

}  // namespace slmrig::rig
