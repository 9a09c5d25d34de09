// Benches that people took out of service, and why: nothing is measured on them until they are released.
//
// Kept in the database that runs are written to, by the bench's name in the rig file. Each function opens the
// database by itself; safe from any thread and process. Errors as in store.h and queries.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/store/rows.h"

namespace slmrig::store {

// Those that are out of service now, by bench. A database without any, or that is not there yet, gives an
// empty list.
base::Result<std::vector<QuarantineRow>> quarantined_benches(const std::string& database);

struct BenchDecision {
  std::string bench;
  std::string who;
  std::string reason;
  int64_t at_ns = 0;
};

// kBadInput when it is out of service already; says since when and why.
base::Done quarantine_bench(const std::string& database, const BenchDecision& decision);

// kBadInput when it is not in quarantine; suggests the nearest that is.
base::Done release_bench(const std::string& database, const BenchDecision& decision);

}  // namespace slmrig::store
