// A duty (workloads/duty/<name>.json, schema: workloads/duty/duty.schema.json): a day of a product and its
// battery.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "harness/analyse/battery_life.h"
#include "harness/base/error.h"

namespace slmrig::cli {

// `name` is a bundled duty, or the path of a file. kBadInput names file and key.
base::Result<analyse::Duty> load_duty(const std::string& name, const std::filesystem::path& root);

// `file` stands for the file in messages.
base::Result<analyse::Duty> parse_duty(std::string_view text, const std::string& file);

}  // namespace slmrig::cli
