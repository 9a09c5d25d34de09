// Who may include whom: the rooms of the tree and the arrows between them, as one table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/tidy/source_file.h"

namespace slmrig::tidy {

// An entry of `may_include` is a folder (ends in '/') or one header of another room.
struct Room {
  std::string_view folder;
  std::vector<std::string_view> may_include;
};

const std::vector<Room>& rooms();

// Wrong arrows of one file. Arrows are not transitive: what a room includes it must be allowed to itself.
// Test code (source_file.h) may include any room; nothing else may include test code.
std::vector<Violation> check_arrows(const SourceFile& file);

}  // namespace slmrig::tidy
