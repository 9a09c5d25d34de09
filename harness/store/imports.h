// Figures that other programs measured, taken into the database: Google Benchmark's JSON, llama-bench's JSON
// and SQL (`-o sql`). They become a run that is marked as imported (v_run.imported_from, facts import.*),
// with a cell for each benchmark, and so stand in history beside what slmrig measured, as series of their
// own.
//
// The files are untrusted: SQL runs in a database of its own in memory, where an authorizer allows the one
// table of llama-bench and nothing else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/records/tier.h"
#include "harness/store/store.h"

namespace slmrig::store {

struct ImportRequest {
  std::string file{};  // for messages and provenance
  std::string bench = "imported";
  std::string board{};    // empty: as the bench
  std::string engine{};   // empty: the program's name, such as "llama.cpp"
  std::string model{};    // empty: what the file says, else "unknown"
  std::string variant{};  // likewise
  base::Tier tier = base::Tier::kHardware;
  base::BuildIdentity build{};
  std::string label{};
  int64_t now_ns = 0;  // for files that do not say when
};

struct ImportReport {
  std::string run_id;
  std::string format;  // "google-benchmark", "llama-bench"
  uint64_t figures = 0;
  std::vector<std::string> notices;  // what was left out, and why
};

// `text` is the content of the file. kBadInput where it is of no known format, holds no figure, or was
// imported before with the same names.
base::Result<ImportReport> import_figures(Store& store, std::string_view text, const ImportRequest& request);

}  // namespace slmrig::store
