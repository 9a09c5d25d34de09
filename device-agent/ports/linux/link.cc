// The link of the native agent: stdin and stdout, moved aside so that nothing an engine prints gets between
// frames.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "device-agent/core/port.h"
#include "device-agent/ports/linux/process.h"

namespace slmrig::agent::port {
namespace {

constexpr int kWriteTimeoutMs = 2000;

int g_input = -1;
int g_output = -1;
bool g_alive = true;

}  // namespace

bool start_link() {
  g_input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
  g_output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  const bool ok = g_input >= 0 && g_output >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0;
  if (!ok) std::fprintf(stderr, "slmrig-agent-native: needs stdin, stdout and stderr to be open.\n");
  return ok;
}

void restore_stdio() {
  dup2(g_input, STDIN_FILENO);
  dup2(g_output, STDOUT_FILENO);
}

size_t read_link(uint8_t* data, size_t capacity) {
  pollfd waiter{g_input, POLLIN, 0};
  if (poll(&waiter, 1, 0) <= 0) return 0;
  const ssize_t count = read(g_input, data, capacity);
  if (count > 0) return static_cast<size_t>(count);
  if (count == 0 || (errno != EINTR && errno != EAGAIN)) g_alive = false;
  return 0;
}

bool write_link(const uint8_t* data, size_t size_bytes) {
  while (size_bytes != 0) {
    pollfd waiter{g_output, POLLOUT, 0};
    const int ready = poll(&waiter, 1, kWriteTimeoutMs);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    // Up to PIPE_BUF bytes do not block once a pipe is writable; the agent writes less than that at once.
    const ssize_t count = write(g_output, data, size_bytes);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) {
      g_alive = false;
      return false;
    }
    data += count;
    size_bytes -= static_cast<size_t>(count);
  }
  return true;
}

bool link_alive() { return g_alive; }

void wait_for_link(uint32_t milliseconds) {
  pollfd waiter{g_input, POLLIN, 0};
  poll(&waiter, 1, static_cast<int>(milliseconds));
}

void enter_quiet_window() {}
void leave_quiet_window() {}
void set_markers(uint8_t) {}

}  // namespace slmrig::agent::port
