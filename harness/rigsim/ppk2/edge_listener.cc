#include "harness/rigsim/ppk2/edge_listener.h"

#include <sys/socket.h>
#include <unistd.h>
#include <csignal>

#include <string>

#include "harness/rigsim/local_socket.h"

namespace slmrig::rigsim {

EdgeListener::~EdgeListener() {
  if (listener_) ::unlink(path_.c_str());
}

base::Done EdgeListener::listen(const std::string& path) {
  SLMRIG_ASSIGN(listener_, listen_local(path));
  path_ = path;
  return {};
}

void EdgeListener::add_descriptors(std::vector<pollfd>* wait) const {
  wait->push_back({listener_.get(), POLLIN, 0});
  if (!lives_.empty()) wait->push_back({lives_.front().get(), POLLIN, 0});
}

void EdgeListener::accept_lives() {
  for (;;) {
    base::UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) break;
    lives_.push_back(std::move(fd));
  }
}

// Who connected is known to the kernel; a connection whose other end was killed goes with the next receive().
void EdgeListener::kill_boards() {
  accept_lives();
  for (const base::UniqueFd& life : lives_) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(life.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) continue;
    if (peer.pid > 1 && peer.pid != ::getpid()) ::kill(peer.pid, SIGKILL);
  }
}

std::vector<wire::MarkerEdge> EdgeListener::receive() {
  accept_lives();
  std::vector<wire::MarkerEdge> edges;
  while (!lives_.empty() && !receive_from_first(&edges)) lives_.pop_front();
  return edges;
}

// False: that life has ended.
bool EdgeListener::receive_from_first(std::vector<wire::MarkerEdge>* edges) {
  std::string bytes;
  for (;;) {
    bytes.clear();
    const base::Result<bool> got = receive_some(lives_.front().get(), &bytes, 0);
    if (!got) return false;
    if (!*got) return true;
    for (const char byte : bytes) {
      if (decoder_.push(static_cast<uint8_t>(byte))) edges->push_back(decoder_.edge());
    }
  }
}

}  // namespace slmrig::rigsim
