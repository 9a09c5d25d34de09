// An HTTP/1.1 server for a few readers, over cpp-httplib: GET and HEAD alone, with a bound on everything that
// a client can make it wait for or hold.
//
// cpp-httplib parses and frames; connections are our own, since its timeouts begin anew with every byte and
// its queue has no end. What is not GET or HEAD is refused (405), and a request with a body is answered and
// its connection closed, so that the body is never taken for another request. Ranges are ignored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "harness/base/error.h"
#include "harness/serve/http.h"
#include "harness/serve/listen_address.h"

namespace slmrig::serve {

struct ServerLimits {
  std::size_t threads = 16;         // answered at the same time
  std::size_t waiting = 64;         // accepted and not yet looked at; one more is told 503
  std::size_t head_bytes = 16'384;  // request line and headers
  int64_t head_ms = 10'000;         // from its first byte to its last
  int64_t idle_ms = 5'000;          // for the first byte of a (next) request
  int64_t stall_ms = 10'000;        // in which a client takes nothing of an answer
  int64_t answer_ms = 60'000;       // for a whole answer to be taken
  // While others wait: for a head, the next request, or a stall; and for a whole answer.
  int64_t hurried_ms = 1'000;
  int64_t hurried_answer_ms = 10'000;
  int64_t farewell_ms = 2'000;  // for answers under way when the server stops
  std::size_t requests_per_connection = 1'000;
};

class HttpServer {
 public:
  // Called from several threads at a time.
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  // Listens. kBadInput: the port is in use, not allowed, or not on this host.
  static base::Result<std::unique_ptr<HttpServer>> open(const ListenAddress& address, Handler handler,
                                                        const ServerLimits& limits = {});
  ~HttpServer();

  int port() const;

  // Answers until `stop` is true (looked at ten times a second), and returns when all connections are closed.
  // kIo: the system took the socket away.
  base::Done run(const std::function<bool()>& stop);

 private:
  class Connections;
  explicit HttpServer(std::unique_ptr<Connections> connections);
  std::unique_ptr<Connections> connections_;
};

}  // namespace slmrig::serve
