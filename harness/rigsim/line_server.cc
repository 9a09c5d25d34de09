#include "harness/rigsim/line_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "harness/rigsim/local_socket.h"

namespace slmrig::rigsim {
namespace {

constexpr int kSendPatienceMs = 2000;
constexpr std::size_t kLongestLine = 4096;

}  // namespace

LineServer::~LineServer() {
  if (listener_) ::unlink(path_.c_str());
}

base::Done LineServer::listen(const std::string& path) {
  SLMRIG_ASSIGN(listener_, listen_local(path));
  path_ = path;
  return {};
}

void LineServer::add_descriptors(std::vector<pollfd>* wait) const {
  wait->push_back({listener_.get(), POLLIN, 0});
  for (const auto& connection : connections_) wait->push_back({connection->fd.get(), POLLIN, 0});
}

void LineServer::serve() {
  base::UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (fd) {
    connections_.push_back(std::make_unique<Connection>());
    connections_.back()->fd = std::move(fd);
  }
  for (const auto& connection : connections_) {
    connection->ended = !receive_some(connection->fd.get(), &connection->received, 0) ||
                        connection->received.size() > kLongestLine;
    std::size_t end = 0;
    while (!connection->ended && (end = connection->received.find('\n')) != std::string::npos) {
      const std::string answer = answer_(std::string_view(connection->received).substr(0, end)) + "\n";
      connection->received.erase(0, end + 1);
      connection->ended = !send_all(connection->fd.get(), answer, kSendPatienceMs);
    }
  }
  std::erase_if(connections_, [](const auto& connection) { return connection->ended; });
}

base::Result<std::string> tell_line(const std::string& socket, std::string_view line, int timeout_ms) {
  SLMRIG_ASSIGN(const base::UniqueFd fd, connect_local(socket));
  SLMRIG_TRY(send_all(fd.get(), std::string(line) + "\n", timeout_ms));
  std::string answer;
  while (answer.find('\n') == std::string::npos) {
    SLMRIG_ASSIGN(const bool more, receive_some(fd.get(), &answer, timeout_ms));
    if (!more) {
      return base::fail(base::ErrorCode::kTimeout,
                        fmt::format("{} did not answer '{}' in {} ms", socket, line, timeout_ms));
    }
  }
  return answer.substr(0, answer.find('\n'));
}

}  // namespace slmrig::rigsim
