// Reading boards/<name>/board.json and rig files (schemas: boards/board.schema.json,
// boards/rigs/rig.schema.json). Pure but for reading the files. Errors are kBadInput with file and JSON path.
#pragma once

#include <filesystem>
#include <string>

#include "harness/base/error.h"
#include "harness/base/records/rig.h"

namespace slmrig::rig {

base::Result<base::Board> load_board(const std::filesystem::path& file);

// <root>/boards/<name>/board.json; an unknown name is refused with the nearest.
base::Result<base::Board> find_board(const std::string& name, const std::filesystem::path& root);

// `name_or_file`: the name of a rig under <root>/boards/rigs, or a path. Boards are found by name under
// <root>/boards; an unknown one is refused with the nearest. Relative agent paths are relative to the rig
// file.
base::Result<base::Rig> load_rig(const std::string& name_or_file, const std::filesystem::path& root);

}  // namespace slmrig::rig
