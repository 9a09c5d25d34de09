// Byte streams to a real agent for tests: a child process over its stdio, and an emulator over a unix socket.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "device-agent/testing/agent_peer.h"

namespace slmrig::agent::testing {

// Runs `arguments` (the program first) and talks over its stdin and stdout, or, with a socket path, over the
// unix socket that the program listens on. The destructor kills it.
class ProcessStream final : public ByteStream {
 public:
  explicit ProcessStream(const std::vector<std::string>& arguments, const std::string& socket_path = {});
  ~ProcessStream() override;
  ProcessStream(const ProcessStream&) = delete;
  ProcessStream& operator=(const ProcessStream&) = delete;

  size_t read(uint8_t* data, size_t capacity) override;
  void write(const uint8_t* data, size_t size_bytes) override;
  uint32_t now_ms() override;

  bool connected() const { return input_ >= 0; }
  pid_t pid() const { return pid_; }
  // Closes the host's end and waits for the program to end by itself; its exit code, -1 after two seconds.
  int close_and_wait();

 private:
  bool connect_socket(const std::string& path);

  pid_t pid_ = -1;
  int input_ = -1;   // we read
  int output_ = -1;  // we write; the same descriptor for a socket
};

}  // namespace slmrig::agent::testing
