// Releases: runs that were pinned under a name, with the hashes of what was measured in them.
//
// Budgets compare with a pinned release, and a gate checks shipped files against what was measured. Copies of
// the files that were at hand when a release was pinned stay in the folder "<database>.artifacts" (named by
// SHA-256, zstd), so that a release can be measured again. Nothing that a release names is ever pruned.
//
// Safe from any thread and process. Errors: kBadInput (no such release or run, a name that is taken), kIo,
// kLocked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::store {

// What a run measured: an agent (hash of its file), an image (as the device computed it) or a base model.
struct ArtifactRow {
  std::string kind;    // "agent", "image", "model"
  std::string name;    // board of an agent, "model variant" of an image, model
  std::string sha256;  // hex
  std::optional<uint64_t> bytes;
  std::string file;  // in the folder of artifacts; empty: no copy is kept
};

struct ReleaseRow {
  std::string name;
  int64_t pinned_at_ns = 0;
  std::string note;
  std::vector<std::string> run_ids;  // by start
  std::vector<ArtifactRow> artifacts;
};

// Of all sessions of these runs that measured something, each once, by kind and name.
base::Result<std::vector<ArtifactRow>> measured_artifacts(const std::string& database,
                                                          const std::vector<std::string>& run_ids);

// By the time at which they were pinned.
base::Result<std::vector<ReleaseRow>> releases(const std::string& database);

// kBadInput where there is none of that name: suggests the nearest.
base::Result<ReleaseRow> find_release(const std::string& database, const std::string& name);

struct PinRequest {
  std::string name{};  // 1 to 100 characters, no blanks
  std::string note{};
  std::vector<std::string> run_ids{};  // whole ids of runs that have ended
  // Files that may be artifacts of these runs: those whose hash was measured are kept.
  std::vector<std::filesystem::path> files{};
  int64_t now_ns = 0;
};

// The release as it is now kept. kBadInput for a run that has not ended or measured nothing, and for a name
// that is taken by other runs; the same runs again only add files.
base::Result<ReleaseRow> pin_release(const std::string& database, const PinRequest& request);

// Its runs may be pruned again, and copies that no other release names are removed.
base::Done unpin_release(const std::string& database, const std::string& name);

std::filesystem::path artifact_folder(const std::string& database);

// The content of a kept copy; kCorrupt where it has not the hash that it is named by.
base::Result<std::string> read_artifact(const std::string& database, const ArtifactRow& artifact);

}  // namespace slmrig::store
