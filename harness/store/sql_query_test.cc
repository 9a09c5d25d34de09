#include "harness/store/sql_query.h"

#include "harness/base/sha256.h"
#include "harness/store/internal/schema.h"
#include "harness/store/records_for_test.h"

namespace slmrig::store {

using base::ErrorCode;

TEST_CASE("a query gives names, types and rows") {
  const TestFolder folder;
  store_for_test(folder.file(), session_for_test());
  const SqlTable table = must(run_query(
      folder.file(),
      "select 1 as a, 2.5 as b, 'x' as c, null as d, x'00ff' as e union all select 2, 0.5, '', '', '' "));
  CHECK(table.columns == std::vector<std::string>{"a", "b", "c", "d", "e"});
  REQUIRE(table.rows.size() == 2);
  CHECK(table.rows[0] == std::vector<SqlValue>{int64_t{1}, 2.5, "x", std::monostate{}, Blob{{0x00, 0xff}}});
  CHECK_FALSE(table.truncated);
  CHECK(must(run_query(folder.file(), "select * from v_cell where 0")).columns.size() == 16);
}

TEST_CASE("rows for people have a limit, and say that there were more") {
  const TestFolder folder;
  store_for_test(folder.file(), session_for_test());
  const std::string two = "select 1 union all select 2";
  CHECK(must(run_query(folder.file(), two, 2)).rows.size() == 2);
  CHECK_FALSE(must(run_query(folder.file(), two, 2)).truncated);
  CHECK(must(run_query(folder.file(), two, 1)).rows.size() == 1);
  CHECK(must(run_query(folder.file(), two, 1)).truncated);
}

TEST_CASE("a query can only read") {
  const TestFolder folder;
  store_for_test(folder.file(), session_for_test());
  const std::string before = must(base::sha256_hex_of_file(folder.file()));
  for (const std::string sql :
       {"delete from run", "insert into run (run_id) values ('x')", "drop view v_cell", "create table x (y)",
        "create temp table x (y)", "pragma journal_mode = delete", "pragma user_version = 7",
        "pragma writable_schema = 1", "attach 'other.db' as other", "vacuum into 'copy.db'",
        "begin exclusive", "select load_extension('x')"}) {
    INFO(sql);
    const auto refused = run_query(folder.file(), sql);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == ErrorCode::kBadInput);
  }
  CHECK(must(base::sha256_hex_of_file(folder.file())) == before);
  CHECK(run_query(folder.file(), "delete from run").error().message.find("read-only") != std::string::npos);
  CHECK(must(run_query(folder.file(), "pragma table_info(v_cell)")).rows.size() == 16);
  CHECK(number_for_test(folder.file(), "pragma user_version") == newest_schema_version());
  CHECK(text_for_test(folder.file(),
                      "with recursive n(i) as (select 1 union all select i + 1 from n where i < 3) "
                      "select group_concat(i) from n") == "1,2,3");
}

TEST_CASE("mistakes in SQL are answered with SQLite's words") {
  const TestFolder folder;
  store_for_test(folder.file(), session_for_test());
  CHECK(run_query(folder.file(), "select * from v_sell").error().message.find("v_sell") != std::string::npos);
  CHECK(run_query(folder.file(), "selec 1").error().message.find("syntax error") != std::string::npos);
  CHECK(run_query(folder.file(), "").error().message.find("no SQL statement") != std::string::npos);
  CHECK(run_query(folder.file(), "-- nothing").error().message.find("no SQL statement") != std::string::npos);
  CHECK(run_query(folder.file(), "select 1; select 2").error().message.find("more than one") !=
        std::string::npos);
  CHECK(run_query(folder.file(), "select 1; nonsense").error().message.find("more than one") !=
        std::string::npos);
  CHECK(must(run_query(folder.file(), "select 1; -- the end\n ;")).rows.size() == 1);
}

TEST_CASE("parameters are values, whatever they look like") {
  const TestFolder folder;
  store_for_test(folder.file(), session_for_test());
  SqlTable table;
  RowVisitor visitor;
  visitor.on_columns = [](std::span<const std::string>) {};
  visitor.on_row = [&](std::span<const SqlValue> row) {
    table.rows.emplace_back(row.begin(), row.end());
    return true;
  };
  const std::vector<SqlValue> values = {"x' or '1'='1", int64_t{7}, 0.5, std::monostate{},
                                        Blob{{0x00, 0xff}}};
  must(visit_query(folder.file(), "select ?1, ?2, ?3, ?4, ?5", visitor, {values, {}}));
  REQUIRE(table.rows.size() == 1);
  CHECK(table.rows.front() == values);
}

TEST_CASE("a query that would never end is stopped on request") {
  const TestFolder folder;
  store_for_test(folder.file(), session_for_test());
  RowVisitor visitor;
  visitor.on_columns = [](std::span<const std::string>) {};
  visitor.on_row = [](std::span<const SqlValue>) { return true; };
  int asked = 0;
  const auto stopped = visit_query(
      folder.file(), "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n",
      visitor, {{}, [&] { return ++asked > 3; }});
  REQUIRE_FALSE(stopped.has_value());
  CHECK(stopped.error().code == ErrorCode::kTimeout);
}

}  // namespace slmrig::store
