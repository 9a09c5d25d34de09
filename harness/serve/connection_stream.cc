#include "harness/serve/connection_stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "harness/base/clock.h"

namespace slmrig::serve {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int kSliceMs = 100;  // how late a stop or a queue is noticed

int64_t ms_since(int64_t begin_ns) { return (base::monotonic_now_ns() - begin_ns) / kNsPerMs; }

bool is_ready(int socket, short events, int timeout_ms) {
  pollfd descriptor = {socket, events, 0};
  return ::poll(&descriptor, 1, timeout_ms) > 0;
}

}  // namespace

ConnectionStream::ConnectionStream(int socket, const ServerLimits& limits, const ServerState& state)
    : socket_(socket), limits_(limits), state_(state) {}

bool ConnectionStream::await(short events, int64_t begin_ns, int64_t limit_ms, bool until_stop) const {
  for (;;) {
    if (until_stop && state_.stopping()) return false;
    const int64_t limit = state_.waiting > 0 ? std::min(limit_ms, limits_.hurried_ms) : limit_ms;
    const int64_t left_ms = limit - ms_since(begin_ns);
    if (left_ms <= 0) return is_ready(socket_, events, 0);
    if (is_ready(socket_, events, static_cast<int>(std::min<int64_t>(left_ms, kSliceMs)))) return true;
  }
}

bool ConnectionStream::await_request() {
  if (begin_ == end_ && !await(POLLIN, base::monotonic_now_ns(), limits_.idle_ms, true)) return false;
  head_began_ns_ = base::monotonic_now_ns();
  head_bytes_ = 0;
  answer_began_ns_ = 0;
  return !state_.stopping();
}

ssize_t ConnectionStream::refill() {
  // A byte every second would pass any limit on the wait for one byte.
  const bool hurried = state_.waiting > 0;
  const int64_t limit_ms = hurried ? std::min(limits_.head_ms, limits_.hurried_ms) : limits_.head_ms;
  if (ms_since(head_began_ns_) >= limit_ms || !await(POLLIN, head_began_ns_, limits_.head_ms, true))
    return -1;
  const ssize_t got = ::recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (got <= 0) return -1;
  begin_ = 0;
  end_ = static_cast<std::size_t>(got);
  return got;
}

ssize_t ConnectionStream::read(char* to, size_t size) {
  if (head_bytes_ >= limits_.head_bytes) return -1;
  if (begin_ == end_ && refill() < 0) return -1;
  const std::size_t count = std::min({size, end_ - begin_, limits_.head_bytes - head_bytes_});
  std::memcpy(to, buffer_.data() + begin_, count);
  begin_ += count;
  head_bytes_ += count;
  return static_cast<ssize_t>(count);
}

int64_t ConnectionStream::answer_ms_left() const {
  const bool hurried = state_.waiting > 0;
  const int64_t limit_ms =
      hurried ? std::min(limits_.answer_ms, limits_.hurried_answer_ms) : limits_.answer_ms;
  const int64_t left_ms = limit_ms - ms_since(answer_began_ns_);
  if (!state_.stopping()) return left_ms;
  return std::min(left_ms, limits_.farewell_ms - ms_since(state_.stopped_at_ns));
}

ssize_t ConnectionStream::write(const char* from, size_t size) {
  const int64_t now_ns = base::monotonic_now_ns();
  if (answer_began_ns_ == 0) answer_began_ns_ = now_ns;
  const int64_t left_ms = answer_ms_left();
  if (left_ms <= 0 || !await(POLLOUT, now_ns, std::min(limits_.stall_ms, left_ms), false)) return -1;
  for (;;) {
    const ssize_t sent = ::send(socket_, from, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0 || errno != EINTR) return sent;
  }
}

bool ConnectionStream::is_readable() const { return begin_ < end_ || is_ready(socket_, POLLIN, 0); }

bool ConnectionStream::is_writable() const { return is_ready(socket_, POLLOUT, 0); }

// Only for logs and headers that nobody here reads.
void ConnectionStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

void ConnectionStream::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

}  // namespace slmrig::serve
