#include "harness/store/merge.h"

#include <filesystem>

#include "harness/base/file.h"
#include "harness/store/captures.h"
#include "harness/store/internal/database.h"
#include "harness/store/internal/schema.h"
#include "harness/store/quarantine.h"
#include "harness/store/records_for_test.h"
#include "harness/store/releases.h"
#include "harness/store/sample_data.h"

namespace slmrig::store {

using base::ErrorCode;

namespace {

void fill(const std::string& path, uint64_t seed) {
  const auto store = must(open_store(path));
  SampleOptions options;
  options.seed = seed;
  options.prompts_native = 3;
  must(fill_with_sample_run(*store, options));
}

void execute(const std::string& path, const std::string& sql) {
  must(must(Database::open(path, OpenMode::kReadWriteCreate, std::chrono::milliseconds(1000)))->execute(sql));
}

// Every table with its number of rows.
std::string row_counts(const std::string& path) {
  std::string counts;
  const SqlTable tables =
      query_for_test(path, "select name from sqlite_master where type = 'table' order by 1");
  for (const auto& row : tables.rows) {
    const std::string name = std::get<std::string>(row.front());
    counts +=
        name + " " + std::to_string(number_for_test(path, "select count(*) from \"" + name + "\"")) + "\n";
  }
  return counts;
}

// In an order of its own, by all columns.
std::vector<std::vector<SqlValue>> rows_of(const std::string& path, const std::string& from) {
  const std::size_t columns = query_for_test(path, "select * from " + from + " limit 0").columns.size();
  std::string order = "1";
  for (std::size_t i = 2; i <= columns; ++i) order += ", " + std::to_string(i);
  return query_for_test(path, "select * from " + from + " order by " + order).rows;
}

}  // namespace

TEST_CASE("merge: an empty database becomes a copy, whatever keys its rows have") {
  const TestFolder folder;
  fill(folder.file("from.db"), 1);
  const MergeReport report = must(merge_database(folder.file("into.db"), folder.file("from.db")));
  CHECK(report.runs_added == 1);
  CHECK(report.generations_added > 0);
  CHECK(report.conflicts.empty());
  CHECK(row_counts(folder.file("into.db")) == row_counts(folder.file("from.db")));
}

TEST_CASE("merge: two racks come together without loss or duplicates, and a second time changes nothing") {
  const TestFolder folder;
  const std::string into = folder.file("into.db");
  const std::string from = folder.file("from.db");
  fill(into, 1);
  fill(from, 2);
  fill(folder.file("alone.db"), 2);
  const int64_t tokens = number_for_test(into, "select count(*) from v_token") +
                         number_for_test(from, "select count(*) from v_token");
  const MergeReport report = must(merge_database(into, from));
  CHECK(report.runs_added == 1);
  CHECK(report.runs_equal == 0);
  CHECK(number_for_test(into, "select count(*) from v_token") == tokens);
  for (const std::string view : {"v_generation", "v_token", "v_memory", "v_profile", "v_energy",
                                 "v_token_energy", "v_roofline", "v_cold_start", "v_cell"}) {
    INFO(view);
    const std::string run = text_for_test(from, "select run_id from v_run");
    CHECK(rows_of(into, "(select * from " + view + " where run_id = '" + run + "')") == rows_of(from, view));
  }
  CHECK(rows_of(from, "v_token") == rows_of(folder.file("alone.db"), "v_token"));
  {
    const auto database = must(Database::open(into, OpenMode::kReadOnly, std::chrono::milliseconds(1000)));
    CHECK_FALSE(must(must(database->prepare("pragma foreign_key_check")).step()));
  }
  const std::string before = row_counts(into);
  const MergeReport again = must(merge_database(into, from));
  CHECK(again.runs_added == 0);
  CHECK(again.runs_equal == 1);
  CHECK(again.conflicts.empty());
  CHECK(row_counts(into) == before);
}

TEST_CASE("merge: a run that went on elsewhere is a conflict, named with what differs") {
  const TestFolder folder;
  fill(folder.file("into.db"), 1);
  fill(folder.file("from.db"), 1);
  execute(folder.file("from.db"), "delete from power_trace; delete from energy_generation");
  CHECK(must(merge_database(folder.file("into.db"), folder.file("from.db"))).conflicts.empty());
  execute(folder.file("from.db"),
          "update run set interrupted = 5; delete from generation where generation_key = 1");
  const MergeReport report = must(merge_database(folder.file("into.db"), folder.file("from.db")));
  REQUIRE(report.conflicts.size() == 1);
  CHECK(report.conflicts[0].what.starts_with("run 0"));
  CHECK(report.conflicts[0].why.find("interrupted: 1 here, 5 there") != std::string::npos);
  CHECK(report.conflicts[0].why.find("generations: ") != std::string::npos);
  CHECK(number_for_test(folder.file("into.db"), "select interrupted from run") == 1);
}

TEST_CASE("merge: releases, findings and files come along") {
  const TestFolder folder;
  const std::string into = folder.file("into.db");
  const std::string from = folder.file("from.db");
  fill(into, 1);
  fill(from, 2);
  execute(from, "update run set interrupted = 0, ended_at_ns = 5; update run set run_id = run_id");
  execute(into, "update run set interrupted = 0, ended_at_ns = 5");
  must(pin_release(from, {"there", "", {text_for_test(from, "select run_id from run")}, {}, 1}));
  must(pin_release(into, {"here", "", {text_for_test(into, "select run_id from run")}, {}, 1}));
  execute(from,
          "insert into finding values (1, 'f-1', 'b', 'e', 'm', 'v', '', 's', 'accuracy', 'hardware', 'u', "
          "'new', "
          "'alert', 'regression', 'code', 's', 1, 1, 1, '', '', 1, 2, 0, 1, 0.1, 0.1, 1, 1, 1, '{}');"
          "insert into finding_event values (1, 1, 5, 'found', '', '')");
  must(base::make_directories(capture_folder(from) / "ab"));
  must(base::write_file_atomically(capture_folder(from) / "ab" / "abc.power", std::string_view("x")));
  const MergeReport report = must(merge_database(into, from));
  CHECK(report.releases_added == 1);
  CHECK(report.findings_added == 1);
  CHECK(report.files_copied == 1);
  CHECK(std::filesystem::exists(capture_folder(into) / "ab" / "abc.power"));
  CHECK(must(find_release(into, "there")).artifacts.size() ==
        must(find_release(from, "there")).artifacts.size());
  CHECK(number_for_test(into, "select count(*) from v_finding_event") == 1);
  execute(from, "update release set name = 'here'");
  const MergeReport again = must(merge_database(into, from));
  REQUIRE(again.conflicts.size() == 1);
  CHECK(again.conflicts[0].what == "release here");
}

TEST_CASE("merge: a capture that was pruned here is there again where the other rack kept it") {
  const TestFolder folder;
  fill(folder.file("into.db"), 1);
  fill(folder.file("from.db"), 1);
  execute(folder.file("into.db"), "insert into capture values (9, 'hash', 'c.power', 4, 1, 1, 5)");
  execute(folder.file("from.db"), "insert into capture values (7, 'hash', 'c.power', 4, 1, 1, null)");
  must(merge_database(folder.file("into.db"), folder.file("from.db")));
  const std::string kept = "select count(*) from capture where sha256 = 'hash' and removed_at_ns is null";
  CHECK(number_for_test(folder.file("into.db"), kept) == 1);
  // The reverse takes nothing away.
  execute(folder.file("from.db"), "update capture set removed_at_ns = 5");
  must(merge_database(folder.file("into.db"), folder.file("from.db")));
  CHECK(number_for_test(folder.file("into.db"), kept) == 1);
}

TEST_CASE("merge: quarantines come along, each once") {
  const TestFolder folder;
  const std::string into = folder.file("into.db");
  const std::string from = folder.file("from.db");
  must(open_store(into));
  must(open_store(from));
  must(quarantine_bench(from, {"desk-1", "kim", "no banner", 5}));
  for (int time = 0; time < 2; ++time) {
    must(merge_database(into, from));
    CHECK(number_for_test(into, "select count(*) from v_bench_event") == 1);
  }
  CHECK(must(quarantined_benches(into)).at(0).reason == "no banner");
}

TEST_CASE("merge: an older database is read through a copy and stays as it is") {
  const TestFolder folder;
  {
    const auto old = must(
        Database::open(folder.file("old.db"), OpenMode::kReadWriteCreate, std::chrono::milliseconds(1000)));
    must(migrate(*old, 1));
    must(
        old->execute("insert into plan_text values (1, x'00', '{}'); insert into run values (1, 'old-run', "
                     "'nightly', null, null, 'demo', 1, 'virtual', 10, 20, 0, 0.5)"));
  }
  CHECK(must(merge_database(folder.file("into.db"), folder.file("old.db"))).runs_added == 1);
  CHECK(text_for_test(folder.file("into.db"), "select run_id from v_run") == "old-run");
  const auto old =
      must(Database::open(folder.file("old.db"), OpenMode::kReadOnly, std::chrono::milliseconds(1000)));
  CHECK(must(old->pragma_int64("user_version")) == 1);
}

TEST_CASE("merge: what cannot be merged is refused and named") {
  const TestFolder folder;
  fill(folder.file("a.db"), 1);
  CHECK(merge_database(folder.file("a.db"), folder.file("a.db")).error().code == ErrorCode::kBadInput);
  CHECK(merge_database(folder.file("a.db"), folder.file("none.db")).error().text().find("none.db") !=
        std::string::npos);
  fill(folder.file("new.db"), 2);
  execute(folder.file("new.db"), "pragma user_version = 999");
  CHECK(merge_database(folder.file("a.db"), folder.file("new.db")).error().code == ErrorCode::kUnsupported);
  CHECK(number_for_test(folder.file("a.db"), "select count(*) from run") == 1);
}

}  // namespace slmrig::store
