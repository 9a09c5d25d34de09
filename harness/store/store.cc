// Store: locks, transactions and durability around RecordWriter.
#include "harness/store/store.h"

#include <fmt/format.h>

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "harness/store/internal/database.h"
#include "harness/store/internal/record_writer.h"
#include "harness/store/internal/schema.h"

namespace slmrig::store {

using base::Done;
using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

using SteadyClock = std::chrono::steady_clock;

enum class Commit { kSoon, kNow };

class SqliteStore final : public Store {
 public:
  SqliteStore(std::unique_ptr<Database> database, const StoreOptions& options)
      : database_(std::move(database)), writer_(*database_), options_(options) {
    committer_ = std::jthread([this](std::stop_token stop) { commit_when_due(stop); });
  }

  ~SqliteStore() override {
    committer_.request_stop();
    committer_.join();
    // Nobody is left to tell; who must know has called commit() or end_run.
    static_cast<void>(commit());
  }

  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;

  Done begin_run(const base::RunStart& run) override {
    return write(Commit::kNow, [&] { return writer_.begin_run(run); });
  }
  Done resume_run(const std::string& run_id) override {
    return write(Commit::kNow, [&] { return writer_.resume_run(run_id); });
  }
  Done begin_session(const base::SessionStart& session) override {
    return write(Commit::kNow, [&] { return writer_.begin_session(session); });
  }
  Done add(const base::ColdStart& cold_start) override {
    return write(Commit::kSoon, [&] { return writer_.add(cold_start); });
  }
  Done add(const base::MemoryClass& memory) override {
    return write(Commit::kSoon, [&] { return writer_.add(memory); });
  }
  Done add(const base::Generation& generation) override {
    return write(Commit::kSoon, [&] { return writer_.add(generation); });
  }
  Done add(const base::SessionLog& log) override {
    return write(Commit::kSoon, [&] { return writer_.add(log); });
  }
  Done add(const base::SessionFacts& facts) override {
    return write(Commit::kSoon, [&] { return writer_.add(facts); });
  }
  Done add(const base::Profile& profile) override {
    return write(Commit::kNow, [&] { return writer_.add(profile); });
  }
  Done add(const base::Roofline& roofline) override {
    return write(Commit::kNow, [&] { return writer_.add(roofline); });
  }
  Done add(const base::Energy& energy) override {
    return write(Commit::kNow, [&] { return writer_.add(energy); });
  }
  Done end_cell(const base::CellEnd& cell) override {
    return write(Commit::kNow, [&] { return writer_.end_cell(cell); });
  }
  Done end_session(const std::string& session_id, int64_t ended_at_ns) override {
    return write(Commit::kNow, [&] { return writer_.end_session(session_id, ended_at_ns); });
  }
  Done end_run(const base::RunEnd& run) override {
    return write(Commit::kNow, [&] { return writer_.end_run(run); });
  }
  Done put_series_values(const std::string& session_id, const std::vector<SeriesValue>& values) override {
    return write(Commit::kNow, [&] { return writer_.put_series_values(session_id, values); });
  }
  Done add_series_values(const std::string& session_id, const std::vector<SeriesValue>& values) override {
    return write(Commit::kNow, [&] { return writer_.add_series_values(session_id, values); });
  }
  Done commit() override {
    const std::scoped_lock lock(mutex_);
    if (broken_) return tl::unexpected<Error>(*broken_);
    return commit_locked();
  }

  const std::string& path() const override { return database_->path(); }

 private:
  template <typename Body>
  Done write(Commit when, const Body& body) {
    const std::scoped_lock lock(mutex_);
    if (broken_) return tl::unexpected<Error>(*broken_);
    SLMRIG_TRY(begin_locked());
    // Records that are several rows are written whole or not at all; one that is added is a single statement
    // (a prompt that stays behind harms nobody), and a savepoint would double its time.
    const bool many_rows = when == Commit::kNow;
    if (many_rows) SLMRIG_TRY(database_->execute("savepoint record"));
    if (Done done = body(); !done) return undo_locked(done.error(), many_rows);
    if (many_rows) SLMRIG_TRY(database_->execute("release record"));
    return when == Commit::kNow ? commit_locked() : Done{};
  }

  Done begin_locked() {
    if (database_->in_transaction()) return {};
    // Immediate: waiting for another process happens here, where nothing can be lost.
    SLMRIG_TRY(database_->execute("begin immediate"));
    due_ = SteadyClock::now() + options_.commit_interval;
    wake_.notify_one();
    return {};
  }

  // SQLite may have rolled back the whole transaction by itself (disk full): then records that were accepted
  // before are gone, and going on would make a run with a hole in it.
  Done undo_locked(const Error& error, bool to_savepoint) {
    writer_.forget_keys();
    if (!database_->in_transaction()) {
      broken_ = error;
    } else if (to_savepoint) {
      SLMRIG_TRY(database_->execute("rollback to record; release record"));
    }
    return tl::unexpected<Error>(error);
  }

  Done commit_locked() {
    if (!database_->in_transaction()) return {};
    Done done = database_->execute("commit");
    if (done) return done;
    if (database_->in_transaction()) static_cast<void>(database_->execute("rollback"));
    broken_ = done.error();
    return done;
  }

  void commit_when_due(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      if (!wake_.wait(lock, stop, [this] { return database_->in_transaction(); })) return;
      // A commit by the way moves `due_`, or ends the transaction.
      if (wake_.wait_until(lock, stop, due_, [this] { return !database_->in_transaction(); })) continue;
      if (SteadyClock::now() < due_) continue;
      static_cast<void>(commit_locked());  // a failure is kept in broken_ and told to the next writer
    }
  }

  std::mutex mutex_;
  std::unique_ptr<Database> database_;
  RecordWriter writer_;
  StoreOptions options_;
  std::optional<Error> broken_;
  SteadyClock::time_point due_;
  std::condition_variable_any wake_;
  std::jthread committer_;
};

// Changing to WAL takes the file for itself for a moment, and SQLite does not wait for that.
Done use_write_ahead_log(Database& database, std::chrono::milliseconds patience) {
  const auto give_up_at = SteadyClock::now() + patience;
  for (;;) {
    Done done = database.execute("pragma journal_mode = wal");
    if (done || done.error().code != ErrorCode::kLocked || SteadyClock::now() > give_up_at) return done;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

Done make_folder_of(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) return {};
  return base::fail(ErrorCode::kIo,
                    fmt::format("cannot make the folder {}: {}", folder.string(), error.message()),
                    fmt::format("database {}", path));
}

}  // namespace

Result<std::unique_ptr<Store>> open_store(const std::string& path, const StoreOptions& options) {
  SLMRIG_TRY(make_folder_of(path));
  SLMRIG_ASSIGN(std::unique_ptr<Database> database,
                Database::open(path, OpenMode::kReadWriteCreate, options.busy_timeout));
  SLMRIG_TRY(database->execute("pragma foreign_keys = on"));
  // Before anything is changed: a file that is newer or not ours stays as it is.
  SLMRIG_TRY(migrate(*database));
  SLMRIG_TRY(use_write_ahead_log(*database, options.busy_timeout));
  SLMRIG_TRY(database->execute("pragma synchronous = full"));
  if (options.max_bytes > 0) {
    SLMRIG_ASSIGN(const int64_t page_bytes, database->pragma_int64("page_size"));
    const uint64_t pages = options.max_bytes / static_cast<uint64_t>(page_bytes);
    SLMRIG_TRY(database->execute(fmt::format("pragma max_page_count = {}", pages)));
  }
  return std::make_unique<SqliteStore>(std::move(database), options);
}

}  // namespace slmrig::store
