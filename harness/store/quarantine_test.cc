#include "harness/store/quarantine.h"

#include "harness/store/records_for_test.h"

namespace slmrig::store {
namespace {

using base::ErrorCode;

struct EmptyDatabase : TestFolder {
  EmptyDatabase() { must(open_store(file())); }
};

}  // namespace

TEST_CASE("quarantine: a bench is out of service until it is released, and both are kept") {
  const EmptyDatabase database;
  CHECK(must(quarantined_benches(database.file())).empty());
  must(quarantine_bench(database.file(), {"desk-2", "kim", "its fan 'rattles'", 10}));
  must(quarantine_bench(database.file(), {"desk-1", "kim", "no banner", 20}));
  const auto rows = must(quarantined_benches(database.file()));
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].bench == "desk-1");
  CHECK(rows[1].since_ns == 10);
  CHECK(rows[1].who == "kim");
  CHECK(rows[1].reason == "its fan 'rattles'");

  must(release_bench(database.file(), {"desk-2", "jo", "new fan", 30}));
  CHECK(must(quarantined_benches(database.file())).size() == 1);
  CHECK(number_for_test(database.file(), "select count(*) from v_bench_event where bench = 'desk-2'") == 2);
  CHECK(text_for_test(database.file(), "select bench from v_quarantine") == "desk-1");
}

TEST_CASE("quarantine: what is so already is refused, with what is known of it") {
  const EmptyDatabase database;
  CHECK(release_bench(database.file(), {"desk-1", "kim", "", 10}).error().code == ErrorCode::kBadInput);
  must(quarantine_bench(database.file(), {"desk-1", "kim", "no banner", 10}));
  const base::Error again = quarantine_bench(database.file(), {"desk-1", "jo", "why not", 20}).error();
  CHECK(again.code == ErrorCode::kBadInput);
  CHECK(again.message.find("by kim: no banner") != std::string::npos);
  const base::Error other = release_bench(database.file(), {"desk-11", "kim", "", 20}).error();
  CHECK(other.message.find("desk-1") != std::string::npos);
  CHECK(must(quarantined_benches(database.file())).size() == 1);
}

TEST_CASE("quarantine: a clock that was set back changes nothing of the order") {
  const EmptyDatabase database;
  must(quarantine_bench(database.file(), {"desk-1", "kim", "no banner", 1000}));
  must(release_bench(database.file(), {"desk-1", "kim", "cable", 10}));
  CHECK(must(quarantined_benches(database.file())).empty());
  must(quarantine_bench(database.file(), {"desk-1", "kim", "again", 11}));
  CHECK(must(quarantined_benches(database.file())).at(0).reason == "again");
}

TEST_CASE("quarantine: no database knows of none, and takes none") {
  const TestFolder folder;
  CHECK(must(quarantined_benches(folder.file("none.db"))).empty());
  CHECK(quarantine_bench(folder.file("none.db"), {"desk-1", "kim", "x", 1}).error().code ==
        ErrorCode::kBadInput);
}

}  // namespace slmrig::store
