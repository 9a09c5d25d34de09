#include "harness/serve/access.h"

#include <catch2/catch.hpp>

#include "harness/base/file.h"

namespace slmrig::serve {
namespace {

const std::string kToken = "0123456789abcdef";

}  // namespace

TEST_CASE("without a token only the names of this host are answered") {
  const AccessRule rule(std::nullopt);
  for (const char* host : {"localhost", "localhost:8021", "127.0.0.1", "127.0.0.1:80", "127.8.9.1:1", "[::1]",
                           "[::1]:8021", ""}) {
    INFO(host);
    CHECK(rule.check("", host) == Access::kGranted);
  }
  for (const char* host :
       {"evil.example", "evil.example:8021", "127.0.0.1.evil.example", "127.evil", "localhost.evil",
        "192.168.0.7:8021", "[::2]:80", "[::1", "localhost:80:80", "0x7f.1"}) {
    INFO(host);
    CHECK(rule.check("", host) == Access::kWrongHost);
  }
}

TEST_CASE("a token comes as a bearer or as a browser's password, and nothing else passes") {
  const AccessRule rule(kToken);
  CHECK(rule.check("Bearer " + kToken, "rack.example") == Access::kGranted);
  CHECK(rule.check("bearer   " + kToken + " ", "") == Access::kGranted);
  CHECK(rule.check("Basic dXNlcjowMTIzNDU2Nzg5YWJjZGVm", "") == Access::kGranted);  // user:TOKEN
  CHECK(rule.check("Basic OjAxMjM0NTY3ODlhYmNkZWY=", "") == Access::kGranted);      // :TOKEN
  for (const std::string& wrong : std::vector<std::string>{
           "", "Bearer", "Bearer ", "Bearer " + kToken + "0", "Bearer 0123456789abcde", kToken,
           "Token " + kToken, "Basic", "Basic !!!!", "Basic MDEyMzQ1Njc4OWFiY2RlZg==", "Basic " + kToken,
           "Bearer " + kToken + "\n"}) {
    INFO(wrong);
    CHECK(rule.check(wrong, "localhost") == Access::kNeedsToken);
  }
}

TEST_CASE("a token file has a first line that is hard to guess") {
  const auto folder = base::TemporaryDirectory::create("token");
  REQUIRE(folder);
  const auto file = folder->path() / "token";
  const auto token_in = [&](std::string_view text) {
    REQUIRE(base::write_file_atomically(file, text));
    return read_token(file);
  };
  CHECK(token_in(kToken + "\n").value() == kToken);
  CHECK(token_in(kToken + "\r\nsecond line").value() == kToken);
  for (const std::string& bad : std::vector<std::string>{"", "\n", "0123456789abcde", "0123456789 abcdef",
                                                         "0123456789\x01"
                                                         "abcdef",
                                                         std::string(257, 'x')}) {
    INFO(bad);
    REQUIRE_FALSE(token_in(bad));
    CHECK(token_in(bad).error().code == base::ErrorCode::kBadInput);
  }
  CHECK(read_token(folder->path() / "absent").error().text().find("absent") != std::string::npos);
}

}  // namespace slmrig::serve
