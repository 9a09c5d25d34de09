// Which agent a bench gets.
#pragma once

#include <filesystem>

#include "harness/base/error.h"
#include "harness/base/records/rig.h"

namespace slmrig::deploy {

struct Workshop;

// The agent that deploying to the bench would use: the bench's own, or the one that was built for its board.
// It need not be there. kBadInput: a program of this host that was not built.
base::Result<std::filesystem::path> agent_file_of(const base::Bench& bench, const Workshop& workshop);

}  // namespace slmrig::deploy
