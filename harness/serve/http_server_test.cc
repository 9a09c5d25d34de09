#include "harness/serve/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/unique_fd.h"

namespace slmrig::serve {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int kPatienceMs = 20'000;  // a machine that is busy is no failure

class Running {
 public:
  explicit Running(HttpServer::Handler handler, const ServerLimits& limits = {})
      : server_(std::move(*HttpServer::open({"127.0.0.1", 0, false, true}, std::move(handler), limits))),
        thread_([this] { done_ = server_->run([this] { return stop_.load(); }); }) {}
  ~Running() { stop(); }

  int port() const { return server_->port(); }
  base::Done stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    return done_;
  }

 private:
  std::unique_ptr<HttpServer> server_;
  std::atomic<bool> stop_ = false;
  base::Done done_;
  std::thread thread_;
};

// A client that sends what it is told, byte by byte, however wrong.
class Client {
 public:
  explicit Client(int port, int receive_bytes = 0) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_bytes > 0) {
      ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    }
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }

  bool send(std::string_view text) {
    return ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  // What comes until `end` stands in it, the server closes, or patience ends.
  std::string receive_until(std::string_view end) {
    std::string text;
    char buffer[65'536];
    while (end.empty() || text.find(end) == std::string::npos) {
      pollfd descriptor = {socket_.get(), POLLIN, 0};
      if (::poll(&descriptor, 1, kPatienceMs) <= 0) return text + "(patience ended)";
      const ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
      if (got <= 0) return text;
      text.append(buffer, static_cast<std::size_t>(got));
    }
    return text;
  }
  std::string receive_all() { return receive_until(""); }
  bool is_closed_within(int ms) {
    pollfd descriptor = {socket_.get(), POLLIN, 0};
    char byte = 0;
    return ::poll(&descriptor, 1, ms) > 0 && ::recv(socket_.get(), &byte, 1, 0) <= 0;
  }

 private:
  base::UniqueFd socket_;
};

HttpResponse echo(const HttpRequest& request) {
  HttpResponse response;
  response.body = request.path;
  for (const auto& [name, value] : request.query) response.body += "|" + name + "=" + value;
  return response;
}

std::string get(int port, const std::string& target, const std::string& headers = "") {
  Client client(port);
  client.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers + "\r\n");
  return client.receive_all();
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a page is read with its query decoded, and carries the headers that keep it in its place") {
  const Running server(echo);
  const std::string answer = get(server.port(), "/a%20b?x=1&y=%3Cscript%3E&x=2");
  CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(has(answer, "\r\n\r\n/a b|x=1|x=2|y=<script>"));
  for (const char* header : {"X-Content-Type-Options: nosniff", "X-Frame-Options: DENY",
                             "Referrer-Policy: no-referrer", "Cross-Origin-Resource-Policy: same-origin"}) {
    CHECK(has(answer, header));
  }
  Client head(server.port());
  head.send("HEAD /page HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string only_head = head.receive_all();
  CHECK(has(only_head, "Content-Length: 5"));
  CHECK(only_head.ends_with("\r\n\r\n"));
}

TEST_CASE("a connection is used again, and ends when its reader says so") {
  const Running server(echo);
  Client client(server.port());
  for (const char* path : {"/one", "/two", "/three"}) {
    client.send(std::string("GET ") + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(client.receive_until(path).starts_with("HTTP/1.1 200"));
  }
  // Two at once, the second without waiting for the first's answer.
  client.send(
      "GET /four HTTP/1.1\r\nHost: x\r\n\r\nGET /five HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string both = client.receive_all();
  CHECK(has(both, "/four"));
  CHECK(has(both, "/five"));
}

TEST_CASE("nothing but reading is answered, and a body is never taken for a request") {
  const Running server(echo);
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
    INFO(method);
    Client client(server.port());
    client.send(std::string(method) + " / HTTP/1.1\r\nHost: x\r\nContent-Length: 35\r\n\r\n" +
                "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string answer = client.receive_all();
    CHECK(answer.starts_with("HTTP/1.1 405"));
    CHECK(has(answer, "Allow: GET, HEAD"));
    CHECK_FALSE(has(answer, "smuggled"));
  }
  Client client(server.port());
  client.send(
      "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 35\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK_FALSE(has(client.receive_all(), "smuggled"));
}

TEST_CASE("a request that is none ends its connection and nothing else") {
  const Running server(echo);
  for (const std::string& wrong : std::vector<std::string>{
           "\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1 more\r\n\r\n",
           std::string(1, '\0'), "\x16\x03\x01\x02 TLS hello\r\n\r\n",
           "GET /" + std::string(10'000, 'a') + " HTTP/1.1\r\n\r\n",
           "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'b') + "\r\n\r\n"}) {
    INFO(wrong.substr(0, 30));
    Client client(server.port());
    client.send(wrong);
    if (wrong.size() == 1) continue;  // it waits for the rest
    const std::string answer = client.receive_all();
    CHECK_FALSE(has(answer, "200 OK"));
    CHECK_FALSE(has(answer, "patience"));
  }
  std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 5'000; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  Client client(server.port());
  client.send(many + "\r\n");
  CHECK_FALSE(has(client.receive_all(), "200 OK"));
  CHECK(has(get(server.port(), "/still"), "/still"));
}

TEST_CASE("ranges are ignored, so that a thousand of them cost nothing") {
  const Running server(echo);
  std::string ranges = "Range: bytes=0-1";
  for (int i = 0; i < 500; ++i) ranges += ",0-1";
  const std::string answer = get(server.port(), "/page", ranges + "\r\n");
  CHECK(answer.starts_with("HTTP/1.1 200 OK"));
  CHECK(answer.ends_with("\r\n\r\n/page"));
}

TEST_CASE("many readers at once are all answered") {
  const Running server(echo);
  std::atomic<int> answered = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 40; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 10; ++j) answered += has(get(server.port(), "/x"), "\r\n\r\n/x") ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(answered == 400);
}

TEST_CASE("readers who never finish their request keep nobody else out") {
  ServerLimits limits;
  limits.threads = 2;
  limits.head_ms = 600'000;
  limits.idle_ms = 600'000;
  limits.hurried_ms = 100;
  const Running server(echo, limits);
  std::vector<Client> slow;
  for (int i = 0; i < 6; ++i) {
    slow.emplace_back(server.port());
    slow.back().send(i % 2 == 0 ? "GET /slow HTTP/1.1\r\nHost: x\r\nX-Never:" : "");
  }
  CHECK(has(get(server.port(), "/quick"), "/quick"));
}

TEST_CASE("a byte now and then does not stretch the time for a request") {
  ServerLimits limits;
  limits.head_ms = 300;
  const Running server(echo, limits);
  Client client(server.port());
  const int64_t began_ns = base::monotonic_now_ns();
  client.send("GET / HTTP/1.1\r\nX: ");
  while (!client.is_closed_within(20) && client.send("a")) {
  }
  const int64_t took_ms = (base::monotonic_now_ns() - began_ns) / kNsPerMs;
  CHECK(took_ms >= 290);
  CHECK(took_ms < kPatienceMs);
}

TEST_CASE("a reader who takes nothing is given up") {
  ServerLimits limits;
  limits.threads = 1;
  limits.stall_ms = 200;
  const Running server(
      [](const HttpRequest& request) {
        HttpResponse response = echo(request);
        if (request.path == "/large") response.body.assign(50'000'000, 'x');
        return response;
      },
      limits);
  Client lazy(server.port(), 4'096);
  lazy.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(has(get(server.port(), "/next"), "/next"));  // there is one thread
}

TEST_CASE("a connection beyond the queue is told to come again") {
  ServerLimits limits;
  limits.threads = 1;
  limits.waiting = 1;
  std::atomic<bool> let_go = false;
  std::atomic<bool> inside = false;
  Running server(
      [&](const HttpRequest& request) {
        inside = true;
        while (!let_go) ::poll(nullptr, 0, 5);
        return echo(request);
      },
      limits);
  Client first(server.port());
  first.send("GET /first HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  while (!inside) ::poll(nullptr, 0, 5);
  Client waits(server.port());
  waits.send("GET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  Client refused(server.port());
  CHECK(has(refused.receive_all(), "503 Service Unavailable"));
  let_go = true;
  CHECK(has(first.receive_all(), "/first"));
  CHECK(has(waits.receive_all(), "/second"));
}

TEST_CASE("an answer under way is finished when the server stops, and idle connections are closed") {
  std::atomic<bool> inside = false;
  std::atomic<bool> let_go = false;
  Running server([&](const HttpRequest& request) {
    inside = true;
    while (!let_go) ::poll(nullptr, 0, 5);
    return echo(request);
  });
  Client idle(server.port());
  Client busy(server.port());
  busy.send("GET /under-way HTTP/1.1\r\nHost: x\r\n\r\n");
  while (!inside) ::poll(nullptr, 0, 5);
  std::thread stopper([&] { CHECK(server.stop()); });
  CHECK(idle.is_closed_within(kPatienceMs));
  let_go = true;
  CHECK(has(busy.receive_all(), "/under-way"));
  stopper.join();
}

TEST_CASE("a port in use is named, also where both would share it") {
  const Running server(echo);
  const auto second = HttpServer::open({"127.0.0.1", server.port(), false, true}, echo);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == base::ErrorCode::kBadInput);
  CHECK(has(second.error().text(), "port " + std::to_string(server.port()) + " is in use"));
  const auto elsewhere = HttpServer::open({"192.0.2.1", 0, false, false}, echo);
  REQUIRE_FALSE(elsewhere);
  CHECK(has(elsewhere.error().text(), "no address 192.0.2.1"));
}

TEST_CASE("what a page throws becomes an answer without its words") {
  const Running server([](const HttpRequest&) -> HttpResponse {
    HttpResponse response;
    (void)std::vector<int>().at(7);
    return response;
  });
  const std::string answer = get(server.port(), "/");
  CHECK(answer.starts_with("HTTP/1.1 500"));
  CHECK_FALSE(has(answer, "vector"));
}

}  // namespace slmrig::serve
