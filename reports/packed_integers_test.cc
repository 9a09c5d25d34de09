#include "reports/packed_integers.h"

#include <catch2/catch.hpp>
#include <vector>

namespace slmrig::reports {
namespace {

std::string pack(const std::vector<int64_t>& values) { return pack_integers(values); }

std::string encode(std::string_view text) {
  return base64({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

}  // namespace

TEST_CASE("base64 gives the vectors of RFC 4648", "[reports]") {
  CHECK(encode("") == "");
  CHECK(encode("f") == "Zg==");
  CHECK(encode("fo") == "Zm8=");
  CHECK(encode("foo") == "Zm9v");
  CHECK(encode("foob") == "Zm9vYg==");
  CHECK(encode("fooba") == "Zm9vYmE=");
  CHECK(encode("foobar") == "Zm9vYmFy");
}

TEST_CASE("integers are packed as differences, zigzag and LEB128", "[reports]") {
  // By hand: 0 -> 00; +1 -> 02; -2 -> 03; +64 -> 128 -> 80 01.
  CHECK(pack({}) == "");
  CHECK(pack({0}) == "AA==");
  CHECK(pack({0, 1, -1, 63}) == encode(std::string_view("\x00\x02\x03\x80\x01", 5)));
}

TEST_CASE("the largest promised integer is packed without loss", "[reports]") {
  // 2^53 - 1, twice itself in zigzag: seven groups of ones but for the lowest bit, then the rest.
  CHECK(pack({(int64_t{1} << 53) - 1}) == encode("\xFE\xFF\xFF\xFF\xFF\xFF\xFF\x1F"));
}

TEST_CASE("a trace of similar durations takes about three characters a token", "[reports]") {
  std::vector<int64_t> durations;
  for (int token = 0; token < 300; ++token) durations.push_back(185'000 + token * 37 % 4000);
  CHECK(pack(durations).size() < 3 * durations.size());
}

}  // namespace slmrig::reports
