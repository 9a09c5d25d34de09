// Captures in their folder: kept by hash, counted, pruned by age and quota.
#include "harness/store/captures.h"

#include <chrono>
#include <fstream>

#include "harness/store/queries.h"
#include "harness/store/records_for_test.h"

namespace slmrig::store {

namespace {

constexpr int64_t kDayNs = 86'400'000'000'000;
constexpr int64_t kNowNs = 1000 * kDayNs;

// A capture of so many bytes, taken so many days ago, of the cell s-1-c<number>.
std::string add_capture(Store& store, const std::string& database, int number, int64_t days,
                        std::size_t bytes) {
  const std::string content(bytes, static_cast<char>('a' + number));
  const std::filesystem::path part = must(new_capture_file(database));
  std::ofstream(part) << content;
  base::Energy energy;
  energy.session_id = "s-1";
  energy.cell_id = "s-1-c" + std::to_string(number);
  energy.meter = "ppk2";
  energy.started_at_ns = kNowNs - days * kDayNs;
  energy.capture.sha256 = base::sha256_hex(std::string_view(content));
  energy.capture.bytes = bytes;
  energy.capture.samples = 1;
  energy.capture.file = must(keep_capture(database, part, energy.capture.sha256));
  must(store.add(energy));
  return energy.capture.file;
}

bool is_there(const std::string& database, const std::string& file) {
  return std::filesystem::exists(capture_folder(database) / file);
}

}  // namespace

TEST_CASE("captures that are too old or too many go, oldest first, and the database remembers") {
  const TestFolder folder;
  const std::string database = folder.file();
  auto store = store_for_test(database, session_for_test("run-1", "s-1", 4));
  const std::string old = add_capture(*store, database, 0, 100, 10);
  const std::string second = add_capture(*store, database, 1, 50, 1000);
  const std::string third = add_capture(*store, database, 2, 20, 1000);
  const std::string newest = add_capture(*store, database, 3, 1, 1000);
  must(store->commit());
  CHECK(must(capture_usage(database)).files == 4);
  CHECK(must(capture_usage(database)).bytes == 3010);

  CaptureLimits limits;
  CHECK(must(prune_captures(database, limits, kNowNs)).files == 1);
  CHECK_FALSE(is_there(database, old));
  limits.most_bytes = 2500;
  const CaptureUsage removed = must(prune_captures(database, limits, kNowNs));
  CHECK(removed.files == 1);
  CHECK(removed.bytes == 1000);
  CHECK_FALSE(is_there(database, second));
  CHECK(is_there(database, third));
  CHECK(is_there(database, newest));
  CHECK(must(prune_captures(database, limits, kNowNs)).files == 0);

  auto reader = must(open_reader(database));
  CHECK(must(reader.energy("s-1-c0"))->capture.file.empty());
  CHECK_FALSE(must(reader.energy("s-1-c0"))->capture.sha256.empty());
  CHECK(must(reader.energy("s-1-c3"))->capture.file == newest);
  // The same samples come again: they are there again.
  add_capture(*store, database, 0, 1, 10);
  must(store->commit());
  CHECK(must(reader.energy("s-1-c0"))->capture.file == old);
  CHECK(must(prune_captures(database, {}, kNowNs)).files == 0);
}

TEST_CASE("a file that no row names goes once it is a day old") {
  const TestFolder folder;
  const std::string database = folder.file();
  auto store = store_for_test(database, session_for_test());
  const std::filesystem::path fresh = must(new_capture_file(database));
  const std::filesystem::path stray = must(new_capture_file(database));
  for (const auto& file : {fresh, stray}) std::ofstream(file) << "x";
  std::filesystem::last_write_time(stray,
                                   std::filesystem::file_time_type::clock::now() - std::chrono::hours(25));
  CHECK(must(prune_captures(database, {}, kNowNs)).files == 1);
  CHECK(std::filesystem::exists(fresh));
  CHECK_FALSE(std::filesystem::exists(stray));
}

TEST_CASE("a run that would break the quota is told before it begins") {
  const TestFolder folder;
  const std::string database = folder.file();
  auto store = store_for_test(database, session_for_test());
  add_capture(*store, database, 0, 1, 1000);
  CaptureLimits limits;
  limits.most_bytes = 2000;
  limits.least_free_bytes = 0;
  must(check_capture_room(database, limits, 1000));
  limits.most_bytes = 3'000'000;
  CHECK(must(capture_room(database, limits)) == 2'999'000);
  limits.most_bytes = 1'000'900;
  CHECK(capture_room(database, limits).error().code == base::ErrorCode::kIo);
  limits.most_bytes = 2000;
  const base::Done refused = check_capture_room(database, limits, 1001);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().text().find("test.db.captures") != std::string::npos);
  CHECK(refused.error().text().find("slmrig db prune") != std::string::npos);
  limits.least_free_bytes = uint64_t{1} << 62U;
  const base::Done full = check_capture_room(database, limits, 1);
  REQUIRE_FALSE(full.has_value());
  CHECK(full.error().text().find("stay free") != std::string::npos);
  CHECK_FALSE(prune_captures(folder.file("none.db"), limits, kNowNs).has_value());
  CHECK_FALSE(std::filesystem::exists(folder.file("none.db")));
}

}  // namespace slmrig::store
