#include "harness/cli/query_output.h"

#include <catch2/catch.hpp>

namespace slmrig::cli {
namespace {

using store::SqlValue;

TEST_CASE("A table of a query puts numbers right, shows NULL, and keeps a row in a line") {
  store::SqlTable table;
  table.columns = {"board", "count(*)"};
  table.rows = {{std::string("native"), int64_t{1234}}, {std::string("two\nlines"), SqlValue{}}};
  CHECK(query_table_text(table) ==
        "board      count(*)\n"
        "native         1234\n"
        "two lines      NULL\n");
}

}  // namespace
}  // namespace slmrig::cli
