#include "harness/base/wildcard.h"

#include <catch2/catch.hpp>

namespace slmrig::base {
namespace {

TEST_CASE("A pattern without wildcards matches only the same name") {
  CHECK(matches_wildcard("native", "native"));
  CHECK_FALSE(matches_wildcard("native", "native2"));
  CHECK_FALSE(matches_wildcard("native", "nativ"));
  CHECK_FALSE(matches_wildcard("", "native"));
  CHECK(matches_wildcard("", ""));
}

TEST_CASE("A star takes any run of characters, also none, and gives back what it took too much") {
  CHECK(matches_wildcard("*", ""));
  CHECK(matches_wildcard("mps*", "mps2-an386"));
  CHECK(matches_wildcard("*386", "mps2-an386"));
  CHECK(matches_wildcard("m*an*6", "mps2-an386-an6"));
  CHECK(matches_wildcard("a**b", "ab"));
  CHECK_FALSE(matches_wildcard("mps*547", "mps2-an386"));
  CHECK_FALSE(matches_wildcard("*x", "mps2"));
}

TEST_CASE("A question mark takes exactly one character") {
  CHECK(matches_wildcard("mps?-*", "mps3-an547"));
  CHECK_FALSE(matches_wildcard("mps?", "mps"));
  CHECK_FALSE(matches_wildcard("?", ""));
}

TEST_CASE("A pattern of many stars ends in reasonable time") {
  const std::string text(2000, 'a');
  CHECK_FALSE(matches_wildcard("*a*a*a*a*a*a*a*a*a*a*b", text));
}

}  // namespace
}  // namespace slmrig::base
