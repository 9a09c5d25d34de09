#include "harness/rigsim/tcp_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "harness/rigsim/local_socket.h"

namespace slmrig::rigsim {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr int kMostWaiting = 8;
constexpr int kSendMs = 5000;
constexpr std::size_t kPieceBytes = 65536;

}  // namespace

Result<int> TcpServer::listen(int port) {
  listener_ = base::UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_.get(), any, size) != 0 || ::listen(listener_.get(), kMostWaiting) != 0 ||
      ::getsockname(listener_.get(), any, &size) != 0) {
    return fail(ErrorCode::kIo,
                fmt::format("cannot serve port {} of this host: {}", port, std::strerror(errno)));
  }
  return static_cast<int>(ntohs(address.sin_port));
}

void TcpServer::add_descriptors(std::vector<pollfd>* wait) const {
  wait->push_back({listener_.get(), POLLIN, 0});
  for (const Client& client : clients_) wait->push_back({client.fd.get(), POLLIN, 0});
}

bool TcpServer::serve_client(Client* client) {
  std::array<char, kPieceBytes> piece = {};
  const ssize_t got = ::recv(client->fd.get(), piece.data(), piece.size(), MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  client->received.append(piece.data(), static_cast<std::size_t>(got));
  const std::string answer = hear_(&client->received);
  return answer.empty() || send_all(client->fd.get(), answer, kSendMs).has_value();
}

void TcpServer::serve() {
  for (;;) {
    base::UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) break;
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (greeting_.empty() || send_all(fd.get(), greeting_, kSendMs)) clients_.push_back({std::move(fd), {}});
  }
  for (auto client = clients_.begin(); client != clients_.end();)
    client = serve_client(&*client) ? std::next(client) : clients_.erase(client);
}

}  // namespace slmrig::rigsim
