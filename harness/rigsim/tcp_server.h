// A TCP port of this host on which an instrument's stand-in is spoken to.
#pragma once

#include <poll.h>

#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/unique_fd.h"

namespace slmrig::rigsim {

// One thread: the owner polls the descriptors and calls serve().
class TcpServer {
 public:
  // Takes what it understands off the front of what one client sent, and returns what to send back; keeps the
  // rest for the next time.
  using Hear = std::function<std::string(std::string* received)>;

  // `greet` is sent to each client that comes.
  explicit TcpServer(Hear hear, std::string greeting = {})
      : hear_(std::move(hear)), greeting_(std::move(greeting)) {}

  // On 127.0.0.1; port 0 takes any. Returns the port.
  base::Result<int> listen(int port);
  void add_descriptors(std::vector<pollfd>* wait) const;
  void serve();
  // Ends all connections, as when the cable is pulled.
  void drop_clients() { clients_.clear(); }

 private:
  struct Client {
    base::UniqueFd fd;
    std::string received;
  };
  bool serve_client(Client* client);

  Hear hear_;
  std::string greeting_;
  base::UniqueFd listener_;
  std::list<Client> clients_;
};

}  // namespace slmrig::rigsim
