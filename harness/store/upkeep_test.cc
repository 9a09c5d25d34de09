#include "harness/store/upkeep.h"

#include <filesystem>

#include "harness/base/file.h"
#include "harness/base/sha256.h"
#include "harness/store/captures.h"
#include "harness/store/internal/database.h"
#include "harness/store/internal/schema.h"
#include "harness/store/queries.h"
#include "harness/store/records_for_test.h"
#include "harness/store/releases.h"

namespace slmrig::store {

using base::ErrorCode;

namespace {

constexpr int64_t kDayNs = 86'400'000'000'000;

// Begun on `day`.
void add_run(Store& store, const std::string& id, int64_t day, bool ends = true) {
  base::RunStart run = run_for_test("run-" + id);
  run.started_at_ns = day * kDayNs;
  must(store.begin_run(run));
  must(store.begin_session(session_for_test("run-" + id, "s-" + id, 1)));
  must(store.add(generation_for_test("s-" + id + "-c0")));
  must(store.end_cell({"s-" + id + "-c0", base::CellStatus::kOk, "", {}, 1, 1}));
  must(store.put_series_values("s-" + id, {{"s-" + id + "-c0", "token_ms_p50", 3, 110e-6}}));
  if (ends) must(store.end_run({"run-" + id, 1, false, 1.0}));
}

int64_t tokens_of(const std::string& path, const std::string& id) {
  return number_for_test(path, "select count(*) from v_token where run_id = 'run-" + id + "'");
}

}  // namespace

TEST_CASE("upkeep: traces of old runs are thinned, those of young and of pinned ones stay, and all figures") {
  const TestFolder folder;
  const std::string path = folder.file();
  {
    const auto store = must(open_store(path));
    add_run(*store, "old", 10);
    add_run(*store, "pinned", 10);
    add_run(*store, "young", 95);
  }
  must(pin_release(path, {"r", "", {"run-pinned"}, {}, 1}));
  const Thinned thinned = must(thin_traces(path, {100 * kDayNs, 30, true}));
  CHECK(thinned.generations == 1);
  CHECK(thinned.kept_pinned == 1);
  CHECK(tokens_of(path, "old") == 0);
  CHECK(tokens_of(path, "pinned") == 4);
  CHECK(tokens_of(path, "young") == 4);
  CHECK(number_for_test(path, "select ttft_ns + decode_ns from v_generation where run_id = 'run-old'") ==
        830);
  CHECK(number_for_test(path, "select count(*) from v_series where run_id = 'run-old'") == 1);
  auto reader = must(open_reader(path));
  const std::vector<GenerationRow> generations = must(reader.generations("s-old-c0"));
  CHECK(generations.at(0).token_costs.empty());
  CHECK(generations.at(0).output_text == "timer.set");
  CHECK(must(thin_traces(path, {100 * kDayNs, 30, false})).generations == 0);
  CHECK(thin_traces(folder.file("none.db"), {}).error().code == ErrorCode::kBadInput);
}

TEST_CASE("upkeep: traces of a run that has not ended stay, however old it is") {
  const TestFolder folder;
  const auto store = must(open_store(folder.file()));
  add_run(*store, "open", 10, false);
  CHECK(must(thin_traces(folder.file(), {100 * kDayNs, 30, true})).generations == 0);
  CHECK(tokens_of(folder.file(), "open") == 4);
}

TEST_CASE("upkeep: a database of an older version is brought up to date, and another is let be") {
  const TestFolder folder;
  const std::string path = folder.file();
  {
    const auto old = must(Database::open(path, OpenMode::kReadWriteCreate, kLockPatience));
    must(migrate(*old, 1));
    must(
        old->execute("insert into plan_text values (1, x'00', '{}'); insert into run values (1, 'old-run', "
                     "'nightly', null, null, 'demo', 1, 'virtual', 10, 20, 0, 0.5)"));
  }
  CHECK(open_reader(path).error().message.find("slmrig db upgrade") != std::string::npos);
  const Upgraded upgraded = must(upgrade_database(path));
  CHECK(upgraded.from_version == 1);
  CHECK(upgraded.to_version == newest_schema_version());
  CHECK(text_for_test(path, "select run_id from v_run") == "old-run");
  CHECK(must(upgrade_database(path)).from_version == newest_schema_version());
  CHECK(upgrade_database(folder.file("none.db")).error().code == ErrorCode::kBadInput);
  CHECK_FALSE(std::filesystem::exists(folder.file("none.db")));
  must(base::write_file_atomically(folder.file("text.db"), std::string_view("no database")));
  CHECK_FALSE(upgrade_database(folder.file("text.db")).has_value());
}

TEST_CASE("upkeep: what is in a database is told") {
  const TestFolder folder;
  const std::string path = folder.file();
  add_run(*must(open_store(path)), "1", 10);
  const DatabaseInfo info = must(database_info(path));
  CHECK(info.schema_version >= 8);
  CHECK(info.bytes > 0);
  CHECK(info.runs == 1);
  CHECK(info.imported_runs == 0);
  CHECK(info.cells == 1);
  CHECK(info.generations == 1);
  CHECK(info.figures == 1);
  CHECK(info.first_run_ns == 10 * kDayNs);
  CHECK(info.benches == std::vector<std::string>{"desk-3"});
  CHECK(database_info(folder.file("none.db")).error().code == ErrorCode::kBadInput);
}

TEST_CASE("upkeep: a whole database has no troubles, and each kind of damage is named") {
  const TestFolder folder;
  const std::string path = folder.file();
  const std::string sha256 = base::sha256_hex(std::string_view("samples"));
  const std::filesystem::path capture = capture_folder(path) / "c.power";
  {
    const auto store = must(open_store(path));
    add_run(*store, "1", 10);
    base::Energy energy;
    energy.session_id = "s-1";
    energy.cell_id = "s-1-c0";
    energy.capture = {sha256, "c.power", 7, 1};
    must(store->add(energy));
  }
  must(base::make_directories(capture_folder(path)));
  must(base::write_file_atomically(capture, std::string_view("samples")));
  CHECK(must(check_database(path)).empty());
  SECTION("a capture that was changed") {
    must(base::write_file_atomically(capture, std::string_view("sampled")));
    const auto troubles = must(check_database(path));
    REQUIRE(troubles.size() == 1);
    CHECK(troubles[0].place == "capture " + sha256.substr(0, 16));
    CHECK(troubles[0].text.find("expected " + sha256) != std::string::npos);
  }
  SECTION("a capture that is gone") {
    std::filesystem::remove(capture);
    CHECK(must(check_database(path)).at(0).text.find("No such file") != std::string::npos);
  }
  SECTION("a row that names one that is not there") {
    must(must(Database::open(path, OpenMode::kReadWriteCreate, std::chrono::milliseconds(1000)))
             ->execute("delete from metric"));
    const auto troubles = must(check_database(path));
    REQUIRE_FALSE(troubles.empty());
    CHECK(troubles[0].place == "table series_value");
  }
  SECTION("pages that were overwritten") {
    std::string bytes = must(base::read_text(path));
    for (std::size_t i = 4096 * 5; i + 1 < bytes.size(); i += 97) bytes[i] = '\xff';
    must(base::write_file_atomically(path, std::string_view(bytes)));
    const auto troubles = check_database(path);
    CHECK((!troubles.has_value() ? troubles.error().code == ErrorCode::kCorrupt : !troubles->empty()));
  }
}

}  // namespace slmrig::store
