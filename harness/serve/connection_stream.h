// One client's socket as cpp-httplib reads and writes it, with limits on time and size that hold for a whole
// request and a whole answer, whatever the rhythm of the bytes.
//
// One thread. Does not own the socket.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include <httplib.h>

#include "harness/serve/http_server.h"

namespace slmrig::serve {

// What all connections of a server look at.
struct ServerState {
  std::atomic<std::size_t> waiting = 0;    // connections without a thread
  std::atomic<int64_t> stopped_at_ns = 0;  // monotonic; 0: it runs
  bool stopping() const { return stopped_at_ns != 0; }
};

class ConnectionStream final : public httplib::Stream {
 public:
  ConnectionStream(int socket, const ServerLimits& limits, const ServerState& state);

  // Waits for the first byte of a request and starts its clocks. False: none came, or the server stops.
  bool await_request();

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* to, size_t size) override;
  ssize_t write(const char* from, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_; }

 private:
  // True when the socket is ready for `events`; false after the limit, or when the server stops.
  bool await(short events, int64_t begin_ns, int64_t limit_ms, bool until_stop) const;
  ssize_t refill();
  int64_t answer_ms_left() const;

  int socket_;
  const ServerLimits& limits_;
  const ServerState& state_;
  std::array<char, 4096> buffer_ = {};
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t head_bytes_ = 0;
  int64_t head_began_ns_ = 0;
  int64_t answer_began_ns_ = 0;  // 0: not yet
};

}  // namespace slmrig::serve
