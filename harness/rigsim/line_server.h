// A unix socket on which tests and switches tell a stand-in what to do: a line in, a line out.
#pragma once

#include <poll.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/unique_fd.h"

namespace slmrig::rigsim {

// One thread: the owner polls the descriptors and calls serve(). Ends what it holds, and removes the socket.
class LineServer {
 public:
  explicit LineServer(std::function<std::string(std::string_view)> answer) : answer_(std::move(answer)) {}
  ~LineServer();
  LineServer(const LineServer&) = delete;
  LineServer& operator=(const LineServer&) = delete;

  base::Done listen(const std::string& path);
  void add_descriptors(std::vector<pollfd>* wait) const;
  void serve();

 private:
  struct Connection {
    base::UniqueFd fd;
    std::string received;
    bool ended = false;
  };

  std::function<std::string(std::string_view)> answer_;
  std::string path_;
  base::UniqueFd listener_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

// The other side: sends a line and returns the answer. kTimeout after `timeout_ms`.
base::Result<std::string> tell_line(const std::string& socket, std::string_view line,
                                    int timeout_ms = 30'000);

}  // namespace slmrig::rigsim
