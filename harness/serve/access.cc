#include "harness/serve/access.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/base/sha256.h"

namespace slmrig::serve {
namespace {

constexpr std::size_t kShortestToken = 16;
constexpr std::size_t kLongestToken = 256;

std::array<uint8_t, 32> sha256_of(std::string_view text) {
  base::Sha256 hash;
  hash.update(text);
  return hash.finish();
}

// Over hashes of equal length: neither the place of the first difference nor the token's length shows.
bool equal_in_constant_time(const std::array<uint8_t, 32>& a, const std::array<uint8_t, 32>& b) {
  volatile uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference = difference | static_cast<uint8_t>(a[i] ^ b[i]);
  return difference == 0;
}

std::optional<uint32_t> base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return std::nullopt;
}

// RFC 4648, padded or not; nothing where it is something else.
std::optional<std::string> base64_decoded(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::optional<uint32_t> digit = base64_digit(c);
    if (!digit) return std::nullopt;
    bits = (bits << 6U) | *digit;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>((bits >> static_cast<uint32_t>(count)) & 0xFFU);
  }
  return bytes;
}

bool starts_with_word(std::string_view text, std::string_view word) {
  return text.size() > word.size() && text[word.size()] == ' ' &&
         std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) {
           return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
         });
}

// Empty: none came.
std::string token_in(std::string_view authorization) {
  constexpr std::string_view kBearer = "bearer";
  constexpr std::string_view kBasic = "basic";
  const auto rest = [&](std::string_view word) {
    std::string_view text = authorization.substr(word.size());
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
  };
  if (starts_with_word(authorization, kBearer)) return std::string(rest(kBearer));
  if (!starts_with_word(authorization, kBasic)) return {};
  const std::string user_and_password = base64_decoded(rest(kBasic)).value_or("");
  const std::size_t colon = user_and_password.find(':');
  return colon == std::string::npos ? std::string() : user_and_password.substr(colon + 1);
}

bool is_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "127.0.0.1:8021", "localhost", "[::1]:80". Any port: a tunnel has its own.
bool names_this_host(std::string_view host) {
  if (!host.starts_with('[')) {
    const std::size_t colon = host.rfind(':');
    if (colon != std::string_view::npos && is_digits(host.substr(colon + 1))) host = host.substr(0, colon);
  } else if (const std::size_t end = host.find("]:"); end != std::string_view::npos) {
    if (is_digits(host.substr(end + 2))) host = host.substr(0, end + 1);
  }
  if (host == "localhost" || host == "[::1]") return true;
  // An address, not a name that begins like one.
  const bool address = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host.starts_with("127.") && address;
}

}  // namespace

base::Result<std::string> read_token(const std::filesystem::path& file) {
  SLMRIG_ASSIGN(const std::string text, base::read_text(file));
  const std::string_view line = std::string_view(text).substr(0, text.find_first_of("\r\n"));
  const bool printable = std::all_of(line.begin(), line.end(), [](char c) { return c > ' ' && c < '\x7F'; });
  if (printable && line.size() >= kShortestToken && line.size() <= kLongestToken) return std::string(line);
  return base::fail(
      base::ErrorCode::kBadInput,
      fmt::format(
          "the first line of a token file is {} to {} printable ASCII characters without a blank; this "
          "one has {}{}. Make one with: (umask 077; openssl rand -hex 24 > FILE)",
          kShortestToken, kLongestToken, line.size(), printable ? "" : ", some of them others"),
      fmt::format("token file {}", file.string()));
}

AccessRule::AccessRule(const std::optional<std::string>& token) {
  if (token) token_sha256_ = sha256_of(*token);
}

Access AccessRule::check(std::string_view authorization, std::string_view host) const {
  if (!token_sha256_) return host.empty() || names_this_host(host) ? Access::kGranted : Access::kWrongHost;
  const bool same = equal_in_constant_time(sha256_of(token_in(authorization)), *token_sha256_);
  return same ? Access::kGranted : Access::kNeedsToken;
}

}  // namespace slmrig::serve
