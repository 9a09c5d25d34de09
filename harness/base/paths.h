// Where things are: the one place that decides it.
//
// The project root is the folder that holds boards/ and workloads/. It is, in this order: the --root option,
// the environment variable SLMRIG_ROOT, the nearest folder upward from the current one that holds both, or
// the source folder that the program was built from. Names of boards, rigs, models, suites and plans are
// looked up there. Results go below the current folder, whatever the root: the database to out/slmrig.db, the
// cache of provisioned variants to out/cache.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::base {

inline constexpr std::string_view kDefaultDatabase = "out/slmrig.db";
inline constexpr std::string_view kDefaultOutputDirectory = "out";
inline constexpr std::string_view kCacheDirectory = "cache";  // below the output directory

// `option` is the value of --root, empty when it was not given. Absolute. kBadInput when a folder that was
// named does not hold boards/ and workloads/.
Result<std::filesystem::path> find_project_root(const std::string& option = {});

// Another program of this project: beside the running one, else in <root>/build/bin. kBadInput names both
// places.
Result<std::filesystem::path> find_program(std::string_view name, const std::filesystem::path& root);

// The file of a program that the shell would find by this name; empty where it would find none.
std::filesystem::path program_in_path(std::string_view name);

// Built firmware: <root>/build/firmware/<board>/agent.elf (it need not exist).
std::filesystem::path firmware_file(const std::filesystem::path& root, std::string_view board);

// What a folder of bundled files knows by name: its .json files without their ending, sorted. Schemas
// (x.schema.json) stand beside them and are none. Empty where there is no such folder.
std::vector<std::string> bundled_names(const std::filesystem::path& folder);

}  // namespace slmrig::base
