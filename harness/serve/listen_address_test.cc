#include "harness/serve/listen_address.h"

#include <catch2/catch.hpp>

namespace slmrig::serve {

TEST_CASE("an address knows whether others can reach it") {
  for (const char* host : {"127.0.0.1", "127.9.9.9", "::1", "localhost"}) {
    INFO(host);
    CHECK(listen_address(host, 1).value().loopback);
  }
  for (const char* host : {"0.0.0.0", "::", "192.0.2.1", "::ffff:192.0.2.1", "8.8.8.8"}) {
    INFO(host);
    CHECK_FALSE(listen_address(host, 1).value().loopback);
  }
  // Not written as people write it, and still an address of this host or of all.
  CHECK(listen_address("127.1", 1).value().host == "127.0.0.1");
  CHECK_FALSE(listen_address("0", 1).value().loopback);
}

TEST_CASE("a host that is none is refused by name") {
  for (const char* host : {"", "no such host", "256.1.1.1", "host.invalid"}) {
    INFO(host);
    const auto refused = listen_address(host, 1);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == base::ErrorCode::kBadInput);
    CHECK(refused.error().text().find(host) != std::string::npos);
  }
}

TEST_CASE("an address becomes a link that can be opened") {
  CHECK(listen_address("127.0.0.1", 0).value().url(8021) == "http://127.0.0.1:8021/");
  CHECK(listen_address("::1", 0).value().url(80) == "http://[::1]:80/");
}

}  // namespace slmrig::serve
