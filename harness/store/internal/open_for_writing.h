// A connection that changes what a database keeps beside its runs: findings, releases, quarantines.
#pragma once

#include <memory>
#include <string>

#include "harness/base/error.h"
#include "harness/store/internal/database.h"

namespace slmrig::store {

// Brings the database up to the newest version; foreign keys are enforced. kBadInput when there is no such
// file: it is `slmrig run` that makes one.
base::Result<std::unique_ptr<Database>> open_for_writing(const std::string& path);

}  // namespace slmrig::store
