// Suites as people write them (workloads/suites/suite.schema.json): one reader for the forge, which scores
// models on the host, and for the plan, which sends the same prompts to boards.
#pragma once

#include <string>

#include "harness/base/error.h"
#include "harness/base/records/plan.h"

namespace slmrig::base {

// Every error names the file and the key, what was found and what was expected. Safe from many threads.
Result<Suite> load_suite(const std::string& file);

}  // namespace slmrig::base
