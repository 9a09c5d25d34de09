// Versions of the schema, and files that are not ours.
#include "harness/store/internal/schema.h"

#include <filesystem>
#include <fstream>

#include "harness/base/file.h"
#include "harness/base/sha256.h"
#include "harness/store/queries.h"
#include "harness/store/records_for_test.h"

namespace slmrig::store {

using base::ErrorCode;

namespace {

std::unique_ptr<Database> raw(const std::string& path) {
  return must(Database::open(path, OpenMode::kReadWriteCreate, std::chrono::milliseconds(1000)));
}

// As slmrig wrote it when version 1 was the newest.
const char* const kVersion1Rows = R"(
  insert into plan_text values (1, x'00', '{}');
  insert into run values (1, 'old-run', 'nightly', 'watch-0.9', 'beef', 'demo', 1, 'virtual', 10, 20, 0, 0.5);
  insert into session values (1, 'old-session', 1, 'desk-3', 'unit-7', 'native', 'slm', '0.1', 'avx2', 'wrist-nano',
    'int8', 'hardware', 0, 1, 1, 'tsc', 'ab12', '1f', '2e', 4096, 256, 280000, 0, 1, 11, 19);
  insert into cell values (1, 'old-cell', 1, 'intents', 'ctx=256 new=32', 'ok', null, null, 18, 5);
  insert into prompt values (1, 'p-1', x'0a', 'set a timer');
  insert into generation values (1, 1, 1, 0, 7, 3, 1, 20, 400, 80, 500, 210, 710, '[500,100,110]', '[4,5,6]', x'00ff',
    'timer.set', 1, null, 1, 12);
  insert into cold_start values (1, 0, 'exec', 1, 2, 3, 4);
  insert into memory values (1, 'kv', 123);
)";

}  // namespace

TEST_CASE("a database of version 1 is brought up to date and keeps its rows") {
  const TestFolder folder;
  {
    const auto database = raw(folder.file());
    must(migrate(*database, 1));
    must(database->execute(kVersion1Rows));
    CHECK(must(database->pragma_int64("user_version")) == 1);
  }
  CHECK(open_reader(folder.file()).error().message.find("version 1") != std::string::npos);
  must(must(open_store(folder.file()))->commit());
  CHECK(must(raw(folder.file())->pragma_int64("user_version")) == newest_schema_version());
  CHECK(number_for_test(folder.file(), "select sum(duration_ns) from v_token") == 710);
  CHECK(number_for_test(folder.file(), "select bytes from v_memory") == 123);
  CHECK(number_for_test(folder.file(), "select total_ns from v_cold_start") == 10);
  auto reader = must(open_reader(folder.file()));
  CHECK(must(reader.find_run("nightly")).cells_ok == 1);
  CHECK(must(reader.generations("old-cell")).at(0).token_ids == std::vector<int32_t>{4, 5, 6});
}

TEST_CASE("a database of any version is brought up to date and keeps its rows, figures included") {
  for (int64_t version = 1; version < newest_schema_version(); ++version) {
    INFO("from version " << version);
    const TestFolder folder;
    {
      const auto database = raw(folder.file());
      must(migrate(*database, 1));
      must(database->execute(kVersion1Rows));
      must(migrate(*database, version));
      if (version >= 2) {
        must(
            database->execute("insert into metric values (1, 'accuracy', 'ratio', 'higher');"
                              "insert into series_value (session_key, cell_key, metric_key, samples, value) "
                              "values (1, 1, 1, 4, 0.75)"));
      }
    }
    must(must(open_store(folder.file()))->commit());
    auto reader = must(open_reader(folder.file()));
    CHECK(must(reader.generations("old-cell")).at(0).token_costs == std::vector<int64_t>{500, 100, 110});
    CHECK(must(reader.generations("old-cell")).at(0).intent.empty());
    const History history = must(reader.history());
    REQUIRE(history.sessions.size() == 1);
    CHECK(history.sessions[0].build == "watch-0.9");
    REQUIRE(history.series.size() == (version >= 2 ? 1 : 0));
    if (version >= 2) CHECK(history.series[0].points.at(0).value == 0.75);
    CHECK(number_for_test(folder.file(), "select count(*) from v_run where imported_from is null") == 1);
  }
}

TEST_CASE("every step leads to the newest version, and the newest stays as it is") {
  const TestFolder folder;
  for (int64_t version = 1; version <= newest_schema_version(); ++version) {
    const auto database = raw(folder.file());
    must(migrate(*database, version));
    must(migrate(*database, version));
    CHECK(must(database->pragma_int64("user_version")) == version);
  }
  must(must(open_store(folder.file()))->begin_run(run_for_test()));
}

