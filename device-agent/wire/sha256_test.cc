#include "device-agent/wire/sha256.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace slmrig::wire {
namespace {

std::string hex_digest(const std::string& text, size_t piece_bytes) {
  Sha256 hash;
  for (size_t at = 0; at < text.size(); at += piece_bytes) {
    const std::string piece = text.substr(at, piece_bytes);
    hash.update(reinterpret_cast<const uint8_t*>(piece.data()), piece.size());
  }
  uint8_t digest[kSha256Bytes];
  hash.finish(digest);
  std::string hex;
  for (uint8_t byte : digest) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

TEST_CASE("SHA-256 of the vectors of FIPS 180-4, however they are fed") {
  for (size_t piece_bytes : {1U, 3U, 63U, 64U, 65U, 1000U}) {
    CHECK(hex_digest("", piece_bytes) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(hex_digest("abc", piece_bytes) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hex_digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", piece_bytes) ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(hex_digest(std::string(100000, 'a'), piece_bytes) == hex_digest(std::string(100000, 'a'), 100000));
  }
  CHECK(hex_digest(std::string(1000000, 'a'), 4096) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

}  // namespace
}  // namespace slmrig::wire
