// Plans and suites as people write them (workloads/plans/plan.schema.json,
// workloads/suites/suite.schema.json) become the structs of base/records/plan.h.
//
// Reads files, nothing else. Every error names the file and the key, what was found and what was expected; an
// unknown name comes with the nearest known one. Safe from many threads.
#pragma once

#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "harness/base/records/plan.h"
#include "harness/base/suite_reader.h"

namespace slmrig::plan {

// `file` is a path, or the bare name of a bundled plan: "demo" is <root>/workloads/plans/demo.json.
// In the plan, models and suites are bundled names (<root>/workloads/models/<n>/<n>.gguf,
// <root>/workloads/suites/<n>.json) or paths relative to the plan's folder or to the current directory.
// Models must exist but are not read; suites are.
base::Result<base::Plan> load_plan(const std::string& file, const std::string& root);

// The same from text: `text` is stored as Plan::text, `file` gives the folder for relative paths and the name
// in errors. Lets a run be resumed from the plan that is stored with it.
base::Result<base::Plan> parse_plan(std::string_view text, const std::string& file, const std::string& root);

// The GGUF that `name` stands for, as in a plan: a bundled model, or a path from the current folder.
base::Result<std::string> find_model_file(const std::string& name, const std::string& root);

using base::load_suite;

}  // namespace slmrig::plan
