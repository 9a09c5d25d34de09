#include "reports/json_tables.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <string>

#include "reports/packed_integers.h"

namespace slmrig::reports {
namespace {

using Json = nlohmann::ordered_json;

Json tables_of(const std::string& text) { return in_tables(Json::parse(text)); }

std::string packed(const std::vector<int64_t>& values) { return pack_integers(values); }

}  // namespace

TEST_CASE("like objects become a table, each column in its shortest form", "[reports]") {
  const Json table = tables_of(R"([
    {"id": "a", "size": 10, "kind": "x", "unit": "ms", "cost": 1.5, "parts": {"low": 1, "name": "p"}},
    {"id": "b", "size": 12, "kind": "y", "unit": "ms", "cost": 2.25, "parts": {"low": 2, "name": "q"}},
    {"id": "c", "size": 11, "kind": "x", "unit": "ms", "cost": 3.5, "parts": {"low": 4, "name": "r"}},
    {"id": "d", "size": 11, "kind": "y", "unit": "ms", "cost": 4.5, "parts": {"low": 3, "name": "s"}}])");
  CHECK(table["table"] == 4);
  const Json& columns = table["columns"];
  CHECK(columns["id"] == Json::array({"a", "b", "c", "d"}));
  CHECK(columns["size"] == Json{{"integers", packed({10, 12, 11, 11})}});
  CHECK(columns["kind"] == Json{{"distinct", {"x", "y"}}, {"at", packed({0, 1, 0, 1})}});
  CHECK(columns["unit"] == Json{{"always", "ms"}});
  CHECK(columns["cost"] == Json::array({1.5, 2.25, 3.5, 4.5}));
  CHECK(columns["parts"]["table"] == 4);
  CHECK(columns["parts"]["columns"]["low"] == Json{{"integers", packed({1, 2, 4, 3})}});
  CHECK(columns["parts"]["columns"]["name"] == Json::array({"p", "q", "r", "s"}));
}

TEST_CASE("tables stand inside of tables, also in what is distinct", "[reports]") {
  const std::string memory =
      R"([{"name": "kv", "bytes": 1}, {"name": "wire", "bytes": 2}, {"name": "s", "bytes": 3}])";
  const std::string row = "{\"memory\": " + memory + "}";
  const Json always = tables_of("[" + row + "," + row + "," + row + "]");
  CHECK(always["columns"]["memory"]["always"]["table"] == 3);
  const Json two = tables_of("[" + row + "," + row + "," + row + R"(, {"memory": []}])");
  const Json& column = two["columns"]["memory"];
  CHECK(column["distinct"][0] == always["columns"]["memory"]["always"]);
  CHECK(column["distinct"][1] == Json::array());
  CHECK(column["at"] == packed({0, 0, 0, 1}));
}

TEST_CASE("what is distinct can be a table itself", "[reports]") {
  std::string rows;
  for (const int size : {1, 2, 3, 1, 2, 3}) {
    rows += fmt::format(R"({}{{"parts": {{"size": {}}}}})", rows.empty() ? "" : ",", size);
  }
  const Json column = tables_of("[" + rows + "]")["columns"]["parts"];
  CHECK(column["distinct"] == Json{{"table", 3}, {"columns", {{"size", {{"integers", packed({1, 2, 3})}}}}}});
  CHECK(column["at"] == packed({0, 1, 2, 0, 1, 2}));
}

TEST_CASE("what is no list of like objects stays as it is", "[reports]") {
  for (const std::string text :
       {R"({"a": [1, 2, 3], "b": null, "c": []})", R"([{"a": 1}, {"a": 2}])",
        R"([{"a": 1}, {"b": 2}, {"a": 3}])", R"([{"a": 1}, {"a": 2, "b": 3}, {"a": 3}])", R"([{}, {}, {}])",
        R"([1, {"a": 1}, "x", null, true])"}) {
    CHECK(tables_of(text) == Json::parse(text));
  }
}

TEST_CASE("numbers that are not exact integers are not packed", "[reports]") {
  const Json columns = tables_of(R"([{"a": 1e300, "b": 0.5, "c": null, "d": 9007199254740992, "e": 2.0},
    {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1}, {"a": 2, "b": 2, "c": 2, "d": 2, "e": -3}])")["columns"];
  for (const char* key : {"a", "b", "c", "d"}) CHECK(columns[key].is_array());
  CHECK(columns["e"] == Json{{"integers", packed({2, 1, -3})}});
}

}  // namespace slmrig::reports
