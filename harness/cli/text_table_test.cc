#include "harness/cli/text_table.h"

#include <catch2/catch.hpp>

namespace slmrig::cli {
namespace {

TEST_CASE("Names stand left, figures right, and lines have no trailing blanks") {
  TextTable table({{"bench", Align::kLeft}, {"p50", Align::kRight}, {"note", Align::kLeft}}, 2);
  table.add_row({"native", "45.6µs", "x"});
  table.add_row({"a", "1ms"});
  CHECK(table.lines() == std::vector<std::string>{
                             "bench      p50  note",
                             "native  45.6µs  x",
                             "a          1ms",
                         });
}

TEST_CASE("A note runs over the remaining columns and wraps under itself") {
  TextTable table({{"bench"}, {"p50", Align::kRight}, {"p95", Align::kRight}});
  table.add_row({"left", "1", "2"});
  table.add_note_row({"right"}, "unfit: needs 5000 bytes of arena, board has 4000");
  CHECK(table.lines(30) == std::vector<std::string>{
                               "bench p50 p95",
                               "left    1   2",
                               "right unfit: needs 5000 bytes",
                               "      of arena, board has 4000",
                           });
}

TEST_CASE("A table that is too wide cuts names and never figures") {
  TextTable table({{"model"}, {"value", Align::kRight}});
  table.add_row({"a-very-long-name-of-a-model", "123456789"});
  const auto lines = table.lines(20);
  CHECK(lines[1] == "a-very-lo… 123456789");
  CHECK(display_width(lines[1]) == 20);
}

TEST_CASE("Shortening and wrapping count code points, not bytes") {
  CHECK(display_width("45.6µs") == 6);
  CHECK(shorten("µµµµ", 4) == "µµµµ");
  CHECK(shorten("µµµµ", 3) == "µµ…");
  CHECK(shorten("abc", 0).empty());
  CHECK(wrap_words("one two  three\nfour", 8) == std::vector<std::string>{"one two", "three", "four"});
  CHECK(wrap_words("", 8).empty());
}

}  // namespace
}  // namespace slmrig::cli
