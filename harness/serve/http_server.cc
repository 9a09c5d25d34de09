#include "harness/serve/http_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/unique_fd.h"
#include "harness/serve/connection_stream.h"

namespace slmrig::serve {
namespace {

using base::ErrorCode;
using base::Result;

constexpr int kBacklog = 128;  // connections that the kernel holds before we accept them
constexpr int kLookAtStopMs = 100;

// Set in the thread that accepts, for the connection that it turns away.
thread_local bool t_turn_away = false;

// Threads and a queue that has an end. A connection beyond it is turned away at once, in the thread that
// accepts.
class BoundedQueue final : public httplib::TaskQueue {
 public:
  BoundedQueue(const ServerLimits& limits, ServerState& state) : limits_(limits), state_(state) {
    for (std::size_t i = 0; i < limits.threads; ++i) threads_.emplace_back([this] { work(); });
  }

  void enqueue(std::function<void()> connection) override {
    {
      const std::lock_guard lock(mutex_);
      if (queue_.size() < limits_.waiting) {
        queue_.push_back(std::move(connection));
        state_.waiting = queue_.size();
        ready_.notify_one();
        return;
      }
    }
    t_turn_away = true;
    connection();
    t_turn_away = false;
  }

  // Connections that nobody has looked at yet are closed by their tasks, which see that the server stops.
  void shutdown() override {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    ready_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void work() {
    for (;;) {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [&] { return ended_ || !queue_.empty(); });
      if (queue_.empty()) return;
      const std::function<void()> connection = std::move(queue_.front());
      queue_.pop_front();
      state_.waiting = queue_.size();
      lock.unlock();
      connection();
    }
  }

  const ServerLimits& limits_;
  ServerState& state_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> queue_;
  bool ended_ = false;
  std::vector<std::thread> threads_;
};

tl::unexpected<base::Error> cannot_listen(const ListenAddress& address, int system_error) {
  const std::string place = fmt::format("listening at {}", address.url(address.port));
  const std::string words = std::error_code(system_error, std::system_category()).message();
  switch (system_error) {
    case EADDRINUSE:
      return base::fail(
          ErrorCode::kBadInput,
          fmt::format("port {} is in use by another program; name another with --port, or 0 for any "
                      "that is free",
                      address.port),
          place);
    case EACCES:
      return base::fail(
          ErrorCode::kBadInput,
          fmt::format("port {} is not for us ({}); name one above 1023 with --port", address.port, words),
          place);
    case EADDRNOTAVAIL:
      return base::fail(
          ErrorCode::kBadInput,
          fmt::format("this host has no address {}; name one of its own with --host, or 0.0.0.0 for all",
                      address.host),
          place);
    default: return base::fail(ErrorCode::kIo, words, place);
  }
}

// With SO_REUSEADDR, so that a restart need not wait for old connections, and without SO_REUSEPORT, which
// would let two servers share a port without a word.
Result<base::UniqueFd> listening_socket(const ListenAddress& address) {
  base::UniqueFd socket(::socket(address.ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return cannot_listen(address, errno);
  const int yes = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_storage storage = {};
  socklen_t bytes = 0;
  if (address.ipv6) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(static_cast<uint16_t>(address.port));
    SLMRIG_CHECK(::inet_pton(AF_INET6, address.host.c_str(), &v6.sin6_addr) == 1);
    bytes = sizeof v6;
  } else {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(static_cast<uint16_t>(address.port));
    SLMRIG_CHECK(::inet_pton(AF_INET, address.host.c_str(), &v4.sin_addr) == 1);
    bytes = sizeof v4;
  }
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&storage), bytes) != 0 ||
      ::listen(socket.get(), kBacklog) != 0) {
    return cannot_listen(address, errno);
  }
  return socket;
}

int port_of(int socket) {
  sockaddr_storage storage = {};
  socklen_t bytes = sizeof storage;
  SLMRIG_CHECK(::getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &bytes) == 0);
  // sin_port and sin6_port lie at the same place.
  return ntohs(reinterpret_cast<const sockaddr_in&>(storage).sin_port);
}

HttpRequest request_of(const httplib::Request& from) {
  HttpRequest request;
  request.path = from.path;
  for (const auto& [name, value] : from.params) request.query.emplace_back(name, value);
  request.host = from.get_header_value("Host");
  request.authorization = from.get_header_value("Authorization");
  request.if_none_match = from.get_header_value("If-None-Match");
  return request;
}

bool has_body(const httplib::Request& request) {
  const std::string length = request.get_header_value("Content-Length");
  return request.has_header("Transfer-Encoding") || (!length.empty() && length != "0");
}

