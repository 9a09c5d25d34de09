// The database of measurements, as the stages write it: a RecordSink over one SQLite file.
//
// Tables, public views and promises: harness/store/README.md. Reading: queries.h (rows) and sql_query.h
// (SQL).
//
// Durability: records are written in short transactions. What was added is committed at the latest after
// StoreOptions::commit_interval, and before end_cell, end_session, end_run, begin_*, put_series_values and
// commit return: a cell whose end_cell succeeded survives a killed process and a power cut. Several processes
// may use one database; none holds its write lock for longer than the interval.
//
// Threads: every function may be called from any thread. Errors: kIo (disk full, permission: says which
// file), kBadInput (not a database, not slmrig's, an id that is not known), kUnsupported (written by a newer
// version; the file is left untouched), kLocked (another process held the write lock too long), kCorrupt.
// After a failed commit every later write fails with the same error.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/records/run_record.h"
#include "harness/store/rows.h"

namespace slmrig::store {

struct StoreOptions {
  std::chrono::milliseconds commit_interval{250};
  std::chrono::milliseconds busy_timeout{10'000};  // how long to wait for another process's transaction
  uint64_t max_bytes = 0;  // refuse to let the file grow beyond this; 0: the disk decides
};

class Store : public base::RecordSink {
 public:
  // begin_session is called for every session of the plan that is reached, also one that is unfit or whose
  // deployment failed (its cells then end with that status). Cells are rows from here on; one without
  // end_cell reads as interrupted.
  //
  // Trying again: begin_session with a session_id that is there already. The cells that it lists start anew
  // (their generations go); cells that it does not list stay. Cold starts, memory and provenance stay until
  // the new attempt brings its own. The reason of the attempt before is kept (SessionRow::retry_reasons), and
  // so are its logs.
  //
  // (declared in RecordSink)

  // Goes on with a run that was interrupted: it is open again until the next end_run. kBadInput when there is
  // no such run.
  virtual base::Done resume_run(const std::string& run_id) = 0;

  // Sets the series values of a session and its cells (analyse::series_values); replaces earlier ones.
  virtual base::Done put_series_values(const std::string& session_id,
                                       const std::vector<SeriesValue>& values) = 0;

  // As that, for some more figures: replaces those of the same cell and metric alone.
  virtual base::Done add_series_values(const std::string& session_id,
                                       const std::vector<SeriesValue>& values) = 0;

  // Commits what was added so far.
  virtual base::Done commit() = 0;

  virtual const std::string& path() const = 0;
};

// Opens or creates the database (and its folder), and brings an older schema up to date.
base::Result<std::unique_ptr<Store>> open_store(const std::string& path, const StoreOptions& options = {});

}  // namespace slmrig::store
