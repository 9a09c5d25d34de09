// Where a server listens, and whether anybody but this host can reach it.
#pragma once

#include <string>

#include "harness/base/error.h"

namespace slmrig::serve {

struct ListenAddress {
  std::string host;  // numeric: "127.0.0.1", "::1", "0.0.0.0"
  int port = 0;      // 0: any that is free
  bool ipv6 = false;
  bool loopback = true;

  // "http://127.0.0.1:8021/".
  std::string url(int actual_port) const;
};

// `host` is a name or an address; the first address of a name is taken. kBadInput: no such host.
base::Result<ListenAddress> listen_address(const std::string& host, int port);

}  // namespace slmrig::serve
