// Reading the database: rows of runs, sessions, cells and generations.
//
// A Reader has its own read-only connection and sees what is committed, also while runs are being written by
// this or other processes. One thread at a time; open one for each thread. Errors: kBadInput (no such file,
// not slmrig's, unknown or ambiguous selector: says which there are), kUnsupported (another schema version),
// kIo, kCorrupt.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/store/history.h"
#include "harness/store/rows.h"

namespace slmrig::store {

class Database;

class Reader {
 public:
  ~Reader();
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;

  // All runs, newest first.
  base::Result<std::vector<RunRow>> runs();

  // "latest", a label (the newest run that has it), or the beginning of a run id.
  base::Result<RunRow> find_run(const std::string& selector);

  // The beginning of a cell id.
  base::Result<CellRow> find_cell(const std::string& selector);

  base::Result<std::vector<SessionRow>> sessions(const std::string& run_id);
  base::Result<SessionRow> session(const std::string& session_id);
  base::Result<std::vector<CellRow>> cells(const std::string& run_id);
  base::Result<std::vector<CellRow>> cells_of_session(const std::string& session_id);
  base::Result<std::vector<GenerationRow>> generations(const std::string& cell_id);
  base::Result<ProfileRows> profile(const std::string& cell_id);
  // Absent: no meter measured it. The file of a capture is empty once it was removed.
  base::Result<std::optional<base::Energy>> energy(const std::string& cell_id);
  base::Result<std::optional<base::Energy>> cold_start_energy(const std::string& session_id);
  base::Result<std::vector<ColdStartRow>> cold_starts(const std::string& session_id);
  base::Result<std::vector<MemoryRow>> memory(const std::string& session_id);
  base::Result<std::vector<RooflineRow>> roofline(const std::string& session_id);
  base::Result<base::Provenance> run_provenance(const std::string& run_id);
  base::Result<base::Provenance> session_provenance(const std::string& session_id);
  base::Result<std::vector<LogRow>> logs(const std::string& session_id);
  base::Result<std::vector<SeriesValue>> series_values(const std::string& session_id);

  // The figures of every night by series; history.h says what is in it.
  base::Result<History> history(const HistoryFilter& filter = {});

  // Everything but the logs.
  base::Result<SessionData> session_data(const std::string& session_id);
  base::Result<RunData> run_data(const std::string& run_id);

 private:
  friend base::Result<Reader> open_reader(const std::string& path);
  explicit Reader(std::unique_ptr<Database> database);
  std::unique_ptr<Database> database_;
};

base::Result<Reader> open_reader(const std::string& path);

}  // namespace slmrig::store
