// Who may read: everybody on this host, or whoever knows the token. Pure but for read_token.
//
// A server that only this host can reach needs no token, but answers only to the names of this host: a page
// from elsewhere could otherwise give a name of its own to 127.0.0.1 and read what it answers (DNS
// rebinding).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/error.h"

namespace slmrig::serve {

// The first line of a file: 16 to 256 printable ASCII characters without a blank. kBadInput says what is
// wrong with it and how to make one.
base::Result<std::string> read_token(const std::filesystem::path& file);

enum class Access { kGranted, kNeedsToken, kWrongHost };

class AccessRule {
 public:
  // No token: loopback only.
  explicit AccessRule(const std::optional<std::string>& token);

  // `authorization` and `host` are the headers. The token comes as `Bearer TOKEN`, or as the password of
  // `Basic` with any user name, which browsers ask for by themselves. Takes as long for a token that is
  // nearly right as for any other.
  Access check(std::string_view authorization, std::string_view host) const;

 private:
  std::optional<std::array<uint8_t, 32>> token_sha256_;
};

}  // namespace slmrig::serve
