// Small texts: suggestions, UUIDs, UTF-8, times.
#include <algorithm>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "harness/base/clock.h"
#include "harness/base/suggest.h"
#include "harness/base/utf8.h"
#include "harness/base/uuid.h"

namespace slmrig::base {

TEST_CASE("a misspelt name is answered with the nearest known one") {
  const std::vector<std::string> boards = {"native", "mps2-an386", "mps3-an547"};
  CHECK(unknown_name("board", "mps2-an38", boards) ==
        "unknown board 'mps2-an38' (did you mean 'mps2-an386'?)");
  CHECK(nearest_name("nativ", boards) == "native");
  CHECK(nearest_name("natvie", boards) == "native");
  CHECK(nearest_name("NATIVE", boards) == "native");
  CHECK(unknown_name("board", "x", boards) == "unknown board 'x'; known are native, mps2-an386, mps3-an547");
  CHECK(unknown_name("board", "x", {}) == "unknown board 'x'; none is known");
}

TEST_CASE("UUIDs have version 7, rise strictly, and are unique over threads") {
  std::vector<std::vector<std::string>> made(4);
  std::vector<std::thread> threads;
  for (auto& list : made) {
    threads.emplace_back([&list] {
      for (int i = 0; i < 5000; ++i) list.push_back(uuid_v7());
    });
  }
  for (auto& thread : threads) thread.join();
  std::vector<std::string> all;
  for (const auto& list : made) {
    CHECK(std::is_sorted(list.begin(), list.end()));
    all.insert(all.end(), list.begin(), list.end());
  }
  std::sort(all.begin(), all.end());
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
  const std::string& one = all.front();
  REQUIRE(one.size() == 36);
  CHECK(one[14] == '7');
  CHECK(std::string("89ab").find(one[19]) != std::string::npos);
  const auto milliseconds = std::stoull(one.substr(0, 8) + one.substr(9, 4), nullptr, 16);
  CHECK(std::llabs(static_cast<long long>(milliseconds) - utc_now_ns() / 1'000'000) < 60'000);
}

TEST_CASE("ill-formed UTF-8 is replaced part by part") {
  CHECK(make_valid_utf8("plain \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80") ==
        "plain \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80");
  CHECK(make_valid_utf8("a\xFF"
                        "b") ==
        "a\xEF\xBF\xBD"
        "b");
  CHECK(make_valid_utf8("\xE2\x82") == "\xEF\xBF\xBD");                              // cut short: one part
  CHECK(make_valid_utf8("\xC0\xAF") == "\xEF\xBF\xBD\xEF\xBF\xBD");                  // overlong
  CHECK(make_valid_utf8("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate
  CHECK(make_valid_utf8("\xF4\x90\x80\x80x").back() == 'x');                         // beyond U+10FFFF
  CHECK(is_valid_utf8(make_valid_utf8("\x80\x81\xF0\x9F\x98")));
  CHECK_FALSE(is_valid_utf8("\xF0\x9F\x98"));
}

TEST_CASE("times are written in UTC") {
  CHECK(utc_text(0) == "1970-01-01T00:00:00Z");
  CHECK(utc_text(1'709'294'096'999'999'999) == "2024-03-01T11:54:56Z");
}

}  // namespace slmrig::base
