#include "harness/base/sha256.h"

#include <catch2/catch.hpp>

#include "device-agent/wire/sha256.h"
#include "harness/base/file.h"

namespace slmrig::base {

// Vectors of FIPS 180-4's companion document.
TEST_CASE("SHA-256 gives the published digests") {
  CHECK(sha256_hex(std::string_view()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256_hex(std::string(1'000'000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("SHA-256 does not depend on how the bytes are cut") {
  std::string text;
  for (int i = 0; i < 300; ++i) text.push_back(static_cast<char>(i * 7));
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Sha256 hash;
    hash.update(std::string_view(text).substr(0, cut));
    hash.update(std::string_view(text).substr(cut));
    REQUIRE(to_hex(hash.finish()) == sha256_hex(text));
  }
}

TEST_CASE("host and device hash alike, whatever the length") {
  std::vector<uint8_t> bytes;
  for (std::size_t length = 0; length <= 300; ++length) {
    std::array<uint8_t, wire::kSha256Bytes> digest = {};
    wire::sha256(bytes.data(), bytes.size(), digest.data());
    CAPTURE(length);
    REQUIRE(to_hex(digest) == sha256_hex(bytes));
    bytes.push_back(static_cast<uint8_t>(length * 31 + (length >> 3U)));
  }
}

TEST_CASE("the SHA-256 of a file is that of its content, and of a missing file an error with its name") {
  auto folder = TemporaryDirectory::create("sha").value();
  const auto path = folder.path() / "data";
  const std::string content(200'000, 'x');
  REQUIRE(write_file_atomically(path, content));
  CHECK(sha256_hex_of_file(path).value() == sha256_hex(content));
  const auto missing = sha256_hex_of_file(folder.path() / "none");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::kBadInput);
  CHECK_THAT(missing.error().message, Catch::Contains("none: No such file"));
}

}  // namespace slmrig::base
