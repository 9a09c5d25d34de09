// Writing all or nothing.
#pragma once

#include "harness/base/error.h"
#include "harness/store/internal/database.h"

namespace slmrig::store {

// All that `body` writes, or nothing. `body` returns a Done; its error is the one that is returned.
template <typename Body>
base::Done in_transaction(Database& database, const Body& body) {
  SLMRIG_TRY(database.execute("begin immediate"));
  base::Done done = body();
  if (done) done = database.execute("commit");
  // Where SQLite has rolled back by itself, there is nothing left to roll back.
  if (!done && database.in_transaction()) static_cast<void>(database.execute("rollback"));
  return done;
}

}  // namespace slmrig::store
