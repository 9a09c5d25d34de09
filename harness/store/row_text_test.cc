#include "harness/store/row_text.h"

#include <catch2/catch.hpp>

namespace slmrig::store {

TEST_CASE("CSV quotes what needs it, and NULL is empty") {
  const std::vector<SqlValue> row = {std::string("a,\"b\""), SqlValue{}, int64_t{-1}, 0.5,
                                     Blob{{0x0A, 0xFF}}};
  CHECK(csv_line(std::span<const SqlValue>(row)) == "\"a,\"\"b\"\"\",,-1,0.5,0aff\r\n");
}

TEST_CASE("JSON keeps types and the order of columns, and survives bytes that are not UTF-8") {
  const std::vector<std::string> columns = {"z", "a", "n"};
  const std::vector<SqlValue> row = {std::string("x\xFF"), int64_t{1}, SqlValue{}};
  CHECK(json_row(columns, row) == "{\"z\":\"x\xEF\xBF\xBD\",\"a\":1,\"n\":null}");
}

}  // namespace slmrig::store
