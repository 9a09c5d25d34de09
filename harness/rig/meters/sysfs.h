// Numbers that the kernel shows as files: one integer and a newline.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::rig {

// Errors: kLinkLost where the file is not there (any more), kBadInput without permission, kTimeout where the
// sensor has no figure now (ENODATA, EAGAIN, EBUSY), kCorrupt where it is no number, kIo otherwise.
base::Result<int64_t> read_integer(const std::filesystem::path& file);
base::Result<double> read_number(const std::filesystem::path& file);
// The first line; empty where there is none.
std::string read_line(const std::filesystem::path& file);
// Sorted by name, with numbers by size: hwmon2 before hwmon10. Empty where the folder is not there.
std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder);

}  // namespace slmrig::rig
