// Looking after a database: what is in it, whether it is whole, and thinning what old runs need no more.
//
// Safe from any thread and process. Errors name the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::store {

struct DatabaseInfo {
  std::string path;
  int64_t schema_version = 0;
  uint64_t bytes = 0;
  uint64_t free_bytes = 0;  // inside the file: reused before it grows
  uint64_t runs = 0;
  uint64_t imported_runs = 0;
  uint64_t sessions = 0;
  uint64_t cells = 0;
  uint64_t generations = 0;
  uint64_t figures = 0;  // values of series
  uint64_t releases = 0;
  uint64_t findings = 0;
  uint64_t capture_files = 0;
  uint64_t capture_bytes = 0;
  std::optional<int64_t> first_run_ns;
  std::optional<int64_t> last_run_ns;
  std::vector<std::string> benches;
};

base::Result<DatabaseInfo> database_info(const std::string& path);

struct Trouble {
  std::string place;  // "table generation", "capture 1f...", "release watch-1.2"
  std::string text;
};

// Pages, foreign keys, and the hashes of captures and kept artifacts. Empty: all is well. Reads everything.
// kCorrupt where the file is too damaged to be looked into.
base::Result<std::vector<Trouble>> check_database(const std::string& path);

struct Upgraded {
  int64_t from_version = 0;
  int64_t to_version = 0;
};

// Brings the schema of a database that exists up to date, with all of its rows, or leaves it as it was.
// kBadInput: there is none, it is not slmrig's, or a newer slmrig made it.
base::Result<Upgraded> upgrade_database(const std::string& path);

struct ThinOptions {
  int64_t now_ns = 0;
  int64_t keep_days = 90;  // since the run began; those of younger runs stay
  bool compact = false;    // rewrites the file, so that the space goes back to the disk
};

struct Thinned {
  uint64_t generations = 0;  // whose traces were removed
  uint64_t kept_pinned = 0;  // old runs that a release names
};

// Removes the ticks and ids of single tokens of old runs. Answers, times to first token, decode times and all
// figures of series stay, and so do the traces of pinned runs.
base::Result<Thinned> thin_traces(const std::string& path, const ThinOptions& options);

}  // namespace slmrig::store
