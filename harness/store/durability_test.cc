// Killed processes, full disks, read-only places, several writers: nothing that was committed is lost.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <thread>
#include <utility>

#include "harness/store/queries.h"
#include "harness/store/records_for_test.h"

namespace slmrig::store {

using base::ErrorCode;

namespace {

std::string name(const std::string& prefix, int number) { return prefix + std::to_string(number); }

// Writes sessions of one cell with ten generations each until it is killed, and tells on `pipe` of each cell
// whose end the store has acknowledged.
[[noreturn]] void write_until_killed(const std::string& path, int pipe) {
  auto store = open_store(path);
  if (!store || !(*store)->begin_run(run_for_test("killed"))) _exit(1);
  for (int session = 0;; ++session) {
    const std::string id = name("k-", session);
    if (!(*store)->begin_session(session_for_test("killed", id, 1))) _exit(1);
    for (int i = 0; i < 10; ++i) {
      if (!(*store)->add(generation_for_test(id + "-c0", name("p-", i)))) _exit(1);
    }
    if (!(*store)->end_cell({id + "-c0", base::CellStatus::kOk, "", {}, 1, 1})) _exit(1);
    if (write(pipe, "x", 1) != 1) _exit(1);
  }
}

int64_t count_readable(int pipe) {
  char buffer[4096];
  int64_t total = 0;
  for (ssize_t got = read(pipe, buffer, sizeof buffer); got > 0; got = read(pipe, buffer, sizeof buffer))
    total += got;
  return total;
}

// The work in a child process; its exit status.
template <typename Work>
int in_child(const Work& work) {
  const pid_t child = fork();
  if (child == 0) _exit(work());
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int64_t generations_in(const std::string& path, const std::string& run_id) {
  return number_for_test(path, "select count(*) from v_generation where run_id = '" + run_id + "'");
}

// Adds until the store refuses; the error. Counts the cells that were acknowledged.
base::Error fill_until_refused(Store& store, int& acknowledged) {
  for (int session = 0;; ++session) {
    const std::string id = name("full-", session);
    if (auto done = store.begin_session(session_for_test("run-1", id, 1)); !done) return done.error();
    for (int i = 0; i < 50; ++i) {
      if (auto done = store.add(generation_for_test(id + "-c0", name("p-", i))); !done) return done.error();
    }
    if (auto done = store.end_cell({id + "-c0", base::CellStatus::kOk, "", {}, 1, 1}); !done)
      return done.error();
    ++acknowledged;
  }
}

}  // namespace

TEST_CASE("a writer that is killed loses no cell whose end was acknowledged") {
  // Killed while the schema is made, after the first cell, and in the middle of later ones.
  for (const auto& [wait_for_one, milliseconds] : {std::pair{false, 5}, {true, 0}, {true, 23}, {true, 90}}) {
    const TestFolder folder;
    int pipe_ends[2];
    REQUIRE(pipe(pipe_ends) == 0);
    const pid_t child = fork();
    if (child == 0) write_until_killed(folder.file(), pipe_ends[1]);
    close(pipe_ends[1]);
    int64_t acknowledged = 0;
    char first = 0;
    if (wait_for_one) acknowledged += read(pipe_ends[0], &first, 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    kill(child, SIGKILL);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    acknowledged += count_readable(pipe_ends[0]);
    close(pipe_ends[0]);

    auto store = must(open_store(folder.file()));  // a crash before the schema was there leaves an empty file
    must(store->begin_run(run_for_test("after")));
    CHECK(text_for_test(folder.file(), "pragma integrity_check") == "ok");
    CHECK(number_for_test(folder.file(), "select count(*) from v_cell where status = 'ok'") >= acknowledged);
    CHECK(number_for_test(folder.file(),
                          "select count(*) from (select cell_id, count(*) as n from v_generation join "
                          "v_cell using (cell_id) where status = 'ok' group by 1) where n <> 10") == 0);
    if (wait_for_one) CHECK(acknowledged > 0);
  }
}

TEST_CASE("what was added is committed within the interval, with nobody asking") {
  const TestFolder folder;
  StoreOptions options;
  options.commit_interval = std::chrono::milliseconds(50);
  auto store = must(open_store(folder.file(), options));
  must(store->begin_run(run_for_test()));
  must(store->begin_session(session_for_test()));
  must(store->add(generation_for_test()));
  for (int i = 0; i < 2000 && generations_in(folder.file(), "run-1") == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK(generations_in(folder.file(), "run-1") == 1);
}

TEST_CASE("benches write from their own threads") {
  const TestFolder folder;
  auto store = must(open_store(folder.file()));
  must(store->begin_run(run_for_test()));
  std::vector<std::thread> benches;
  std::atomic<int> failures = 0;
  for (int bench = 0; bench < 4; ++bench) {
    benches.emplace_back([&, bench] {
      const std::string id = name("bench-", bench);
      if (!store->begin_session(session_for_test("run-1", id, 1))) ++failures;
      for (int i = 0; i < 100; ++i) {
        if (!store->add(generation_for_test(id + "-c0", name("p-", i)))) ++failures;
      }
      if (!store->end_cell({id + "-c0", base::CellStatus::kOk, "", {}, 1, 1})) ++failures;
    });
  }
  for (std::thread& bench : benches) bench.join();
  CHECK(failures == 0);
  CHECK(generations_in(folder.file(), "run-1") == 400);
}

TEST_CASE("several processes write into one new database at once") {
  const TestFolder folder;
  std::vector<pid_t> children;
  for (int writer = 0; writer < 3; ++writer) {
    const pid_t child = fork();
    if (child == 0) {
      auto store = open_store(folder.file());
      const std::string run = name("w-", writer);
      if (!store || !(*store)->begin_run(run_for_test(run))) _exit(1);
      for (int session = 0; session < 20; ++session) {
        const std::string id = run + name("-s", session);
        bool good = (*store)->begin_session(session_for_test(run, id, 1)).has_value();
        for (int i = 0; i < 10; ++i)
          good = good && (*store)->add(generation_for_test(id + "-c0", name("p-", i)));
        good = good && (*store)->end_cell({id + "-c0", base::CellStatus::kOk, "", {}, 1, 1});
        if (!good) _exit(2);
      }
      _exit((*store)->commit() ? 0 : 3);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  }
  for (int writer = 0; writer < 3; ++writer) CHECK(generations_in(folder.file(), name("w-", writer)) == 200);
  CHECK(text_for_test(folder.file(), "pragma integrity_check") == "ok");
}

TEST_CASE("another process that holds the lock too long is an error that says so, and no loss") {
  const TestFolder folder;
  StoreOptions impatient;
  impatient.busy_timeout = std::chrono::milliseconds(100);
  auto store = must(open_store(folder.file(), impatient));
  auto other = must(open_store(folder.file()));
  must(other->begin_run(run_for_test("other")));
  must(other->begin_session(session_for_test("other", "o")));
  must(other->commit());
  {
    StoreOptions slow;
    slow.commit_interval = std::chrono::hours(1);
    auto holder = must(open_store(folder.file(), slow));
    must(holder->add(generation_for_test("o-c0")));  // its transaction stays open
    const auto refused = store->begin_run(run_for_test("mine"));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == ErrorCode::kLocked);
  }
  must(store->begin_run(run_for_test("mine")));
  CHECK(generations_in(folder.file(), "other") == 1);
}

TEST_CASE("a database that may not grow says that the disk is full, and keeps what was committed") {
  const TestFolder folder;
  StoreOptions small;
  small.max_bytes = 1 << 20;
  int acknowledged = 0;
  {
    auto store = must(open_store(folder.file(), small));
    must(store->begin_run(run_for_test()));
    const base::Error error = fill_until_refused(*store, acknowledged);
    CHECK(error.code == ErrorCode::kIo);
    CHECK(error.text().find("full") != std::string::npos);
    CHECK(error.text().find(folder.file()) != std::string::npos);
    CHECK_FALSE(store->commit().has_value());
  }
  CHECK(acknowledged > 0);
  CHECK(number_for_test(folder.file(), "select count(*) from v_cell where status = 'ok'") == acknowledged);
  CHECK(text_for_test(folder.file(), "pragma integrity_check") == "ok");
}

TEST_CASE("a system that refuses to write is an error, and keeps what was committed") {
  const TestFolder folder;
  int pipe_ends[2];
  REQUIRE(pipe(pipe_ends) == 0);
  const int status = in_child([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1 << 20, 1 << 20};
    auto store = open_store(folder.file());
    if (!store || !(*store)->begin_run(run_for_test()) || setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
    int acknowledged = 0;
    const base::Error error = fill_until_refused(**store, acknowledged);
    if (write(pipe_ends[1], &acknowledged, sizeof acknowledged) != sizeof acknowledged) return 2;
    if (error.code != ErrorCode::kIo) return 3;
    return (*store)->commit() ? 4 : 0;
  });
  CHECK(status == 0);
  int acknowledged = 0;
  REQUIRE(read(pipe_ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
  CHECK(acknowledged > 0);
  CHECK(number_for_test(folder.file(), "select count(*) from v_cell where status = 'ok'") >= acknowledged);
  CHECK(text_for_test(folder.file(), "pragma integrity_check") == "ok");
}

TEST_CASE("a folder that cannot be written: no new database, but what is there can be read") {
  const TestFolder folder;
  std::filesystem::create_directory(folder.file("closed"));
  const std::string path = folder.file("closed/test.db");
  {
    auto store = store_for_test(path, session_for_test());
    must(store->add(generation_for_test()));
  }
  std::filesystem::permissions(folder.file("closed"), std::filesystem::perms(0555));
  std::filesystem::permissions(std::filesystem::path(folder.file()).parent_path(),
                               std::filesystem::perms(0755));
  std::filesystem::permissions(path, std::filesystem::perms(0444));
  const int status = in_child([&] {
    // Permissions do not bind root.
    if (geteuid() == 0 && setuid(65534) != 0) return 1;
    const auto created = open_store(folder.file("closed/new.db"));
    if (created || created.error().code != ErrorCode::kIo) return 2;
    const auto written = open_store(path);
    if (written && (*written)->begin_run(run_for_test("x"))) return 3;
    auto reader = open_reader(path);
    if (!reader) return 4;
    const auto rows = reader->generations("s-1-c0");
    return rows && rows->size() == 1 ? 0 : 5;
  });
  CHECK(status == 0);
  std::filesystem::permissions(folder.file("closed"), std::filesystem::perms(0755));
}

}  // namespace slmrig::store
