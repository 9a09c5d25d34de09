// Running slmforge as a child process, and the cache of what it made.
//
// Cached files are named by the hash of everything they were made from, slmforge itself included, and appear
// under their name complete or not at all. Two makers of the same thing in one process wait for each other;
// two processes may both make it, and the second rename changes nothing.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/base/error.h"

namespace slmrig::deploy {

// Its stdout as JSON. What it refuses (exit status 2) is kBadInput, a recipe that cannot apply to the model
// (exit status 3, {"error": {"kind": "not_applicable", "message": ...}} on stdout) kUnsupported, any other
// failure kIo, all in its own words. Ends early with kTimeout, and the child with it, when `stop` (may be
// empty) says so.
base::Result<nlohmann::json> run_forge(const std::filesystem::path& slmforge,
                                       const std::vector<std::string>& arguments, int64_t timeout_ms,
                                       const std::function<bool()>& stop);

// The number at a JSON pointer of what slmforge printed, or kCorrupt.
base::Result<uint64_t> forge_number(const nlohmann::json& json, const char* pointer);

// SHA-256 of a file, remembered for as long as its size and time of change stay the same. Safe from many
// threads.
base::Result<std::string> remembered_sha256(const std::filesystem::path& file);

// Runs `make` unless `entry` exists; only one of the threads that ask for the same entry does.
base::Done make_once(const std::filesystem::path& entry, const std::function<base::Done()>& make);

}  // namespace slmrig::deploy
