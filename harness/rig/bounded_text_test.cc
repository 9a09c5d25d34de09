#include "harness/rig/bounded_text.h"

#include <catch2/catch.hpp>

namespace slmrig::rig {

TEST_CASE("bounded text keeps beginning and end and counts what it left out") {
  BoundedText text(20, 20);
  CHECK(text.text().empty());
  for (int i = 0; i < 100; ++i) text.add_line("line " + std::to_string(i));
  CHECK(text.text() == "line 0\nline 1\n... 96 lines left out ...\nline 98\nline 99\n");
}

TEST_CASE("a text within its limits is whole, and a huge line is cut") {
  BoundedText text(100, 100);
  text.add_line("one");
  text.add_line("two");
  CHECK(text.text() == "one\ntwo\n");
  BoundedText wide;
  wide.add_line(std::string(100'000, 'x'));
  CHECK(wide.text().size() == 4097);
}

}  // namespace slmrig::rig
