// The link of the native agent: stdin and stdout, moved aside so that nothing an engine prints gets between
// frames; or a terminal device, such as the board's own UART.
#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "device-agent/core/port.h"
#include "device-agent/ports/linux/process.h"

namespace slmrig::agent::port {
namespace {

constexpr int kWriteTimeoutMs = 2000;

int g_input = -1;
int g_output = -1;
bool g_alive = true;
uint32_t g_baud = 0;  // 0: not a terminal

constexpr uint32_t kFirstBaud = 115200;

struct Rate {
  uint32_t baud;
  speed_t speed;
};
constexpr Rate kRates[] = {
    {9600, B9600},       {19200, B19200},     {38400, B38400},     {57600, B57600},     {115200, B115200},
    {230400, B230400},   {460800, B460800},   {500000, B500000},   {921600, B921600},   {1000000, B1000000},
    {1500000, B1500000}, {2000000, B2000000}, {3000000, B3000000}, {4000000, B4000000},
};

const Rate* rate_of(uint32_t baud) {
  for (const Rate& rate : kRates) {
    if (rate.baud == baud) return &rate;
  }
  return nullptr;
}

bool start_terminal(const char* path) {
  g_input = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
  termios settings{};
  if (g_input < 0 || tcgetattr(g_input, &settings) != 0) {
    std::fprintf(stderr, "slmrig-agent-native: cannot use %s as a terminal: %s\n", path,
                 std::strerror(errno));
    return false;
  }
  cfmakeraw(&settings);
  settings.c_cflag |= CLOCAL | CREAD;
  cfsetspeed(&settings, rate_of(kFirstBaud)->speed);
  g_output = g_input;
  g_baud = kFirstBaud;
  return tcsetattr(g_input, TCSANOW, &settings) == 0;
}

}  // namespace

bool start_link() {
  if (options().link != nullptr) return start_terminal(options().link);
  g_input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
  g_output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  const bool ok = g_input >= 0 && g_output >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0;
  if (!ok) std::fprintf(stderr, "slmrig-agent-native: needs stdin, stdout and stderr to be open.\n");
  return ok;
}

void restore_stdio() {
  if (g_baud != 0) return;  // a terminal is opened anew, at its first rate
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

uint32_t link_baud() { return g_baud; }
bool has_link_baud(uint32_t baud) { return rate_of(baud) != nullptr; }

void set_link_baud(uint32_t baud) {
  const Rate* rate = rate_of(baud);
  termios settings{};
  if (rate == nullptr || tcgetattr(g_output, &settings) != 0) return;
  cfsetspeed(&settings, rate->speed);
  // TCSADRAIN: what was written leaves at the old rate.
  if (tcsetattr(g_output, TCSADRAIN, &settings) == 0) g_baud = baud;
}

void wait_for_link(uint32_t milliseconds) {
  pollfd waiter{g_input, POLLIN, 0};
  poll(&waiter, 1, static_cast<int>(milliseconds));
}

void enter_quiet_window() {}
void leave_quiet_window() {}

void idle(uint64_t sleep_ticks) {
  constexpr uint64_t kSecond = 1'000'000'000;  // ticks are nanoseconds
  timespec left{static_cast<time_t>(sleep_ticks / kSecond), static_cast<long>(sleep_ticks % kSecond)};
  while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR) {
  }
}

}  // namespace slmrig::agent::port
