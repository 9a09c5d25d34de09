#include "harness/serve/listen_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <memory>

#include <fmt/format.h>

namespace slmrig::serve {
namespace {

constexpr uint32_t kLoopbackNet = 127;

bool is_loopback(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4 = {};
    std::memcpy(&v4, &address, sizeof v4);
    return (ntohl(v4.sin_addr.s_addr) >> 24U) == kLoopbackNet;
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6 = {};
    std::memcpy(&v6, &address, sizeof v6);
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) != 0;
  }
  return false;
}

}  // namespace

std::string ListenAddress::url(int actual_port) const {
  return ipv6 ? fmt::format("http://[{}]:{}/", host, actual_port)
              : fmt::format("http://{}:{}/", host, actual_port);
}

base::Result<ListenAddress> listen_address(const std::string& host, int port) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (host.empty() || code != 0) {
    return base::fail(
        base::ErrorCode::kBadInput,
        fmt::format("there is no host '{}' ({}); give an address of this host, such as 127.0.0.1", host,
                    host.empty() ? "the name is empty" : gai_strerror(code)),
        "--host");
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  std::array<char, NI_MAXHOST> text = {};
  SLMRIG_CHECK(::getnameinfo(found->ai_addr, found->ai_addrlen, text.data(), text.size(), nullptr, 0,
                             NI_NUMERICHOST) == 0);
  ListenAddress address;
  address.host = text.data();
  address.port = port;
  address.ipv6 = found->ai_family == AF_INET6;
  address.loopback = is_loopback(*found->ai_addr);
  return address;
}

}  // namespace slmrig::serve
