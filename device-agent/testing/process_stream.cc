#include "device-agent/testing/process_stream.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

namespace slmrig::agent::testing {
namespace {

constexpr int kReadWaitMs = 2;

}  // namespace

ProcessStream::ProcessStream(const std::vector<std::string>& arguments, const std::string& socket_path) {
  std::signal(SIGPIPE, SIG_IGN);
  int to_child[2] = {-1, -1};
  int from_child[2] = {-1, -1};
  if (pipe2(to_child, O_CLOEXEC) != 0 || pipe2(from_child, O_CLOEXEC) != 0) return;
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves no emulator behind
    dup2(to_child[0], STDIN_FILENO);
    dup2(from_child[1], STDOUT_FILENO);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  close(to_child[0]);
  close(from_child[1]);
  if (socket_path.empty()) {
    input_ = from_child[0];
    output_ = to_child[1];
    return;
  }
  close(from_child[0]);
  close(to_child[1]);
  if (!connect_socket(socket_path)) input_ = -1;
}

bool ProcessStream::connect_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  for (int attempt = 0; attempt < 500; ++attempt) {
    input_ = output_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(input_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
    close(input_);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

ProcessStream::~ProcessStream() {
  if (input_ >= 0) close(input_);
  if (output_ >= 0 && output_ != input_) close(output_);
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

size_t ProcessStream::read(uint8_t* data, size_t capacity) {
  pollfd waiter{input_, POLLIN, 0};
  if (poll(&waiter, 1, kReadWaitMs) <= 0) return 0;
  const ssize_t count = ::read(input_, data, capacity);
  if (count == 0) std::this_thread::sleep_for(std::chrono::milliseconds(kReadWaitMs));  // ended: do not spin
  return count > 0 ? static_cast<size_t>(count) : 0;
}

void ProcessStream::write(const uint8_t* data, size_t size_bytes) {
  while (size_bytes != 0) {
    const ssize_t count = ::write(output_, data, size_bytes);
    if (count <= 0) return;
    data += count;
    size_bytes -= static_cast<size_t>(count);
  }
}

uint32_t ProcessStream::now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

int ProcessStream::close_and_wait() {
  close(output_);
  if (input_ != output_) close(input_);
  input_ = output_ = -1;
  for (int i = 0; i < 200; ++i) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return -1;
}

}  // namespace slmrig::agent::testing