bool is_reading(const httplib::Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

void send_busy(int socket) {
  constexpr std::string_view kWords = "too many connections; try again soon\n";
  const std::string busy = fmt::format(
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nRetry-After: "
      "2\r\n"
      "Connection: close\r\n\r\n{}",
      kWords.size(), kWords);
  // Into an empty buffer of the kernel, which takes it whole.
  (void)::send(socket, busy.data(), busy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void close_socket(int socket) {
  ::shutdown(socket, SHUT_RDWR);
  ::close(socket);
}

}  // namespace

class HttpServer::Connections final : public httplib::Server {
 public:
  Connections(base::UniqueFd socket, HttpServer::Handler handler, const ServerLimits& limits)
      : limits_(limits), handler_(std::move(handler)), port_(port_of(socket.get())) {
    // cpp-httplib closes its own when it stops.
    svr_sock_ = ::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0);
    new_task_queue = [this] { return new BoundedQueue(limits_, state_); };
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      answer(request, response);
      return HandlerResponse::Handled;
    });
    // A library's exception (bad_alloc, ...) ends here. Its own words are for us, not for a client.
    set_exception_handler([](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
      response.status = 500;
      response.set_content("the server could not make this answer\n", "text/plain");
    });
    set_default_headers({{"X-Content-Type-Options", "nosniff"},
                         {"Referrer-Policy", "no-referrer"},
                         {"Cross-Origin-Resource-Policy", "same-origin"},
                         {"Cross-Origin-Opener-Policy", "same-origin"},
                         {"X-Frame-Options", "DENY"}});
  }

  ~Connections() override {
    const socket_t never_used = svr_sock_.exchange(INVALID_SOCKET);
    if (never_used != INVALID_SOCKET) ::close(never_used);
  }

  int port() const { return port_; }

  base::Done run(const std::function<bool()>& stop) {
    std::atomic<bool> listened = true;
    std::atomic<bool> ended = false;
    std::thread listener([&] {
      listened = listen_after_bind();
      ended = true;
    });
    while (!stop() && !ended) ::poll(nullptr, 0, kLookAtStopMs);
    state_.stopped_at_ns = base::monotonic_now_ns();
    // It sleeps in accept, which ends when the socket does. It may not have come so far yet, and wants to be
    // told once.
    while (!ended && !is_running()) ::poll(nullptr, 0, 1);
    if (!ended) httplib::Server::stop();
    listener.join();
    if (listened || stop()) return {};
    return base::fail(ErrorCode::kIo, "the system took the listening socket away");
  }

 private:
  void answer(const httplib::Request& request, httplib::Response& response) const {
    HttpResponse made = is_reading(request)
                            ? handler_(request_of(request))
                            : refusal(405, "everything here is read-only: GET and HEAD alone");
    if (!is_reading(request)) made.headers.emplace_back("Allow", "GET, HEAD");
    response.status = made.status;
    for (const auto& [name, value] : made.headers) response.set_header(name, value);
    if (made.status != 304) response.set_content(std::move(made.body), made.content_type);
  }

  // Replaces cpp-httplib's own, whose limits begin anew with every byte.
  bool process_and_close_socket(socket_t socket) override {
    if (t_turn_away) {
      send_busy(socket);
    } else {
      const int yes =
          1;  // head and body are two writes: the second would wait for the first's acknowledgement
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      serve_connection(socket);
    }
    close_socket(socket);
    return true;
  }

  void serve_connection(int socket) {
    ConnectionStream stream(socket, limits_, state_);
    for (std::size_t left = limits_.requests_per_connection; left > 0 && stream.await_request(); --left) {
      // An idle connection keeps a thread.
      bool last = left == 1 || state_.waiting > 0;
      bool closed = false;
      bool understood = false;
      const auto adapt = [&](httplib::Request& request) {
        understood = true;
        request.ranges.clear();
        // Packing would cost more than a local network saves.
        request.headers.erase("Accept-Encoding");
        if (is_reading(request) && !has_body(request)) return;
        last = true;
        request.headers.erase("Connection");
        request.set_header("Connection", "close");
      };
      // Where a request was no request, nobody knows where the next one begins.
      if (!process_request(stream, last, closed, adapt) || closed || last || !understood) return;
    }
  }

  ServerLimits limits_;
  ServerState state_;
  HttpServer::Handler handler_;
  int port_;
};

HttpServer::HttpServer(std::unique_ptr<Connections> connections) : connections_(std::move(connections)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::open(const ListenAddress& address, Handler handler,
                                                     const ServerLimits& limits) {
  SLMRIG_ASSIGN(base::UniqueFd socket, listening_socket(address));
  auto connections = std::make_unique<Connections>(std::move(socket), std::move(handler), limits);
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(connections)));
}

int HttpServer::port() const { return connections_->port(); }

base::Done HttpServer::run(const std::function<bool()>& stop) { return connections_->run(stop); }

}  // namespace slmrig::serve