TEST_CASE("a migration that was released is never edited") {
  // A change of the schema is a new file: databases in the field have been through the old ones.
  const std::vector<std::string> released = {
      "a1d1bdb603c91c62bddafa5227a8e64232d598332f863688754f2ec88d4962a8",
      "be52a3c0c9b2922d059097413019dcaf8ebf713297f626bc6a9593d25fedb752",
      "c26fc281c5629f9643ae91e0b77ba17e76b7f39d02ed93845455423cbc817105",
      "0fd698237505f35de171e2cc8150ebd67d937acc89c015f9a90df6b5f480916f",
      "9af1b431a7051d469a8bfa57c5aa88cda4de883ac1ed9b64ed19a5c2e94933a7",
      "a1b138fa51f065e5eb33dbf66e197deb8788e45482d5a21abd71a5e59fd31518",
      "bd112c45a40353d2aee05892fc0bdb272a70ff6db12eb0663719486353c80cf9",
      "8d42743b7dc191778a102ba47146e72285c56640c6160c7eb69193f82432369d",
      "c95b9a24266c27d9ccecd8918d3aaea21a2d0485eb6d4025a8051bd8ad163d40",
  };
  REQUIRE(migrations().size() >= released.size());
  for (std::size_t i = 0; i < released.size(); ++i) {
    INFO(migrations()[i].name);
    CHECK(base::sha256_hex(std::string_view(migrations()[i].sql)) == released[i]);
  }
}

TEST_CASE("a newer database is refused, naming both versions, and left untouched") {
  const TestFolder folder;
  must(must(open_store(folder.file()))->commit());
  must(raw(folder.file())->execute("pragma user_version = 999; pragma journal_mode = delete"));
  const std::string before = must(base::sha256_hex_of_file(folder.file()));
  const auto written = open_store(folder.file());
  REQUIRE_FALSE(written.has_value());
  CHECK(written.error().code == ErrorCode::kUnsupported);
  CHECK(written.error().text().find("version 999") != std::string::npos);
  CHECK(written.error().text().find("up to " + std::to_string(newest_schema_version())) != std::string::npos);
  CHECK(written.error().text().find(folder.file()) != std::string::npos);
  CHECK(open_reader(folder.file()).error().code == ErrorCode::kUnsupported);
  CHECK(run_query(folder.file(), "select 1").error().code == ErrorCode::kUnsupported);
  CHECK(must(base::sha256_hex_of_file(folder.file())) == before);
}

TEST_CASE("a file that is not a database, or not ours, is refused and left untouched") {
  const TestFolder folder;
  SECTION("text") { must(base::write_file_atomically(folder.file(), std::string(5000, 'x'))); }
  SECTION("another program's database") {
    must(
        raw(folder.file())->execute("create table bookmarks (url text); insert into bookmarks values ('x')"));
  }
  const std::string before = must(base::sha256_hex_of_file(folder.file()));
  const auto written = open_store(folder.file());
  REQUIRE_FALSE(written.has_value());
  CHECK(written.error().code == ErrorCode::kBadInput);
  CHECK(open_reader(folder.file()).error().code == ErrorCode::kBadInput);
  CHECK(must(base::sha256_hex_of_file(folder.file())) == before);
  CHECK(std::filesystem::file_size(folder.file()) > 0);
}

TEST_CASE("a name that leads nowhere gives an error that says so") {
  const TestFolder folder;
  CHECK(open_store(folder.file(".")).error().code == ErrorCode::kBadInput);
  CHECK(open_reader(folder.file("missing.db")).error().message.find("no such file") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder.file("missing.db")));
  must(base::write_file_atomically(folder.file("file"), std::string_view("x")));
  CHECK(open_store(folder.file("file") + "/test.db").error().code == ErrorCode::kIo);
}

TEST_CASE("the folder of a new database is made, and odd names mean themselves") {
  const TestFolder folder;
  for (const std::string name : {"a/b/c.db", "file:x?mode=ro.db", "100% #1.db"}) {
    INFO(name);
    must(must(open_store(folder.file(name)))->commit());
    CHECK(std::filesystem::exists(folder.file(name)));
    CHECK(must(must(open_reader(folder.file(name))).runs()).empty());
  }
}

}  // namespace slmrig::store
