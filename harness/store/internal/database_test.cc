#include "harness/store/internal/database.h"

#include <sqlite3.h>
#include <catch2/catch.hpp>

namespace slmrig::store {
namespace {

constexpr const char* kThree = "select ?1 + value from (select 1 as value union select 2 union select 3)";

std::unique_ptr<Database> in_memory() {
  // A file of no name is a database of this connection alone.
  return Database::open("", OpenMode::kReadWriteCreate, std::chrono::milliseconds(0)).value();
}

}  // namespace

TEST_CASE("a question that is asked again remembers nothing of the first time", "[store]") {
  const auto database = in_memory();
  {
    Statement first = database->prepare(kThree).value();
    first.bind(10);
    REQUIRE(first.step().value());
    CHECK(first.column_int64(0) == 11);
  }
  // It was left in the middle of its rows.
  CHECK(sqlite3_txn_state(database->handle(), nullptr) == SQLITE_TXN_NONE);
  Statement again = database->prepare(kThree).value();
  REQUIRE(again.step().value());
  CHECK(again.column_is_null(0));
}

TEST_CASE("the same question can be asked while it is being answered", "[store]") {
  const auto database = in_memory();
  Statement outer = database->prepare(kThree).value();
  outer.bind(0);
  int64_t sum = 0;
  while (outer.step().value()) {
    Statement inner = database->prepare(kThree).value();
    inner.bind(outer.column_int64(0));
    while (inner.step().value()) sum += inner.column_int64(0);
  }
  CHECK(sum == 36);
}

TEST_CASE("as many questions as one likes can be asked", "[store]") {
  const auto database = in_memory();
  for (int round = 0; round < 2; ++round) {
    for (int64_t number = 0; number < 500; ++number) {
      Statement statement = database->prepare("select " + std::to_string(number)).value();
      REQUIRE(statement.step().value());
      REQUIRE(statement.column_int64(0) == number);
    }
  }
}

}  // namespace slmrig::store
