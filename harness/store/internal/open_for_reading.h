// A connection that cannot write, to a database of slmrig's current schema.
#pragma once

#include <memory>
#include <string>

#include "harness/base/error.h"
#include "harness/store/internal/database.h"

namespace slmrig::store {

// kBadInput when there is no such file, or check_schema's errors. A database in a folder that cannot be
// written is read, too.
base::Result<std::unique_ptr<Database>> open_for_reading(const std::string& path);

}  // namespace slmrig::store
